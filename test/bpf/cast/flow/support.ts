import type { Code, CodeFunction, DataSection, Reference } from '../../../../src/bpf/cast/code/code.js'
import { buildControlFlow, type ControlFlow } from '../../../../src/bpf/cast/code/control-flow.js'
import { decode, type Instructions } from '../../../../src/bpf/cast/code/instructions.js'
import { LivenessFinder } from '../../../../src/bpf/cast/code/liveness.js'
import { Functions } from '../../../../src/bpf/cast/flow/functions.js'
import { Knowledge } from '../../../../src/bpf/cast/flow/knowledge.js'
import type { Observer } from '../../../../src/bpf/cast/flow/observer.js'
import type { Place, Slot } from '../../../../src/bpf/cast/flow/places.js'
import { Space, type Value, ValueKind } from '../../../../src/bpf/cast/flow/values.js'
import { encodeInstruction, type Instruction } from '../../../../src/bpf/programs/instruction.js'
import { Btf } from '../../../../src/btf/btf.js'
import type { CoreRelocation } from '../../../../src/btf/ext.js'
import { typeName } from '../../../../src/btf/type-name.js'
import { BtfBuilder } from '../../../btf/builder.js'
import { instruction } from '../../../support/program-objects.js'
import { integers } from '../../../value/types.js'

/** Instructions by their letters: `d` is the register that changes, `s` the other, `n` a number. */
export const op = {
  move: (d: number, s: number) => instruction(0xbf, { destination: d, source: s }),
  moveLow: (d: number, s: number, offset = 0) => instruction(0xbc, { destination: d, source: s, offset }),
  cast: (d: number, s: number, immediate = 1) =>
    instruction(0xbf, { destination: d, source: s, offset: 1, immediate }),
  set: (d: number, n: number) => instruction(0xb7, { destination: d, immediate: n }),
  add: (d: number, s: number) => instruction(0x0f, { destination: d, source: s }),
  addNumber: (d: number, n: number) => instruction(0x07, { destination: d, immediate: n }),
  load: (d: number, s: number, offset = 0, code = 0x79) =>
    instruction(code, { destination: d, source: s, offset }),
  store: (d: number, offset: number, s: number, code = 0x7b) =>
    instruction(code, { destination: d, source: s, offset }),
  storeNumber: (d: number, offset: number, n: number, code = 0x7a) =>
    instruction(code, { destination: d, offset, immediate: n }),
  atomic: (d: number, offset: number, s: number, what: number, code = 0xdb) =>
    instruction(code, { destination: d, source: s, offset, immediate: what }),
  /** The first half; the second is `half`. */
  loadImmediate: (d: number, n = 0, source = 0) =>
    instruction(0x18, { destination: d, source, immediate: n }),
  half: (n = 0) => instruction(0, { immediate: n }),
  helper: (n: number) => instruction(0x85, { immediate: n }),
  callFunction: () => instruction(0x85, { source: 1 }),
  callKernel: () => instruction(0x85, { source: 2 }),
  jumpIf: (d: number, n: number, offset: number, code = 0x15) =>
    instruction(code, { destination: d, immediate: n, offset }),
  jumpIfSame: (d: number, s: number, offset: number) =>
    instruction(0x1d, { destination: d, source: s, offset }),
  jump: (offset: number) => instruction(0x05, { offset }),
  exit: () => instruction(0x95),
}

/**
 * Types that have one of everything:
 *
 *     struct task_struct { int pid; long start; }            16 bytes
 *     struct inner { u64 first, second; }                    16
 *     struct value {
 *       u64 flags; struct value *next; u32 small; u16 half;  0, 8, 16, 20
 *       struct inner inner; u64 words[4];                    24, 40
 *       void *any; struct task_struct __user *user;          72, 80
 *       struct task_struct *task; u64 bits : 3; u64 tail;    88, 96, 104
 *     }                                                      112
 *     struct header { u64 kind; u64 rest[]; }                8
 *     struct list { struct inner items[3]; u64 other[2]; u64 more[2]; }
 *     union either { u64 number; struct inner *pointer; struct { struct task_struct *a, *b; } }
 *     union both { struct inner *one; struct inner *two; }
 */
export function makeTypes() {
  const b = new BtfBuilder()
  const ints = integers(b)
  const { u16, u32, u64, s32, s64, u8 } = ints
  const task = b.struct('task_struct', [
    { name: 'pid', type: s32 },
    { name: 'start', type: s64 },
  ])
  const inner = b.struct('inner', [
    { name: 'first', type: u64 },
    { name: 'second', type: u64 },
  ])
  const pointers = {
    task: b.pointer(task),
    inner: b.pointer(inner),
    void: b.pointer(0),
    user: b.pointer(b.typeTag('user', task)),
    text: b.pointer(u8),
    word: b.pointer(u64),
    constantInner: b.pointer(b.const(inner)),
    constantVoid: b.pointer(b.const(0)),
  }
  const words = b.array(u64, 4)
  const value = b.struct('value', (self) => [
    { name: 'flags', type: u64, bitOffset: 0 },
    { name: 'next', type: b.pointer(self), bitOffset: 64 },
    { name: 'small', type: u32, bitOffset: 128 },
    { name: 'half', type: u16, bitOffset: 160 },
    { name: 'inner', type: inner, bitOffset: 192 },
    { name: 'words', type: words, bitOffset: 320 },
    { name: 'any', type: pointers.void, bitOffset: 576 },
    { name: 'user', type: pointers.user, bitOffset: 640 },
    { name: 'task', type: pointers.task, bitOffset: 704 },
    { name: 'bits', type: u64, bitOffset: 768, bitSize: 3 },
    { name: 'tail', type: u64, bitOffset: 832 },
  ])
  const header = b.struct('header', [
    { name: 'kind', type: u64 },
    { name: 'rest', type: b.array(u64, 0) },
  ])
  const list = b.struct('list', [
    { name: 'items', type: b.array(inner, 3) },
    { name: 'other', type: b.array(u64, 2) },
    { name: 'more', type: b.array(u64, 2) },
  ])
  const pair = b.struct('pair', [
    { name: 'a', type: pointers.task },
    { name: 'b', type: pointers.task },
  ])
  const either = b.union('either', [
    { name: 'number', type: u64 },
    { name: 'pointer', type: pointers.inner },
    { name: 'pair', type: pair },
  ])
  const both = b.union('both', [
    { name: 'one', type: pointers.inner },
    { name: 'two', type: b.pointer(inner) },
  ])
  const forward = b.forward('opaque')
  const pointer = { ...pointers, value: b.pointer(value), list: b.pointer(list), forward: b.pointer(forward) }
  const structs = { task, inner, value, header, list, pair, either, both }
  return { b, ints, pointer, words, forward, ...structs }
}

export type Types = ReturnType<typeof makeTypes>

/** Declares a global function by the types of its result and its parameters. */
export function declarerIn({ b }: Types) {
  return (result: number, ...parameters: number[]): number => {
    const prototype = b.prototype(
      result,
      parameters.map((type) => ({ name: 'p', type })),
    )
    return b.function('f', prototype, 'global')
  }
}

/** The code of an object: one entry function that is all of the instructions, unless told otherwise. */
export function codeOf(
  types: Types,
  instructions: readonly Instruction[],
  more: Partial<Omit<Code, 'functions'>> & { readonly functions?: readonly Partial<CodeFunction>[] } = {},
): Code {
  const { functions = [{}], ...rest } = more
  return {
    name: 'code',
    btf: Btf.parse(types.b.build()),
    instructions: Buffer.concat(instructions.map(encodeInstruction)),
    littleEndian: true,
    references: new Map(),
    core: new Map(),
    data: [],
    sections: [{ name: 'code', start: 0, lines: undefined }],
    problems: [],
    incomplete: undefined,
    ...rest,
    functions: functions.map((one, n) => ({
      name: `f${n}`,
      start: 0,
      end: functions[n + 1]?.start ?? instructions.length,
      typeId: undefined,
      binding: 'entry',
      isCallback: false,
      contextTypes: undefined,
      ...one,
    })),
  }
}

export function dataSection(
  typeId: number,
  name: string,
  variables: readonly (readonly [name: string, typeId: number, offset: number, size: number])[],
  more: Partial<DataSection> = {},
): DataSection {
  return {
    typeId,
    name,
    variables: variables.map(([name, typeId, offset, size]) => ({ name, typeId, offset, size })),
    initial: new Uint8Array(),
    isArena: false,
    ...more,
  }
}

/** What is known where there are no instructions to speak of. */
export function knowledgeOf(types: Types, more: Parameters<typeof codeOf>[2] = {}): Knowledge {
  return Knowledge.of(codeOf(types, [op.exit()], more))
}

export function flowsOf(code: Code): { instructions: Instructions; flows: ControlFlow[] } {
  const instructions = decode(code.instructions, code.littleEndian)
  const flows = code.functions.map(({ start, end }) => {
    const flow = buildControlFlow(instructions, start, end)
    if (typeof flow === 'string') throw new Error(flow)
    return flow
  })
  return { instructions, flows }
}

/** Runs the code until nothing changes, and tells what an observer hears then. */
export function observe(code: Code, mostSteps = 10_000): Recorder {
  const knowledge = Knowledge.of(code)
  const { instructions, flows } = flowsOf(code)
  const liveness = new LivenessFinder(instructions, code.functions, flows, code.references, knowledge.types)
  const stackWords = code.functions.map(() => 64)
  const functions = new Functions(instructions, knowledge, flows, liveness, { stackWords, mostSteps })
  functions.run()
  const recorder = new Recorder(knowledge)
  functions.observe(recorder)
  return recorder
}

const spaceNames = Object.fromEntries(Object.entries(Space).map(([name, space]) => [space, name]))

/** A value as text: `[value+8]` is what that slot holds, `value+8` is the address of it. */
export function textOf(knowledge: Knowledge, value: Value): string {
  const { values, code } = knowledge
  const nameOf = (type: number): string =>
    code.data.find(({ typeId }) => typeId === type)?.name ?? code.btf.type(type).name
  const ref = values.ref(value)
  const [offset, stride] = [values.offset(value), values.stride(value)]
  const cast = values.isCast(value) ? '^' : ''
  const away = `${offset === 0 ? '' : offset < 0 ? offset : `+${offset}`}${stride === 0 ? '' : `~${stride}`}${cast}`
  switch (values.kind(value)) {
    case ValueKind.top:
      return '?'
    case ValueKind.constant:
      return `${offset}${cast}`
    case ValueKind.scalar:
      return stride === 1 ? 'number' : `n*${stride}`
    case ValueKind.origin: {
      const { kind, at, parameter, general } = knowledge.origins[ref] as Knowledge['origins'][number]
      const what = kind === 'parameter' ? `parameter ${parameter}` : `${kind}@${at}`
      const known = textOf(knowledge, general)
      return `${what}${known === '?' ? '' : `(${known})`}${away}`
    }
    case ValueKind.slot:
      return `${slotText(knowledge, knowledge.places.slots[ref] as Slot)}${away}`
    case ValueKind.typed: {
      const space = spaceNames[values.space(value)]
      if (values.isCallersStack(value)) return `caller's stack${away}`
      if (values.isApart(value)) return `apart${away}`
      return `${ref === 0 ? 'memory' : nameOf(ref)}${away}${space === 'unknown' ? '' : ` ${space}`}`
    }
    case ValueKind.section:
      return `${nameOf(knowledge.rootOf(value))}${away}${knowledge.variableOf(value) === undefined ? ' (any)' : ''}`
    case ValueKind.frame:
      return `frame${away}`
    case ValueKind.map:
      return `map ${ref}`
    case ValueKind.function:
      return `function ${ref}`
    case ValueKind.context:
      return `context ${ref}${away}`
    case ValueKind.core:
      return `core ${offset}@${ref}`
    case ValueKind.low:
      return `low ${textOf(knowledge, ref)}`
    default:
      return `{${values
        .members(value)
        .map((member) => textOf(knowledge, member))
        .toSorted()
        .join(' | ')}}`
  }
}

/** `[value+8]`; of a whole array `[value+40 x4]`. */
export function slotText(knowledge: Knowledge, { container, offset, array }: Slot): string {
  const section = knowledge.code.data.find(({ typeId }) => typeId === container)
  const name =
    section?.name ?? (knowledge.code.btf.type(container).name || typeName(knowledge.code.btf.type(container)))
  return `[${name}+${offset}${array?.isWhole ? ` x${array.count}` : ''}]`
}

export function placeText(knowledge: Knowledge, place: Place): string {
  if (place.kind === 'slot') return slotText(knowledge, place.slot)
  if (place.kind === 'part') return `part of ${slotText(knowledge, place.slot)}`
  return place.kind === 'untyped' ? `untyped ${place.offset}` : place.kind
}

/** Everything that an observer hears, one line each, with the number of the instruction before it. */
export class Recorder implements Observer {
  readonly lines: string[] = []
  readonly knowledge: Knowledge

  constructor(knowledge: Knowledge) {
    this.knowledge = knowledge
  }

  /** The lines of these kinds: `store`, `view`, … */
  of(...kinds: readonly string[]): string[] {
    return this.lines.filter((line) => kinds.includes(line.split(' ')[1] ?? ''))
  }

  #say(at: number, what: string): void {
    this.lines.push(`${at} ${what}`)
  }

  textOf(value: Value): string {
    return textOf(this.knowledge, value)
  }

  #type(type: number): string {
    return this.knowledge.code.btf.type(type).name
  }

  access(at: number, base: Value, displacement: number, width: number): void {
    this.#say(at, `access ${this.textOf(base)} [${displacement}] ${width}`)
  }

  store(at: number, base: Value, displacement: number, width: number, value: Value, rule: string): void {
    this.#say(at, `store ${this.textOf(base)} [${displacement}] ${width} = ${this.textOf(value)} (${rule})`)
  }

  overwrite(at: number, pointer: Value, size: number | undefined, why: string): void {
    this.#say(at, `overwrite ${this.textOf(pointer)} ${size}: ${why}`)
  }

  put(at: number, slot: Slot, value: Value, rule: string): void {
    this.#say(at, `put ${slotText(this.knowledge, slot)} = ${this.textOf(value)} (${rule})`)
  }

  replace(at: number, type: number, why: string): void {
    this.#say(at, `replace ${type === 0 ? 'everything' : this.#type(type)}: ${why}`)
  }

  view(at: number, value: Value, type: number, rule: string): void {
    this.#say(at, `view ${this.textOf(value)} as ${this.#type(type)} (${rule})`)
  }

  follow(at: number, value: Value, space: number, rule: string): void {
    this.#say(at, `follow ${this.textOf(value)} ${spaceNames[space]} (${rule})`)
  }

  number(at: number, value: Value, why: string): void {
    this.#say(at, `number ${this.textOf(value)}: ${why}`)
  }

  pass(at: number, value: Value, called: number, parameter: number): void {
    this.#say(at, `pass ${this.textOf(value)} to ${called}.${parameter}`)
  }

  give(at: number, value: Value, from: number): void {
    this.#say(at, `give ${this.textOf(value)} from ${from}`)
  }

  escape(at: number, value: Value): void {
    this.#say(at, `escape ${this.textOf(value)}`)
  }
}

/** Functions one after the other, and what their instructions refer to, counted in each. */
export function program(
  types: Types,
  functions: readonly {
    readonly code: readonly Instruction[]
    readonly refers?: Readonly<Record<number, Reference>>
    readonly core?: Readonly<Record<number, CoreRelocation>>
    readonly is?: Partial<CodeFunction>
  }[],
  more: Partial<Omit<Code, 'functions' | 'references' | 'core'>> = {},
): Code {
  const references = new Map<number, Reference>()
  const core = new Map<number, CoreRelocation>()
  let start = 0
  const ranges = functions.map(({ code, refers = {}, core: relocations = {}, is }) => {
    for (const [at, reference] of Object.entries(refers)) references.set(start + Number(at), reference)
    for (const [at, relocation] of Object.entries(relocations)) core.set(start + Number(at), relocation)
    const range = { start, end: start + code.length, ...is }
    start = range.end
    return range
  })
  const instructions = functions.flatMap(({ code }) => code)
  return codeOf(types, instructions, { references, core, ...more, functions: ranges })
}
