import { sizeOf } from '../btf/layout.js'
import type { CType, FunctionPrototype } from '../btf/types.js'
import { CryoscopeError } from '../errors.js'
import { Problems } from '../problems.js'
import { argumentsOf, bytesOf, prototypeNamed, wordOf } from '../session/arguments.js'
import { codePlaces } from '../session/places.js'
import type { Session } from '../session/session.js'
import type { RawCall, RawReturn } from '../time/engine/event.js'
import { mostFunctions } from '../time/engine/layout.js'
import type { Moment } from '../time/engine/run.js'
import { type Json, jsonOf } from '../value/render/json.js'
import type { AnyMembers, AnyValue } from '../value/types.js'
import { valueOfBytes } from '../value/value.js'
import { boundsOf, momentOf, replay, type Span } from './ask.js'
import { type Actor, actorOf, eventJson, whereOf } from './event.js'
import { contextPrototype } from './program-arguments.js'
import { recordOf } from './watching.js'
import type { Answer } from './writes.js'

/** A call of a function. */
export interface CallEvent extends Actor {
  /** `vm.goTo(event)` stands at the function's first instruction. */
  readonly time: Moment
  readonly address: bigint
  /** Where it was called from; undefined in code without a symbol. */
  readonly caller: string | undefined
  /** By the function's own types where they are known, else the six argument registers. */
  readonly args: AnyMembers
  /** What it returned; undefined for void, and where it did not return in the part that was asked about. */
  readonly result: AnyValue
  /** From entry to return, in instructions of all vCPUs and in ns of the guest's clock. */
  readonly duration: Moment | undefined
  go(): Promise<unknown>
  toJSON(): Json
}

/** Every call of a function in a part of the record, oldest first: of the kernel, of a module, or a BPF program. */
export async function calls(
  vm: Session,
  where: string | bigint,
  span: Span = {},
): Promise<Answer<CallEvent>> {
  const functions = functionsOf(vm, where)
  const prototypes = new Map<bigint, FunctionPrototype | undefined>()
  const contexts: bigint[] = []
  for (const address of functions) {
    const attached = contextPrototype(vm, address)
    if (attached !== undefined) contexts.push(address)
    prototypes.set(address, attached ?? prototypeAt(vm, address))
  }
  const bounds = await boundsOf(vm, span)
  const open = new Map<string, Draft>()
  const drafts: Draft[] = []
  const problems = new Problems()
  const { events } = await replay(vm, { functions, returns: true, contexts }, bounds, span)
  for (const event of events) {
    if (event.kind === 'call') {
      const draft = { call: event, back: undefined }
      drafts.push(draft)
      open.set(keyOf(event.rsp, event.time), draft)
    } else if (event.kind === 'return') {
      const draft = open.get(keyOf(event.rsp, event.called))
      open.delete(keyOf(event.rsp, event.called))
      if (draft !== undefined) draft.back = event
    }
  }
  return {
    events: drafts.map((draft) => finish(vm, draft, prototypes.get(draft.call.pc))),
    ...bounds,
    problems,
  }
}

/** Functions of a name, or a BPF program by the name that its author gave it. */
export function functionsOf(vm: Session, where: string | bigint): readonly bigint[] {
  if (typeof where === 'string' && /^\w+$/.test(where) && vm.kernel.findSymbol(where) === undefined) {
    const programs = vm.kernel.symbolizer
      .dynamic()
      .filter(({ name, group }) => group === 'bpf' && name.replace(/^bpf_prog_[0-9a-f]{16}_/, '') === where)
    if (programs.length > 0) return programs.map(({ address }) => address)
  }
  const found = codePlaces(vm, where)
  if (found.length <= mostFunctions) return found
  throw new CryoscopeError(
    'usage',
    `${found.length} functions have that name, and at most ${mostFunctions} are followed: give an address`,
  )
}

interface Draft {
  readonly call: RawCall
  back: RawReturn | undefined
}

function keyOf(rsp: bigint, time: number): string {
  return `${rsp} ${time}`
}

/** The types of a function of the kernel, by its BTF. */
function prototypeAt(vm: Session, address: bigint): FunctionPrototype | undefined {
  const symbol = vm.kernel.symbolAt(address)
  if (symbol === undefined) {
    throw new CryoscopeError('not-found', `no function is known at 0x${address.toString(16)}`)
  }
  if (symbol.address !== address) {
    throw new CryoscopeError(
      'usage',
      `0x${address.toString(16)} lies within ${symbol.name}: name the function, whose calls begin at its first instruction`,
    )
  }
  return prototypeNamed(vm.kernel, symbol.name)
}

function finish(vm: Session, { call, back }: Draft, prototype: FunctionPrototype | undefined): CallEvent {
  const { valueContext: context } = vm
  const time = momentOf(call)
  const typed = argumentsOf(call.registers, prototype)
  const args = Object.fromEntries(
    typed.map(({ name, type, bytes }) => [
      name,
      type === undefined ? wordOf(bytes) : valueOfBytes(context, type, bytes),
    ]),
  )
  const resultType = prototype === undefined ? undefined : prototype.result
  const hasResult = back !== undefined && (resultType === undefined || (sizeOf(resultType) ?? 0) > 0)
  const bytes = back === undefined ? new Uint8Array(8) : bytesOf(back.value)
  const fits = resultType !== undefined && (sizeOf(resultType) ?? 9) <= 8
  const result = !hasResult ? undefined : fits ? valueOfBytes(context, resultType, bytes) : back?.value
  const end = back === undefined ? undefined : momentOf(back)
  const duration =
    end === undefined
      ? undefined
      : { instructions: end.instructions - time.instructions, ns: end.ns - time.ns }
  const caller = call.returnsTo === 0n ? undefined : whereOf(vm, call.returnsTo).where
  const shared = { time, ...actorOf(call), caller }
  const plain = (type: CType | undefined, raw: Uint8Array): Json =>
    type === undefined ? `0x${wordOf(raw).toString(16)}` : jsonOf(context, type, raw)
  return {
    ...shared,
    address: call.pc,
    args,
    result,
    duration,
    go: async () => await recordOf(vm).goTo({ instructions: time.instructions }),
    toJSON: () => ({
      ...eventJson({ ...shared, where: vm.kernel.symbolize(call.pc) }, call.pc),
      caller: caller ?? null,
      args: Object.fromEntries(typed.map(({ name, type, bytes: raw }) => [name, plain(type, raw)])),
      result: hasResult ? plain(fits ? resultType : undefined, bytes) : null,
      duration: duration === undefined ? null : { ...duration },
    }),
  }
}
