import { typeName } from '../../btf/type-name.js'
import type { CType, EnumType } from '../../btf/types.js'
import { jsonLine } from '../../contract/json.js'
import { textAt } from '../../text/decode.js'
import { halfFloat, hexOf, smallAt } from '../bytes.js'
import type { ValueContext } from '../context.js'
import { type Field, fieldsOf } from '../fields.js'
import { cpuList, cpusOf, highestCpu } from '../mask.js'
import {
  elementHome,
  evidenceJson,
  type Home,
  holdsWords,
  type RecoveredPointer,
  recoveredAt,
} from '../recovered.js'
import { deepestNesting, type IntShape, type MaskShape, type Shape, shapeOf } from '../shape.js'
import { jsonOf, mostValues } from './json.js'

/** Gives the JSON text of the value at `offset`; `view` and `bytes` cover the same memory. */
export type RenderJson = (view: DataView, bytes: Uint8Array, offset: number) => string

/**
 * `jsonOf` for many values of one type: what is known from the type is worked out once, and the text is written
 * without building the values. Gives what `jsonLine(jsonOf(…))` gives, for short bytes too.
 */
export function compileJson(context: ValueContext, type: CType): RenderJson {
  const shape = shapeOf(type)
  const plain: RenderJson = (_view, bytes, offset) => jsonLine(jsonOf(context, type, bytes, offset))
  const extent = new Extents().of(shape, 0)
  if (extent.values > mostValues(shape.size, shape.size) || extent.depth > deepestNesting) return plain
  const render = new Compiler(context).value(shape)
  const size = Math.max(shape.size, extent.end)
  return (view, bytes, offset) =>
    offset + size > bytes.length ? plain(view, bytes, offset) : render(view, bytes, offset)
}

interface Extent {
  /** Values that rendering gives. */
  readonly values: number
  readonly depth: number
  /** Bytes from the start that are read: a broken type's members may lie outside it. */
  readonly end: number
}

const endless: Extent = { values: Number.POSITIVE_INFINITY, depth: Number.POSITIVE_INFINITY, end: 0 }

/** What rendering a type would come to, found without doing it. */
class Extents {
  readonly #known = new Map<Shape, Extent>()

  of(shape: Shape, depth: number): Extent {
    if (shape.kind !== 'struct' && shape.kind !== 'array') return { values: 1, depth: 1, end: shape.size }
    if (depth > deepestNesting) return endless
    const known = this.#known.get(shape)
    if (known !== undefined) return known
    // Meeting it again before it is done means that it holds itself.
    this.#known.set(shape, endless)
    const extent = this.#measure(shape, depth)
    this.#known.set(shape, extent)
    return extent
  }

  #measure(shape: Shape & { kind: 'struct' | 'array' }, depth: number): Extent {
    if (shape.kind === 'array') {
      if (shape.length === 0) return { values: 1, depth: 1, end: 0 }
      const element = this.of(shape.element, depth + 1)
      const end = (shape.length - 1) * shape.element.size + element.end
      return { values: 1 + shape.length * element.values, depth: 1 + element.depth, end }
    }
    const fields = fieldsOf(shape.bare)
    if (fields.problem !== undefined) return endless
    let values = 1
    let deepest = 0
    let end = 0
    for (const field of fields.list) {
      const extent =
        field.width > 0 ? { values: 1, depth: 1, end: field.size } : this.of(field.shape, depth + 1)
      values += extent.values
      deepest = Math.max(deepest, extent.depth)
      end = Math.max(end, field.offset + extent.end)
    }
    return { values, depth: 1 + deepest, end }
  }
}

const smallNumbers = Array.from({ length: 256 }, (_, value) => `${value}`)
const characters = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code))
/** Bytes that JSON text shows as they are. */
const isPlain = Uint8Array.from({ length: 256 }, (_, code) =>
  code >= 0x20 && code < 0x7f && code !== 0x22 && code !== 0x5c ? 1 : 0,
)
const two32 = 2 ** 32
/** In larger arrays of integers each is asked for when it is read: a broken type may claim more than memory has. */
const mostWordBytes = 2 ** 19

class Compiler {
  readonly #context: ValueContext
  readonly #made = new Map<Shape, RenderJson>()

  constructor(context: ValueContext) {
    this.#context = context
  }

  value(shape: Shape): RenderJson {
    let render = this.#made.get(shape)
    if (render === undefined) {
      render = this.#make(shape)
      this.#made.set(shape, render)
    }
    return render
  }

  #make(shape: Shape): RenderJson {
    switch (shape.kind) {
      case 'int':
        return integer(shape)
      case 'float':
        return float(shape.size)
      case 'enum':
        return enumeration(shape.enumeration)
      case 'pointer':
        return this.#pointer(shape.pointer)
      case 'text':
        return text(shape.size)
      case 'mask':
        return this.#mask(shape)
      case 'opaque': {
        const { size } = shape
        const tail = `","reason":${jsonLine(shape.reason)}}`
        return (_view, bytes, offset) => `{"hex":"${hexOf(bytes, offset, offset + size)}${tail}`
      }
      case 'array':
        return this.#array(shape.element, shape.length)
      case 'struct':
        return this.#struct(fieldsOf(shape.bare).list)
    }
  }

  #struct(fields: readonly Field[]): RenderJson {
    const keys = fields.map(({ name }, index) => `${index === 0 ? '{' : ','}${jsonLine(name)}:`)
    const offsets = fields.map(({ offset }) => offset)
    const renders = fields.map((field) => this.#field(field))
    const count = fields.length
    if (count === 0) return () => '{}'
    return (view, bytes, offset) => {
      let json = ''
      for (let n = 0; n < count; n++) {
        const render = renders[n] as RenderJson
        json += (keys[n] as string) + render(view, bytes, offset + (offsets[n] as number))
      }
      return `${json}}`
    }
  }

  #field(field: Field): RenderJson {
    const { shape, width } = field
    if (width === 0) {
      const mayHold = this.#context.recoverPointer !== undefined && holdsWords(shape)
      return mayHold ? this.#words(shape, field.home) : this.value(shape)
    }
    if (shape.kind === 'int') {
      const decode = integerText(shape.signed, shape.bool, width)
      return bits(field, decode.small, decode.wide)
    }
    if (shape.kind === 'enum') {
      const decode = enumText(shape.enumeration, width)
      return bits(field, (value) => decode(BigInt(value)), decode)
    }
    return this.value(shape)
  }

  /** An integer, or an array of them, of which some may be pointers. */
  #words(shape: Shape, home: Home | undefined): RenderJson {
    if (shape.kind !== 'array') {
      const recovered = recoveredAt(this.#context, shape, home)
      return recovered === undefined ? this.value(shape) : this.#recovered(recovered, this.value(shape))
    }
    const { element, length } = shape
    if (shape.size > mostWordBytes) {
      return (view, bytes, offset) => {
        const parts: string[] = []
        for (let n = 0; n < length; n++) {
          const render = this.#words(element, elementHome(home, n, element.size))
          parts.push(render(view, bytes, offset + n * element.size))
        }
        return `[${parts.join()}]`
      }
    }
    const plain = this.value(element)
    const renders = Array.from({ length }, (_, n) => this.#words(element, elementHome(home, n, element.size)))
    if (renders.every((render) => render === plain)) return this.value(shape)
    return (view, bytes, offset) =>
      `[${renders.map((render, n) => render(view, bytes, offset + n * element.size)).join()}]`
  }

  #recovered(pointer: RecoveredPointer, plain: RenderJson): RenderJson {
    const tail = `","type":${jsonLine(typeName(pointer.type))}`
    const recovered = `,${jsonLine(evidenceJson(pointer.evidence)).slice(1)}`
    return (view, bytes, offset) => {
      const value = view.getBigUint64(offset, true)
      if (!pointer.accepts(value)) return plain(view, bytes, offset)
      const to = value === 0n ? undefined : this.#context.symbolize(value)
      const named = to === undefined ? '' : `,"to":${jsonLine(to)}`
      return `{"pointer":"0x${value.toString(16)}${tail}${named}${recovered}`
    }
  }

  #array(element: Shape, length: number): RenderJson {
    if (length === 0) return () => '[]'
    const { size } = element
    const render = this.value(element)
    return (view, bytes, offset) => {
      let json = `[${render(view, bytes, offset)}`
      for (let n = 1; n < length; n++) json += `,${render(view, bytes, offset + n * size)}`
      return `${json}]`
    }
  }

  #pointer(type: CType): RenderJson {
    const tail = `","type":${jsonLine(typeName(type))}`
    const none = `{"pointer":"0x0${tail}}`
    return (view, _bytes, offset) => {
      const low = view.getUint32(offset, true)
      const high = view.getUint32(offset + 4, true)
      if (low === 0 && high === 0) return none
      const hex = high === 0 ? low.toString(16) : high.toString(16) + low.toString(16).padStart(8, '0')
      const to = this.#context.symbolize((BigInt(high) << 32n) | BigInt(low))
      return `{"pointer":"0x${hex}${tail}${to === undefined ? '}' : `,"to":${jsonLine(to)}}`}`
    }
  }

  #mask({ start, length }: MaskShape): RenderJson {
    const highest = highestCpu(this.#context.cpus)
    return (_view, bytes, offset) => `"${cpuList(cpusOf(bytes, offset + start, length, highest))}"`
  }
}

function integer(shape: IntShape): RenderJson {
  const { size, signed } = shape
  if (shape.bits !== size * 8) {
    const decode = integerText(signed, shape.bool, shape.bits)
    const place = { shift: shape.bitOffset, width: shape.bits, size }
    return bits(place, decode.small, decode.wide)
  }
  if (shape.bool) {
    return (_view, bytes, offset) => {
      for (let n = 0; n < size; n++) if (bytes[offset + n] !== 0) return 'true'
      return 'false'
    }
  }
  switch (size) {
    case 1:
      return signed
        ? (view, _bytes, offset) => `${view.getInt8(offset)}`
        : (_view, bytes, offset) => smallNumbers[bytes[offset] as number] as string
    case 2:
      return signed
        ? (view, _bytes, offset) => `${view.getInt16(offset, true)}`
        : (view, _bytes, offset) => `${view.getUint16(offset, true)}`
    case 4:
      return signed
        ? (view, _bytes, offset) => `${view.getInt32(offset, true)}`
        : (view, _bytes, offset) => `${view.getUint32(offset, true)}`
    case 8:
      return signed ? signedWord : unsignedWord
    default: {
      const decode = integerText(signed, false, size * 8)
      return bits({ shift: 0, width: size * 8, size }, decode.small, decode.wide)
    }
  }
}

const unsignedWord: RenderJson = (view, _bytes, offset) => {
  const high = view.getUint32(offset + 4, true)
  if (high < 0x200000) return `${high * two32 + view.getUint32(offset, true)}`
  return `"${view.getBigUint64(offset, true)}"`
}

const signedWord: RenderJson = (view, _bytes, offset) => {
  const high = view.getInt32(offset + 4, true)
  if (high >= -0x200000 && high < 0x200000) {
    const value = high * two32 + view.getUint32(offset, true)
    if (value >= Number.MIN_SAFE_INTEGER) return `${value}`
  }
  return `"${view.getBigInt64(offset, true)}"`
}

/** Bits of an integer, already unsigned, as JSON. */
interface IntegerText {
  readonly small: (bits: number) => string
  readonly wide: (bits: bigint) => string
}

function integerText(signed: boolean, bool: boolean, width: number): IntegerText {
  if (bool) return { small: (value) => `${value !== 0}`, wide: (value) => `${value !== 0n}` }
  const sign = 2 ** (width - 1)
  const range = 2 ** width
  return {
    small: signed ? (value) => `${value >= sign ? value - range : value}` : (value) => `${value}`,
    wide: (unsigned) => {
      const value = signed ? BigInt.asIntN(width, unsigned) : unsigned
      return Number.isSafeInteger(Number(value)) ? `${value}` : `"${value}"`
    },
  }
}

/** A bitfield, or an integer of an odd size: `shift` bits into its first byte, `width` wide, `size` bytes over all. */
function bits(
  place: Pick<Field, 'shift' | 'width' | 'size'>,
  small: (bits: number) => string,
  wide: (bits: bigint) => string,
): RenderJson {
  const { shift, width, size } = place
  if (shift + width <= 32) {
    const mask = width === 32 ? 0xffffffff : 2 ** width - 1
    return (_view, bytes, offset) =>
      small(((smallAt(bytes, offset, Math.min(size, 4)) >>> shift) & mask) >>> 0)
  }
  return (_view, bytes, offset) => {
    let value = 0n
    for (let n = size - 1; n >= 0; n--) value = value * 256n + BigInt(bytes[offset + n] as number)
    return wide(BigInt.asUintN(width, value >> BigInt(shift)))
  }
}

function float(size: 2 | 4 | 8): RenderJson {
  const finite = (value: number) => (Number.isFinite(value) ? `${value}` : `"${value}"`)
  switch (size) {
    case 2:
      return (view, _bytes, offset) => finite(halfFloat(view.getUint16(offset, true)))
    case 4:
      return (view, _bytes, offset) => finite(view.getFloat32(offset, true))
    case 8:
      return (view, _bytes, offset) => finite(view.getFloat64(offset, true))
  }
}

/** JSON of an enum from stored bits, which hold `width` of its bits. */
function enumText(type: EnumType, width: number): (bits: bigint) => string {
  const names = new Map<bigint, string>()
  for (const { name, value } of type.values) {
    const stored = BigInt.asUintN(type.size * 8, value)
    if (name !== '' && !names.has(stored)) names.set(stored, jsonLine(name))
  }
  const { wide } = integerText(type.signed, false, width)
  return (stored) => {
    const value = type.signed ? BigInt.asIntN(width, stored) : stored
    return names.get(BigInt.asUintN(type.size * 8, value)) ?? wide(stored)
  }
}

function enumeration(type: EnumType): RenderJson {
  const decode = enumText(type, type.size * 8)
  if (type.size !== 4)
    return bits({ shift: 0, width: type.size * 8, size: type.size }, (value) => decode(BigInt(value)), decode)
  // Enums are nearly always of 4 bytes, and the same few values come again and again.
  const names = new Map<number, string>()
  for (const { value } of type.values) {
    const stored = BigInt.asUintN(32, value)
    names.set(Number(stored), decode(stored))
  }
  return (view, _bytes, offset) => {
    const stored = view.getUint32(offset, true)
    return names.get(stored) ?? decode(BigInt(stored))
  }
}

function text(size: number): RenderJson {
  return (_view, bytes, offset) => {
    const end = offset + size
    let at = offset
    while (at < end && isPlain[bytes[at] as number] === 1) at++
    if (at < end && bytes[at] !== 0) return jsonLine(textAt(bytes, offset, end))
    if (at - offset > 24) {
      return `"${Buffer.from(bytes.buffer, bytes.byteOffset + offset, at - offset).toString('latin1')}"`
    }
    let json = '"'
    for (let n = offset; n < at; n++) json += characters[bytes[n] as number]
    return `${json}"`
  }
}
