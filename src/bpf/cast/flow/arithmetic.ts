import { castOffset, castToKernel, castToUser, opcodeClass, operation } from '../code/instructions.js'
import type { Knowledge } from './knowledge.js'
import { lowestOnStack } from './state.js'
import { gcd, Space, TOP, type Value, ValueKind } from './values.js'

/** The larger half of what an operand is a multiple of, for operations that keep only powers of two. */
function powerOfTwo(stride: number): number {
  let power = 1
  while (power < 2 ** 40 && stride % (power * 2) === 0) power *= 2
  return power
}

/** Arithmetic on values. */
export class Arithmetic {
  readonly #knowledge: Knowledge

  constructor(knowledge: Knowledge) {
    this.#knowledge = knowledge
  }

  /** MOV between registers, with its sign extensions and casts between address spaces. */
  move(value: Value, offset: number, immediate: number, at: number, inFunction: number): Value {
    const { values } = this.#knowledge
    if (offset === 0) return value
    if (offset !== castOffset) return values.scalar(1)
    if (immediate !== castToKernel && immediate !== castToUser) return TOP
    const isCast = immediate === castToKernel
    const members = values.members(value)
    if (members.length === 1) return this.#cast(value, isCast, at, inFunction)
    return this.#join(members.map((member) => this.#cast(member, isCast, at, inFunction)))
  }

  /** What is nothing in particular is an address all the same after a cast. */
  #cast(value: Value, isCast: boolean, at: number, inFunction: number): Value {
    const { values } = this.#knowledge
    if (values.isNull(value) || values.isAddress(value)) return values.cast(value, isCast)
    if (!isCast) return this.derive(TOP, at, inFunction)
    const somewhere = values.typed(0, 0, 0, Space.arena)
    return values.cast(this.#knowledge.made('derived', at, inFunction, somewhere), true)
  }

  /** MOV of 32 bits. */
  moveLow(value: Value): Value {
    const { values } = this.#knowledge
    switch (values.kind(value)) {
      case ValueKind.constant:
        return values.constant(values.offset(value) >>> 0)
      case ValueKind.scalar:
        return values.scalar(powerOfTwo(values.stride(value)))
      case ValueKind.low:
        return value
      case ValueKind.origin:
      case ValueKind.slot:
      case ValueKind.typed:
        return values.low(value)
      case ValueKind.set:
        return this.#knowledge.code.addsInLowHalves === true ? this.#low(value) : values.scalar(1)
      default:
        return values.scalar(1)
    }
  }

  /** Any operation but a MOV, by its opcode. */
  operate(opcode: number, offset: number, a: Value, b: Value, at: number, inFunction: number): Value {
    const what = opcode & 0xf0
    const is32 = (opcode & 7) === opcodeClass.arithmetic32
    if (!is32 && what === operation.add) return this.add(a, b, at, inFunction)
    if (is32 && this.#addsToLow(a, b)) {
      if (what === operation.add) return this.addToLow(a, b, at, inFunction)
      if (what === operation.subtract) return this.subtractFromLow(a, b, at, inFunction)
    }
    if (!is32 && what === operation.subtract) return this.subtract(a, b, at, inFunction)
    const isSigned = (what === operation.divide || what === operation.modulo) && offset !== 0
    return isSigned ? this.#knowledge.values.scalar(1) : this.compute(what, a, b, is32)
  }

  /** Whether an addition of 32 bits moves an arena address that is known as one before anything is added to it. */
  movesPointer(a: Value, b: Value): boolean {
    const { values } = this.#knowledge
    const isKnown = (value: Value) =>
      values.kind(value) === ValueKind.low || this.#knowledge.pointer(value) !== undefined
    return this.#addsToLow(a, b) && (isKnown(a) || isKnown(b))
  }

  /** An offset is added to an arena address, of which 32 bits are enough. */
  #addsToLow(a: Value, b: Value): boolean {
    const { values, code } = this.#knowledge
    if (code.addsInLowHalves !== true) return false
    const isBase = (value: Value) =>
      values.kind(value) === ValueKind.low || values.members(value).every((one) => values.isAddress(one))
    return (isBase(a) && values.isNumber(b)) || (isBase(b) && values.isNumber(a))
  }

  /** ADD of 64 bits at an instruction of a function. */
  add(a: Value, b: Value, at: number, inFunction: number): Value {
    const { values } = this.#knowledge
    if (values.isNumber(a)) {
      if (!values.isNumber(b)) return this.add(b, a, at, inFunction)
      const isInArena = values.isCast(a) || values.isCast(b)
      return isInArena ? this.#cast(values.scalar(1), true, at, inFunction) : this.#addNumbers(a, b)
    }
    // The low half of an arena address is all that accesses there take of it.
    if (values.kind(a) === ValueKind.low && values.isNumber(b)) return this.addToLow(a, b, at, inFunction)
    const members = values.members(a)
    if (members.length > 1) return this.#join(members.map((member) => this.add(member, b, at, inFunction)))
    if (values.kind(b) === ValueKind.constant) {
      return values.isAddress(a) ? values.shift(a, values.offset(b)) : this.derive(a, at, inFunction)
    }
    if (values.kind(b) === ValueKind.core) return this.#addField(a, b, at, inFunction)
    const isFrame = values.kind(a) === ValueKind.frame
    if (isFrame || (this.#knowledge.pointer(a) !== undefined && !this.#isPointer(b))) {
      return values.shift(a, 0, this.strideOf(b))
    }
    if (this.#knowledge.pointer(b) !== undefined && this.#knowledge.pointer(a) === undefined) {
      return this.add(b, a, at, inFunction)
    }
    return this.derive(a, at, inFunction)
  }

  /** The low half of an address, or of its low half, and a number, in either order. */
  addToLow(a: Value, b: Value, at: number, inFunction: number): Value {
    const { values } = this.#knowledge
    if (values.isNumber(a)) return this.addToLow(b, a, at, inFunction)
    if (values.kind(b) === ValueKind.core) return values.scalar(1)
    return this.#low(this.add(this.#whole(a), b, at, inFunction))
  }

  subtractFromLow(a: Value, b: Value, at: number, inFunction: number): Value {
    const { values } = this.#knowledge
    if (values.isNumber(a)) return values.scalar(1)
    return this.#low(this.subtract(this.#whole(a), b, at, inFunction))
  }

  #whole(value: Value): Value {
    const { values } = this.#knowledge
    return values.kind(value) === ValueKind.low ? values.ref(value) : value
  }

  #low(address: Value): Value {
    const { values } = this.#knowledge
    const isAddress = values
      .members(address)
      .every((member) => values.isAddress(member) || values.isNull(member))
    return isAddress ? values.low(address) : values.scalar(1)
  }

  /** SUB of 64 bits. */
  subtract(a: Value, b: Value, at: number, inFunction: number): Value {
    const { values } = this.#knowledge
    if (values.kind(b) === ValueKind.constant)
      return this.add(a, values.constant(-values.offset(b)), at, inFunction)
    if (values.isNumber(a)) return values.scalar(values.isNumber(b) ? this.strideOfBoth(a, b) : 1)
    if (!this.#isPointer(a)) return this.derive(a, at, inFunction)
    if (this.#isPointer(b)) return values.scalar(1)
    // How far below is not known.
    if (values.kind(a) === ValueKind.frame) return values.shift(values.frame(lowestOnStack), 0, 1)
    return this.add(a, b, at, inFunction)
  }

  /** Every other operation of 64 or 32 bits, and additions of 32 bits. */
  compute(what: number, a: Value, b: Value, is32: boolean): Value {
    const { values } = this.#knowledge
    if (values.kind(a) === ValueKind.constant && values.kind(b) === ValueKind.constant) {
      return this.#fold(what, values.offset(a), values.offset(b), is32)
    }
    if (!values.isNumber(a)) return values.scalar(this.#strideWithout(what, b))
    const stride = this.strideOf(a)
    const other = values.kind(b) === ValueKind.constant ? values.offset(b) : undefined
    const cut = (result: number): Value => values.scalar(is32 ? powerOfTwo(result) : result)
    switch (what) {
      case operation.add:
      case operation.subtract:
        return cut(values.isNumber(b) ? gcd(stride, this.strideOf(b)) : 1)
      case operation.multiply:
        return cut(stride * (other === undefined ? 1 : Math.abs(other)))
      case operation.shiftLeft:
        return other !== undefined && other >= 0 && other < 40
          ? cut(stride * 2 ** other)
          : cut(powerOfTwo(stride))
      case operation.shiftRight:
      case operation.shiftRightSigned: {
        const divisor = other !== undefined && other >= 0 && other < 40 ? 2 ** other : 0
        return divisor > 0 && stride % divisor === 0 ? cut(stride / divisor) : values.scalar(1)
      }
      case operation.and:
        return cut(Math.max(powerOfTwo(stride), this.#strideWithout(what, b)))
      case operation.or:
      case operation.xor:
        return cut(values.isNumber(b) ? powerOfTwo(gcd(stride, this.strideOf(b))) : 1)
      default:
        return values.scalar(1)
    }
  }

  /** An address that comes of arithmetic on something of which no type is known. */
  derive(from: Value, at: number, inFunction: number): Value {
    const { values } = this.#knowledge
    const general = values.isNumber(from) ? values.scalar(1) : TOP
    if (general !== TOP) return general
    const made = this.#knowledge.made('derived', at, inFunction, general)
    if (!values.isAddress(from)) return made
    const moved = values.shift(made, values.offset(from))
    return values.isCast(from) ? values.cast(moved, true) : moved
  }

  /** What a number is a multiple of; 1 when it is any. */
  strideOf(value: Value): number {
    const { values } = this.#knowledge
    const kind = values.kind(value)
    if (kind === ValueKind.scalar) return values.stride(value)
    if (kind === ValueKind.constant) return Math.abs(values.offset(value)) || 1
    const next = this.#knowledge.general(value)
    return next === value ? 1 : this.strideOf(next)
  }

  strideOfBoth(a: Value, b: Value): number {
    return gcd(this.strideOf(a), this.strideOf(b))
  }

  #addNumbers(a: Value, b: Value): Value {
    const { values } = this.#knowledge
    const isExact = values.kind(a) === ValueKind.constant && values.kind(b) === ValueKind.constant
    if (isExact) return values.constant(values.offset(a) + values.offset(b))
    // Zero is a multiple of everything.
    if (values.isNull(a)) return b
    if (values.isNull(b)) return a
    return values.scalar(this.strideOfBoth(a, b))
  }

  /** A CO-RE offset makes what it is added to a pointer to the type of the relocation. */
  #addField(base: Value, field: Value, at: number, inFunction: number): Value {
    const { values, code, types } = this.#knowledge
    const type = types.bare(code.core.get(values.ref(field))?.typeId ?? 0)
    const pointer = this.#knowledge.pointer(base)
    if (type === 0 || (pointer !== undefined && this.#knowledge.rootOf(pointer) === type)) {
      return values.shift(base, values.offset(field))
    }
    const space = this.#knowledge.spaceOf(base)
    const general = values.typed(type, values.offset(field), 0, space)
    const made = this.#knowledge.made('derived', at, inFunction, general, TOP, base)
    return values.isAddress(base) && values.isCast(base) ? values.cast(made, true) : made
  }

  #isPointer(value: Value): boolean {
    const kind = this.#knowledge.values.kind(value)
    return kind === ValueKind.frame || this.#knowledge.pointer(value) !== undefined
  }

  /** What the result is a multiple of when nothing is known of the first operand. */
  #strideWithout(what: number, b: Value): number {
    const { values } = this.#knowledge
    if (values.kind(b) !== ValueKind.constant) return 1
    const other = Math.abs(values.offset(b))
    if (what === operation.shiftLeft) return other < 40 ? 2 ** other : 1
    if (what === operation.multiply) return Math.max(other, 1)
    return what === operation.and && other > 0 ? powerOfTwo(other) : 1
  }

  #fold(what: number, a: number, b: number, is32: boolean): Value {
    const { values } = this.#knowledge
    const bits = is32 ? 32 : 64
    const x = BigInt.asUintN(bits, BigInt(a))
    const y = BigInt.asUintN(bits, BigInt(b))
    const amount = y & BigInt(bits - 1)
    const result = foldBits(what, x, y, amount, bits)
    if (result === undefined) return values.scalar(1)
    return values.constant(Number(is32 ? BigInt.asUintN(32, result) : BigInt.asIntN(64, result)))
  }

  #join(members: readonly Value[]): Value {
    return members.reduce((a, b) => this.#knowledge.join(a, b))
  }
}

function foldBits(what: number, x: bigint, y: bigint, amount: bigint, bits: number): bigint | undefined {
  switch (what) {
    case operation.add:
      return x + y
    case operation.subtract:
      return x - y
    case operation.multiply:
      return x * y
    case operation.divide:
      return y === 0n ? 0n : x / y
    case operation.modulo:
      return y === 0n ? x : x % y
    case operation.or:
      return x | y
    case operation.and:
      return x & y
    case operation.xor:
      return x ^ y
    case operation.shiftLeft:
      return x << amount
    case operation.shiftRight:
      return x >> amount
    case operation.shiftRightSigned:
      return BigInt.asIntN(bits, x) >> amount
    default:
      return undefined
  }
}
