import { coreKind } from '../code/code.js'
import { arenaAllocators, arenaPageSize, namedResults, sameResults } from '../code/helpers.js'
import { type Instructions, pseudoKernelCall } from '../code/instructions.js'
import { type Declared, type Prototype, readPrototype } from '../code/prototypes.js'
import { type Call, CallEffects } from './call-effects.js'
import type { Functions } from './functions.js'
import { HelperCalls } from './helper-calls.js'
import type { Knowledge } from './knowledge.js'
import type { CallHandler } from './machine.js'
import type { Observer } from './observer.js'
import { sizeOfType } from './stack-copies.js'
import { forgetShownStack, forgetStack, frameOffset, type State, showStack } from './state.js'
import { Space, TOP, type Value, ValueKind } from './values.js'

/** Kernel functions that take a pointer to anything and do not write to it. */
const harmless = new Set([
  'bpf_arena_alloc_pages',
  'bpf_arena_free_pages',
  'bpf_arena_reserve_pages',
  'bpf_obj_drop_impl',
  'bpf_percpu_obj_drop_impl',
  'bpf_rdonly_cast',
  'bpf_refcount_acquire_impl',
])

/** What calls return, write and reveal. */
export class Calls implements CallHandler {
  readonly #code: Instructions
  readonly #knowledge: Knowledge
  readonly #functions: Functions
  readonly #effects: CallEffects
  readonly #helpers: HelperCalls

  constructor(code: Instructions, knowledge: Knowledge, functions: Functions) {
    this.#code = code
    this.#knowledge = knowledge
    this.#functions = functions
    this.#effects = new CallEffects(knowledge)
    this.#helpers = new HelperCalls(knowledge, functions, this.#effects)
  }

  call(at: number, inFunction: number, state: State, observer: Observer | undefined): void {
    const call: Call = { at, inFunction, state, observer }
    const reference = this.#knowledge.code.references.get(at)
    const source = this.#code.sources[at] as number
    if (reference?.kind === 'function') {
      state[0] = this.#callFunction(call, reference.index)
    } else if (reference?.kind === 'kernel function') {
      state[0] = this.#callKernel(call, reference.name, reference.typeId)
    } else if (reference?.kind === 'helper' || (reference === undefined && source === 0)) {
      const helper = reference?.kind === 'helper' ? reference.helper : (this.#code.immediates[at] as number)
      state[0] = this.#helpers.call(call, helper)
    } else {
      this.#effects.callUnknown(call)
      const isKernel = reference === undefined && source === pseudoKernelCall
      state[0] = this.#effects.made(call, TOP, TOP)
      if (!isKernel) forgetShownStack(state)
    }
  }

  leave(at: number, inFunction: number, result: Value, observer: Observer | undefined): void {
    this.#functions.returns(inFunction, result)
    if (observer === undefined) return
    observer.give(at, result, inFunction)
    const declared = this.#functions.prototype(inFunction)?.result
    if (declared?.kind === 'pointer' && this.#functions.keepsResult(inFunction)) {
      observer.view(at, result, declared.target, 'return')
    }
  }

  #callFunction(call: Call, index: number): Value {
    const { state, at, observer } = call
    const passed = [1, 2, 3, 4, 5].map((register) => state[register] as Value)
    const prototype = this.#functions.trustedPrototype(index)
    const isOwn = this.#functions.isStatic(index)
    for (const [n, value] of passed.entries()) {
      // What is left in registers beyond the parameters is not handed over.
      if (prototype !== undefined && !prototype.hasMore && n >= prototype.parameters.length) break
      const declared = prototype?.parameters[n]
      this.#effects.observeArgument(call, value, declared)
      observer?.pass(at, value, index, n)
      const isTyped = declared?.kind === 'pointer' && this.#effects.isStruct(declared.target)
      if (!isTyped && !(isOwn && declared?.kind !== 'pointer')) observer?.escape(at, value)
    }
    const summary = this.#functions.invoke(index, call.inFunction, passed)
    this.#afterCallback(call, passed, prototype)
    return this.#functionResult(call, index, passed, summary)
  }

  /** The stack that a function of the program has been given may have changed. */
  #afterCallback({ state }: Call, passed: readonly Value[], prototype: Prototype | undefined): void {
    const frames = passed.map((value) => frameOffset(this.#knowledge, value))
    const isOne = frames.filter((offset) => offset !== undefined).length === 1
    for (const [n, offset] of frames.entries()) {
      if (offset === undefined) continue
      const declared = prototype?.parameters[n]
      this.#effects.shareStack(state, offset, passed[n] as Value, declared)
      // One may have stored the address of the other.
      if (!isOne) showStack(state, offset)
    }
    forgetShownStack(state)
  }

  #functionResult(call: Call, index: number, passed: readonly Value[], summary: Value): Value {
    const { values } = this.#knowledge
    const name = this.#functions.nameOf(index)
    const allocator = arenaAllocators.get(name)
    if (allocator !== undefined) return this.#allocated(call, name)
    const declared = this.#functions.prototype(index)?.result
    if (declared?.kind === 'number') return this.#numberOr(summary)
    if (declared?.kind === 'pointer') {
      const general = values.typed(declared.target, 0, 0, this.#knowledge.spaceOf(summary))
      const isCast = values.isAddress(summary) && values.isCast(summary)
      return this.#effects.made(call, isCast ? values.cast(general, true) : general, TOP)
    }
    return this.#translate(call, index, passed, summary)
  }

  #numberOr(value: Value): Value {
    return this.#knowledge.values.isNumber(value) ? value : this.#knowledge.values.scalar(1)
  }

  /** What a function returns in the words of its caller. */
  #translate(call: Call, index: number, passed: readonly Value[], summary: Value): Value {
    const { values } = this.#knowledge
    let joined: Value | undefined
    let size = TOP
    for (const member of values.members(summary)) {
      const origin = this.#knowledge.originOf(member)
      let value = member
      if (origin !== undefined) {
        const isParameter = origin.kind === 'parameter' && origin.function === index
        value = isParameter
          ? values.shift(passed[origin.parameter] ?? TOP, values.offset(member), values.stride(member))
          : this.#knowledge.general(member)
        size = this.#translateSize(index, passed, origin.size)
      }
      if (values.kind(value) === ValueKind.frame) value = TOP
      joined = joined === undefined ? value : this.#knowledge.join(joined, value)
    }
    const result = joined ?? TOP
    const isKnown = values.isNumber(result) || values.kind(result) === ValueKind.origin
    return isKnown ? result : this.#effects.made(call, result, size)
  }

  #translateSize(index: number, passed: readonly Value[], size: Value): Value {
    const origin = this.#knowledge.originOf(size)
    if (origin === undefined) return size
    const isParameter = origin.kind === 'parameter' && origin.function === index
    return isParameter ? this.#sizeIn(passed[origin.parameter] ?? TOP, 1) : TOP
  }

  #allocated(call: Call, name: string): Value {
    const { values } = this.#knowledge
    const { sizeIn, unit } = arenaAllocators.get(name) ?? {}
    const size = sizeIn === undefined ? TOP : this.#sizeIn(call.state[sizeIn] as Value, unit ?? 1)
    return this.#effects.made(call, values.typed(0, 0, 0, Space.arena), size)
  }

  /** A size as a constant, or as the parameter that it comes from. */
  #sizeIn(value: Value, unit: number): Value {
    const { values } = this.#knowledge
    if (values.kind(value) === ValueKind.constant) {
      const size = values.offset(value) * unit
      return size > 0 && size <= 2 ** 20 * arenaPageSize ? values.constant(size) : TOP
    }
    const isParameter = unit === 1 && this.#knowledge.originOf(value)?.kind === 'parameter'
    return isParameter && values.offset(value) === 0 && values.stride(value) === 0 ? value : TOP
  }

  #callKernel(call: Call, name: string, typeId: number): Value {
    const { state } = call
    const prototype = readPrototype(this.#knowledge.types, typeId)
    if (prototype === undefined) {
      this.#effects.callUnknown(call)
    } else {
      for (const [n, declared] of prototype.parameters.entries()) {
        const value = state[n + 1] as Value
        this.#effects.observeArgument(call, value, declared)
        if (!harmless.has(name)) this.#written(call, value, declared)
      }
    }
    return this.#kernelResult(call, name, prototype?.result)
  }

  /** The kernel may write where an argument points. */
  #written({ at, state, observer }: Call, value: Value, declared: Declared): void {
    if (declared.kind === 'number' || declared.kind === 'void') return
    if (declared.kind === 'word' && !declared.isPointer) return
    if (declared.isConstant) return
    const size = declared.kind === 'pointer' ? sizeOfType(this.#knowledge, declared.target) : 0
    const isText = declared.kind === 'pointer' && size === 1
    const bytes = size === 0 || isText ? undefined : size
    const offset = frameOffset(this.#knowledge, value)
    if (offset !== undefined) forgetStack(state, offset, bytes)
    if (declared.kind === 'pointer' && this.#effects.isStruct(declared.target)) return
    observer?.overwrite(at, value, bytes, 'a kernel function writes there')
  }

  #kernelResult(call: Call, name: string, declared: Declared | undefined): Value {
    const { values, types, code } = this.#knowledge
    const named = namedResults.get(name)
    if (named !== undefined) {
      const id = call.state[named] as Value
      const relocation = values.kind(id) === ValueKind.core ? code.core.get(values.ref(id)) : undefined
      const isType = relocation?.kind === coreKind.localType || relocation?.kind === coreKind.targetType
      const type = isType ? types.bare(relocation.typeId) : 0
      if (type !== 0 && name === 'bpf_rdonly_cast') {
        call.observer?.view(call.at, call.state[1] as Value, type, 'kernel cast')
        call.observer?.follow(call.at, call.state[1] as Value, Space.kernel, 'kernel cast')
      }
      return this.#effects.made(call, values.typed(type, 0, 0, Space.kernel), TOP)
    }
    if (sameResults.has(name))
      return this.#effects.made(call, this.#knowledge.general(call.state[1] as Value), TOP)
    if (arenaAllocators.has(name)) return this.#allocated(call, name)
    switch (declared?.kind) {
      case 'pointer':
        return this.#effects.made(call, values.typed(declared.target, 0, 0, Space.kernel), TOP)
      case 'number':
      case 'void':
        return values.scalar(1)
      default:
        return this.#effects.made(call, TOP, TOP)
    }
  }
}
