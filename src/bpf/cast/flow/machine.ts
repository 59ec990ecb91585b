import { coreKind } from '../code/code.js'
import type { Block } from '../code/control-flow.js'
import {
  accessWidth,
  atomicOperation,
  callOpcode,
  castOffset,
  castToKernel,
  exitOpcode,
  framePointer,
  type Instructions,
  jump,
  loadImmediateOpcode,
  mode,
  opcodeClass,
  operation,
} from '../code/instructions.js'
import { Arithmetic } from './arithmetic.js'
import type { Knowledge } from './knowledge.js'
import type { Observer, Rule } from './observer.js'
import {
  blurStack,
  forgetShownStack,
  forgetStack,
  frameOffset,
  lowestFrame,
  readStack,
  type State,
  showStack,
  writeStack,
} from './state.js'
import { Space, TOP, type Value, ValueKind } from './values.js'

/** What calls do to the state; apart from the machine, since it knows functions and helpers. */
export interface CallHandler {
  /** Changes R0 and the stack; R1 to R5 are forgotten afterwards. */
  call(at: number, inFunction: number, state: State, observer: Observer | undefined): void
  /** The function returns with this in R0. */
  leave(at: number, inFunction: number, result: Value, observer: Observer | undefined): void
}

const wordSize = 8

/** Executes instructions on what is known of registers and stack, and tells an observer what they do. */
export class Machine {
  readonly #code: Instructions
  readonly #knowledge: Knowledge
  readonly #arithmetic: Arithmetic
  readonly #calls: CallHandler
  /** Operands and result of the last run of each instruction: the next is mostly the same. */
  readonly #lastA: Int32Array
  readonly #lastB: Int32Array
  readonly #lastResult: Int32Array
  /** Instructions executed so far. */
  steps = 0

  constructor(code: Instructions, knowledge: Knowledge, calls: CallHandler) {
    this.#code = code
    this.#knowledge = knowledge
    this.#arithmetic = new Arithmetic(knowledge)
    this.#calls = calls
    this.#lastA = new Int32Array(code.count).fill(-1)
    this.#lastB = new Int32Array(code.count).fill(-1)
    this.#lastResult = new Int32Array(code.count)
  }

  /** Instructions from `start` to `end` may have other results than last time. */
  forget(start: number, end: number): void {
    this.#lastA.fill(-1, start, end)
  }

  /** Runs a block of a function; `state` becomes what holds at its end. */
  run(block: Block, inFunction: number, state: State, observer?: Observer): void {
    this.steps += block.end - block.start
    for (let at = block.start; at < block.end; at++) {
      this.#step(at, inFunction, state, observer)
      if (this.#code.opcodes[at] === loadImmediateOpcode) at++
    }
  }

  #step(at: number, inFunction: number, state: State, observer: Observer | undefined): void {
    const opcode = this.#code.opcodes[at] as number
    switch (opcode & 7) {
      case opcodeClass.arithmetic64:
      case opcodeClass.arithmetic32:
        this.#compute(at, inFunction, state, observer)
        break
      case opcodeClass.loadRegister:
        this.#load(at, inFunction, state, observer)
        break
      case opcodeClass.store: {
        const base = this.#base(at, inFunction, state, this.#code.destinations[at] as number, observer)
        const value = this.#knowledge.values.constant(this.#code.immediates[at] as number)
        this.#store(at, state, base, accessWidth(opcode), value, 'store', observer)
        break
      }
      case opcodeClass.storeRegister: {
        const how = opcode & 0xe0
        if (how === mode.atomic || how === mode.probeAtomic) this.#atomic(at, inFunction, state, observer)
        else {
          const base = this.#base(at, inFunction, state, this.#code.destinations[at] as number, observer)
          const value = this.#register(state, this.#code.sources[at] as number)
          this.#store(at, state, base, accessWidth(opcode), value, 'store', observer)
        }
        break
      }
      case opcodeClass.load:
        this.#loadImmediate(at, inFunction, state)
        break
      default:
        this.#jump(at, inFunction, state, observer)
    }
  }

  #register(state: State, register: number): Value {
    if (register === framePointer) return this.#knowledge.values.frame(0)
    return register < framePointer ? (state[register] as Value) : TOP
  }

  #set(state: State, register: number, value: Value): void {
    if (register < framePointer) state[register] = value
  }

  #compute(at: number, inFunction: number, state: State, observer: Observer | undefined): void {
    const code = this.#code
    const { values } = this.#knowledge
    const opcode = code.opcodes[at] as number
    const what = opcode & 0xf0
    const is32 = (opcode & 7) === opcodeClass.arithmetic32
    const destination = code.destinations[at] as number
    const immediate = code.immediates[at] as number
    const offset = code.offsets[at] as number
    const isRegister = (opcode & 8) !== 0
    const a = this.#register(state, destination)
    const b = isRegister ? this.#register(state, code.sources[at] as number) : this.#immediate(at, immediate)
    if (what === operation.move) {
      if (!isRegister) {
        this.#set(state, destination, is32 ? this.#arithmetic.moveLow(b) : b)
      } else if (is32) {
        this.#set(state, destination, offset === 0 ? this.#arithmetic.moveLow(b) : values.scalar(1))
      } else {
        if (offset === castOffset) observer?.follow(at, b, Space.arena, 'arena cast')
        this.#set(state, destination, this.#arithmetic.move(b, offset, immediate, at, inFunction))
      }
      return
    }
    if (observer !== undefined) {
      this.#observeField(at, a, b, observer)
      const isAddition = what === operation.add || what === operation.subtract
      const isOfAddress = isAddition && is32 && this.#arithmetic.movesPointer(a, b)
      if ((is32 && !isOfAddress) || !isAddition) {
        observer.number(at, a, 'arithmetic')
        if (isRegister) observer.number(at, b, 'arithmetic')
      }
    }
    if (this.#lastA[at] !== a || this.#lastB[at] !== b) {
      this.#lastA[at] = a
      this.#lastB[at] = b
      this.#lastResult[at] = this.#arithmetic.operate(opcode, offset, a, b, at, inFunction)
    }
    this.#set(state, destination, this.#lastResult[at] as Value)
  }

  #immediate(at: number, immediate: number): Value {
    const { values, code } = this.#knowledge
    return code.core.has(at) ? values.core(immediate, at) : values.constant(immediate)
  }

  /** A field's offset is added: the other operand points at the struct. */
  #observeField(at: number, a: Value, b: Value, observer: Observer): void {
    const { values, code } = this.#knowledge
    for (const [field, base] of [
      [a, b],
      [b, a],
    ] as const) {
      if (values.kind(field) !== ValueKind.core) continue
      const relocation = code.core.get(values.ref(field))
      if (relocation?.kind === coreKind.fieldOffset)
        observer.view(at, base, relocation.typeId, 'CO-RE access')
    }
  }

  #loadImmediate(at: number, inFunction: number, state: State): void {
    const code = this.#code
    const { values } = this.#knowledge
    if (code.opcodes[at] !== loadImmediateOpcode) {
      // Legacy packet access: a helper call in all but name.
      for (let register = 1; register <= 5; register++) state[register] = TOP
      state[0] = values.scalar(1)
      return
    }
    this.#set(state, code.destinations[at] as number, this.#loadedImmediate(at, inFunction))
  }

  #loadedImmediate(at: number, inFunction: number): Value {
    const code = this.#code
    const { values } = this.#knowledge
    const reference = this.#knowledge.code.references.get(at)
    switch (reference?.kind) {
      case 'section':
        return this.#knowledge.sectionAddress(reference.section, reference.offset)
      case 'map':
        return values.map(reference.definition)
      case 'function':
        return values.function(reference.index)
      case undefined:
        break
      default:
        return this.#arithmetic.derive(TOP, at, inFunction)
    }
    if (code.sources[at] !== 0) return this.#arithmetic.derive(TOP, at, inFunction)
    const low = code.immediates[at] as number
    const number = (BigInt(code.immediates[at + 1] as number) << 32n) | BigInt(low >>> 0)
    if (this.#knowledge.code.core.has(at)) return values.core(low, at)
    return values.constant(Number(number))
  }

  /** The pointer in a register, as an instruction uses it. */
  #base(
    at: number,
    inFunction: number,
    state: State,
    register: number,
    observer: Observer | undefined,
  ): Value {
    const { values } = this.#knowledge
    const base = this.#register(state, register)
    const how = (this.#code.opcodes[at] as number) & 0xe0
    if (how !== mode.probeArena && how !== mode.probeAtomic) return base
    // The verifier has made the cast a move of the low half, and the access says that it is one to the arena.
    const address = values.kind(base) === ValueKind.low ? values.ref(base) : base
    observer?.follow(at, address, Space.arena, 'arena cast')
    return values.isAddress(address)
      ? values.cast(address, true)
      : this.#arithmetic.move(address, castOffset, castToKernel, at, inFunction)
  }

  #load(at: number, inFunction: number, state: State, observer: Observer | undefined): void {
    const opcode = this.#code.opcodes[at] as number
    const base = this.#base(at, inFunction, state, this.#code.sources[at] as number, observer)
    const displacement = this.#code.offsets[at] as number
    const width = accessWidth(opcode)
    this.#observeAccess(at, base, displacement, width, observer)
    const isWhole = width === wordSize && (opcode & 0xe0) !== mode.memorySigned
    const value = isWhole
      ? this.#loadWord(at, inFunction, state, base, displacement)
      : this.#knowledge.values.scalar(1)
    this.#set(state, this.#code.destinations[at] as number, value)
  }

  #observeAccess(
    at: number,
    base: Value,
    displacement: number,
    width: number,
    observer: Observer | undefined,
  ): void {
    if (observer === undefined) return
    const relocation = this.#knowledge.code.core.get(at)
    if (relocation?.kind === coreKind.fieldOffset) observer.view(at, base, relocation.typeId, 'CO-RE access')
    observer.access(at, base, displacement, width)
  }

  /** What 8 bytes at an address hold. */
  #loadWord(at: number, inFunction: number, state: State, base: Value, displacement: number): Value {
    const { values } = this.#knowledge
    if (values.kind(base) === ValueKind.frame && values.stride(base) === 0) {
      const held = readStack(state, values.offset(base) + displacement)
      if (held !== TOP) return held
    }
    if (this.#lastA[at] !== base) {
      this.#lastA[at] = base
      this.#lastResult[at] = this.#loadedWord(at, inFunction, base, displacement)
    }
    return this.#lastResult[at] as Value
  }

  #loadedWord(at: number, inFunction: number, base: Value, displacement: number): Value {
    const { values, types } = this.#knowledge
    let general = TOP
    const relocation = this.#knowledge.code.core.get(at)
    if (values.kind(base) === ValueKind.context) {
      general = this.#contextWord(values.ref(base), displacement)
    } else if (relocation?.kind === coreKind.fieldOffset) {
      general = this.#knowledge.heldIn(types.bare(relocation.typeId), displacement, 0)
    } else {
      general = this.#knowledge.heldAt(base, displacement)
    }
    if (values.isNumber(general)) return general
    const isOwn = values.members(base).some((member) => {
      const kind = values.kind(member)
      return kind === ValueKind.frame || kind === ValueKind.context || this.#knowledge.isElsewhere(member)
    })
    return this.#knowledge.made(isOwn ? 'stack' : 'load', at, inFunction, general)
  }

  #contextWord(index: number, displacement: number): Value {
    const { values, types, code } = this.#knowledge
    const type = code.functions[index]?.contextTypes?.[displacement / wordSize]
    if (type === undefined) return TOP
    const shape = types.of(type)
    if (shape.kind === 'pointer') {
      return shape.isForeign ? TOP : values.typed(shape.target, 0, 0, Space.kernel)
    }
    return shape.kind === 'word' ? TOP : values.scalar(1)
  }

  #store(
    at: number,
    state: State,
    base: Value,
    width: number,
    value: Value,
    rule: Rule,
    observer: Observer | undefined,
  ): void {
    const displacement = this.#code.offsets[at] as number
    this.#observeAccess(at, base, displacement, width, observer)
    observer?.store(at, base, displacement, width, value, rule)
    this.storeOnStack(state, base, displacement, width, value)
    const shown = frameOffset(this.#knowledge, value)
    if (shown !== undefined) showStack(state, shown)
  }

  /** What a store does to the stack. */
  storeOnStack(state: State, base: Value, displacement: number, width: number, value: Value): void {
    const { values } = this.#knowledge
    const lowest = lowestFrame(this.#knowledge, base)
    if (lowest !== undefined) {
      const { offset, isMoving } = lowest
      const isExact = values.kind(base) === ValueKind.frame && !isMoving
      if (isExact) writeStack(state, offset + displacement, width, value)
      else if (isMoving) blurStack(this.#knowledge, state, offset + Math.min(displacement, 0))
      else forgetStack(state, offset + Math.min(displacement, 0))
    } else if (this.#knowledge.pointer(base) === undefined && !values.isCast(base)) {
      // It may be an address on the stack that has been stored and loaded again.
      forgetShownStack(state)
    }
  }

  #atomic(at: number, inFunction: number, state: State, observer: Observer | undefined): void {
    const code = this.#code
    const { values } = this.#knowledge
    const what = code.immediates[at] as number
    const width = accessWidth(code.opcodes[at] as number)
    const source = code.sources[at] as number
    const destination = code.destinations[at] as number
    const displacement = code.offsets[at] as number
    const isWord = width === wordSize
    const loaded = (base: Value): Value =>
      isWord ? this.#loadWord(at, inFunction, state, base, displacement) : values.scalar(1)
    if (what === atomicOperation.loadAcquire) {
      const base = this.#base(at, inFunction, state, source, observer)
      this.#observeAccess(at, base, displacement, width, observer)
      this.#set(state, destination, loaded(base))
      return
    }
    const base = this.#base(at, inFunction, state, destination, observer)
    const value = this.#register(state, source)
    if (what === atomicOperation.storeRelease) {
      this.#store(at, state, base, width, value, 'store', observer)
      return
    }
    const old = loaded(base)
    const isExchange = what === atomicOperation.exchange || what === atomicOperation.compareExchange
    // On the stack, either value may be there afterwards.
    const stored = !isExchange ? values.scalar(1) : value
    const isOnStack = frameOffset(this.#knowledge, base) !== undefined
    this.#store(at, state, base, width, isOnStack ? TOP : stored, 'exchange', observer)
    if (what === atomicOperation.compareExchange) this.#set(state, 0, old)
    else if ((what & atomicOperation.fetch) !== 0)
      this.#set(state, source, isExchange ? old : values.scalar(1))
  }

  #jump(at: number, inFunction: number, state: State, observer: Observer | undefined): void {
    const code = this.#code
    const opcode = code.opcodes[at] as number
    if (opcode === callOpcode) {
      this.#calls.call(at, inFunction, state, observer)
      for (let register = 1; register <= 5; register++) state[register] = TOP
      return
    }
    if ((opcode & 0xf0) === jump.call) {
      // A call through a register: nothing is known of it.
      state.fill(TOP)
      return
    }
    if (opcode === exitOpcode) {
      this.#calls.leave(at, inFunction, state[0] as Value, observer)
      return
    }
    const what = opcode & 0xf0
    if (observer === undefined || what === jump.always || what === jump.conditional) return
    const a = this.#register(state, code.destinations[at] as number)
    const b =
      (opcode & 8) !== 0
        ? this.#register(state, code.sources[at] as number)
        : this.#knowledge.values.constant(code.immediates[at] as number)
    if (this.#isSmallNumber(b)) observer.number(at, a, 'comparison with a number')
    if (this.#isSmallNumber(a)) observer.number(at, b, 'comparison with a number')
  }

  /** A number that is neither null nor the range of error pointers. */
  #isSmallNumber(value: Value): boolean {
    const { values } = this.#knowledge
    return values.kind(value) === ValueKind.constant && values.offset(value) > 0
  }
}
