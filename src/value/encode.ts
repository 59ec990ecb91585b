import { sizeOf, strip } from '../btf/layout.js'
import { typeName } from '../btf/type-name.js'
import type { CType, EnumType, Member, StructType } from '../btf/types.js'
import { CryoscopeError } from '../errors.js'
import { withArticle } from '../text.js'

/** No value that someone writes down is larger; a broken type may claim to be. */
const sizeLimit = 2 ** 28

/**
 * Bytes of a C value given as plain JSON or JavaScript, the reverse of rendering: numbers, bigints or decimal and 0x text
 * for integers, names for enums, text for char arrays, arrays, objects for structs (members left out are zero), and for
 * pointers integers or `{ pointer }`. Throws 'usage' with the path of what does not fit.
 */
export function encode(type: CType, value: unknown): Uint8Array {
  const bytes = new Uint8Array(encodedSize(type))
  write(type, value, bytes, 0, typeName(type))
  return bytes
}

/** The same over the bytes that are there: members and elements left out stay as they are. */
export function encodeOver(type: CType, value: unknown, before: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(encodedSize(type))
  bytes.set(before.subarray(0, bytes.length))
  write(type, value, bytes, 0, typeName(type))
  return bytes
}

/** Bytes that a value of the type takes; throws 'usage' where it has none. */
export function encodedSize(type: CType): number {
  const size = sizeOf(type)
  if (size === undefined) throw wrong(type, 'it has no size')
  if (size > sizeLimit) throw wrong(type, `it claims ${size} bytes`)
  return size
}

function write(type: CType, value: unknown, bytes: Uint8Array, offset: number, path: string): void {
  const bare = strip(type)
  const size = sizeOf(bare)
  if (size === undefined) throw wrong(bare, `${path} has no size`)
  // A broken struct may have members behind its end.
  if (offset + size > bytes.length) throw wrong(bare, `${path} lies outside of it`)
  switch (bare.kind) {
    case 'int': {
      const bits = Math.min(bare.bits, bare.size * 8 - bare.bitOffset)
      writeBits(bytes, offset * 8 + bare.bitOffset, bits, integer(bare, value, bits, path))
      return
    }
    case 'enum':
      writeBits(bytes, offset * 8, bare.size * 8, enumerator(bare, value, bare.size * 8, path))
      return
    case 'pointer': {
      const bits = bare.btf.pointerSize * 8
      const address =
        typeof value === 'object' && value !== null && 'pointer' in value ? value.pointer : value
      writeBits(bytes, offset * 8, bits, integer(bare, address, bits, path))
      return
    }
    case 'float': {
      // JSON has no number for these three.
      const number = value === 'NaN' || value === 'Infinity' || value === '-Infinity' ? Number(value) : value
      if (typeof number !== 'number') throw wrong(bare, `${path} takes a number`)
      const view = new DataView(bytes.buffer)
      if (bare.size === 4) view.setFloat32(offset, number, true)
      else if (bare.size === 8) view.setFloat64(offset, number, true)
      else throw wrong(bare, `${path} is a float of ${bare.size} bytes, which cannot be written`)
      return
    }
    case 'array':
      writeArray(bare.element, bare.length, value, bytes, offset, path)
      return
    case 'struct':
    case 'union':
      writeStruct(bare, value, bytes, offset, path)
      return
    default:
      throw wrong(bare, `${path} cannot be written`)
  }
}

function writeArray(
  element: CType,
  length: number,
  value: unknown,
  bytes: Uint8Array,
  offset: number,
  path: string,
): void {
  const stride = sizeOf(element)
  if (stride === undefined) throw wrong(element, `${path} has elements without a size`)
  if (typeof value === 'string' && stride === 1) {
    const text = Buffer.from(value, 'utf8')
    if (text.length > length)
      throw wrong(element, `${path} holds ${length} bytes, the text has ${text.length}`)
    bytes.set(text, offset)
    bytes.fill(0, offset + text.length, offset + length)
    return
  }
  if (!Array.isArray(value)) throw wrong(element, `${path} takes an array of ${length}`)
  if (value.length > length)
    throw wrong(element, `${path} holds ${length} elements, ${value.length} were given`)
  for (const [i, item] of value.entries()) write(element, item, bytes, offset + i * stride, `${path}[${i}]`)
}

function writeStruct(
  type: StructType,
  value: unknown,
  bytes: Uint8Array,
  offset: number,
  path: string,
): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong(type, `${path} takes an object with its members`)
  }
  for (const [name, item] of Object.entries(value)) {
    const member = type.member(name)
    if (member === undefined) {
      const names = type.members.map((known) => known.name).filter((known) => known !== '')
      throw wrong(type, `${path} has no member ${name}; it has ${names.join(', ')}`)
    }
    if (member.bitSize === 0) {
      write(member.type, item, bytes, offset + member.offset, `${path}.${name}`)
      continue
    }
    const first = offset * 8 + member.bitOffset
    if (first + member.bitSize > bytes.length * 8) throw wrong(type, `${path}.${name} lies outside of it`)
    writeBits(bytes, first, member.bitSize, bitfield(member, item, path))
  }
}

function bitfield(member: Member, value: unknown, path: string): bigint {
  const bare = strip(member.type)
  const where = `${path}.${member.name}`
  const bits = member.bitSize
  return bare.kind === 'enum' ? enumerator(bare, value, bits, where) : integer(bare, value, bits, where)
}

function integer(type: CType, value: unknown, bits: number, path: string): bigint {
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (typeof value === 'bigint') return inRange(type, value, bits, path)
  if (typeof value === 'number' && Number.isSafeInteger(value)) {
    return inRange(type, BigInt(value), bits, path)
  }
  if (typeof value === 'string' && /^-?(0x[0-9a-f]+|[0-9]+)$/i.test(value)) {
    return inRange(type, value.startsWith('-') ? -BigInt(value.slice(1)) : BigInt(value), bits, path)
  }
  throw wrong(type, `${path} takes an integer`)
}

/** Negative numbers, and those that only an unsigned integer of that width has, both count as fitting. */
function inRange(type: CType, value: bigint, bits: number, path: string): bigint {
  if (BigInt.asIntN(bits, value) !== value && BigInt.asUintN(bits, value) !== value) {
    throw wrong(type, `${path} has ${bits} bits, ${value} does not fit`)
  }
  return value
}

function enumerator(type: EnumType, value: unknown, bits: number, path: string): bigint {
  if (typeof value === 'string') {
    const known = type.valueOf(value)
    if (known !== undefined) return known
  }
  return integer(type, value, bits, path)
}

function writeBits(bytes: Uint8Array, bitOffset: number, width: number, value: bigint): void {
  let rest = BigInt.asUintN(width, value)
  for (let bit = bitOffset; bit < bitOffset + width; ) {
    const count = Math.min(8 - (bit % 8), bitOffset + width - bit)
    const at = Math.floor(bit / 8)
    const mask = ((1 << count) - 1) << (bit % 8)
    bytes[at] = ((bytes[at] as number) & ~mask) | (Number(BigInt.asUintN(count, rest)) << (bit % 8))
    rest >>= BigInt(count)
    bit += count
  }
}

function wrong(type: CType, why: string): CryoscopeError {
  return new CryoscopeError('usage', `cannot make ${withArticle(typeName(type))}: ${why}`)
}
