import { escapeText } from '../../text.js'
import { EnumValue } from '../enum.js'
import type { EnumShape, FloatShape, IntShape } from '../shape.js'
import type { FormatOptions, Value } from '../types.js'

/** Unsigned numbers from here on are addresses, masks or hashes, and read better in hexadecimal. */
const rarelyCounted = 2n ** 48n

/** A number, character, truth value or enum as text. */
export function formatScalar(
  shape: IntShape | EnumShape | FloatShape,
  value: Value,
  { hex = false }: Pick<FormatOptions, 'hex'>,
): string {
  if (value instanceof EnumValue) {
    const number = typeof value.value === 'bigint' ? value.value : BigInt(value.value)
    if (value.name === undefined) return formatInteger(number, hex)
    return `${escapeText(value.name)} (${formatInteger(number, hex)})`
  }
  if (typeof value === 'bigint') return formatInteger(value, hex || value >= rarelyCounted)
  if (typeof value !== 'number') return `${value}`
  if (shape.kind === 'float') return formatFloat(value, shape.size)
  if (shape.kind === 'int' && shape.char && !hex) return formatCharacter(value)
  return formatInteger(BigInt(value), hex)
}

function formatInteger(value: bigint, hex: boolean): string {
  if (!hex) return `${value}`
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`
}

function formatCharacter(value: number): string {
  const code = value & 0xff
  if (code === 0) return "'\\0'"
  if (code === 0x27 || code === 0x5c) return `'\\${String.fromCharCode(code)}'`
  if (code >= 0x7f) return `'\\x${code.toString(16)}'`
  return `'${escapeText(String.fromCharCode(code))}'`
}

/** The shortest decimal that reads back as the same number of that size. */
function formatFloat(value: number, size: number): string {
  if (Object.is(value, -0)) return '-0'
  if (size === 8 || !Number.isFinite(value)) return `${value}`
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return `${short}`
  }
  // Nine tell any two apart.
  return `${Number(value.toPrecision(9))}`
}
