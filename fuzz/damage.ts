import type { Input, Patch } from './input.js'
import type { Random } from './random.js'

/** Bytes of a file from which inputs are made. */
export interface FileBase {
  readonly name: string
  readonly bytes: Uint8Array
  /** Where headers, tables and lengths lie: damaged more often than the rest. */
  readonly structure: readonly Span[]
  /** Bytes at the start that make the format what it is; damaged seldom. */
  readonly magic?: number
  /** Lengths at which a file is as good as whole: nothing in it tells how many parts it has. */
  readonly wholeAt?: readonly number[]
}

export interface Span {
  readonly start: number
  readonly end: number
}

/** One input of a file. */
export function damageFile(random: Random, bases: readonly FileBase[]): Input {
  const number = random.below(bases.length)
  const base = bases[number] as FileBase
  const patches: Patch[] = []
  for (let count = random.few(6); count > 0; count--) patches.push(damageAt(random, base))
  const length = random.once(8) ? random.below(base.bytes.length) : undefined
  return { base: number, absent: [], patches: length !== undefined && random.once(2) ? [] : patches, length }
}

function damageAt(random: Random, base: FileBase): Patch {
  const { bytes, structure, magic = 0 } = base
  const span =
    structure.length > 0 && !random.once(4) ? random.pick(structure) : { start: 0, end: bytes.length }
  let at = span.start + random.below(span.end - span.start)
  if (at < magic && !random.once(16)) at = magic + random.below(Math.max(1, bytes.length - magic))
  const size = random.pick([1, 1, 2, 4, 4, 8, 8])
  if (random.once(24)) {
    // A whole stretch: zeros, ones, or what lies elsewhere.
    const length = Math.min(bytes.length - at, 1 + random.below(random.pick([16, 512, 4096])))
    const from = random.below(Math.max(1, bytes.length - length))
    const fill = random.pick([0, 0xff, undefined])
    return {
      at,
      bytes: fill === undefined ? bytes.slice(from, from + length) : new Uint8Array(length).fill(fill),
    }
  }
  // Fields lie at multiples of their size for the most part.
  if (!random.once(8)) at -= at % size
  return { at, bytes: nastyBytes(random, bytes, at, size) }
}

/** An integer that breaks things, in either byte order. */
export function nastyBytes(random: Random, bytes: Uint8Array, at: number, size: number): Uint8Array {
  const bits = BigInt(size * 8)
  const isBig = random.once(3)
  const before = integerAt(bytes, at, size, isBig)
  const value = BigInt.asUintN(Number(bits), nastyValue(random, before, bits, BigInt(bytes.length)))
  const own = new Uint8Array(size)
  for (let i = 0; i < size; i++) own[isBig ? size - 1 - i : i] = Number((value >> BigInt(i * 8)) & 0xffn)
  return own
}

function nastyValue(random: Random, before: bigint, bits: bigint, length: bigint): bigint {
  switch (random.below(9)) {
    case 0:
      return 0n
    case 1:
      return -1n
    case 2:
      return (1n << (bits - 1n)) - BigInt(random.below(2))
    case 3:
      return (1n << BigInt(random.below(Number(bits)))) - BigInt(random.below(2))
    case 4:
      return before + BigInt(random.below(17) - 8)
    case 5:
      return before ^ (1n << BigInt(random.below(Number(bits))))
    case 6:
      return length + BigInt(random.below(9) - 4)
    case 7:
      return BigInt(random.below(300))
    default:
      return (BigInt(random.word()) << 32n) | BigInt(random.word())
  }
}

function integerAt(bytes: Uint8Array, at: number, size: number, isBig: boolean): bigint {
  let value = 0n
  for (let i = 0; i < size; i++) {
    const byte = bytes[at + (isBig ? i : size - 1 - i)] ?? 0
    value = (value << 8n) | BigInt(byte)
  }
  return value
}
