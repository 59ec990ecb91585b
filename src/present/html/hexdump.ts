import { strip } from '../../btf/layout.js'
import { fieldsOf } from '../../value/fields.js'
import type { ObjectValue } from '../../value/types.js'
import { type Html, html } from './markup.js'

const perLine = 16
const mostBytes = 4096

/** Bytes, sixteen to the line, with the members that lie in each line when their type is known. */
export function hexdump(bytes: Uint8Array, address = 0n, names: readonly PlacedName[] = []): Html {
  const shown = bytes.subarray(0, mostBytes)
  const rows: Html[] = []
  for (let at = 0; at < shown.length; at += perLine) {
    const piece = shown.subarray(at, at + perLine)
    const here = names.filter(({ offset }) => offset >= at && offset < at + perLine)
    const hex = [...piece].map((byte, index) => {
      const gap = index === 8 ? '  ' : ' '
      const starts = here.some(({ offset }) => offset === at + index)
      const look = starts ? 'a' : byte === 0 ? 'zero' : ''
      return html`${index === 0 ? '' : gap}<span class="${look}">${byte.toString(16).padStart(2, '0')}</span>`
    })
    const pad = ' '.repeat(
      (perLine - piece.length) * 3 + (piece.length <= 8 && piece.length < perLine ? 1 : 0),
    )
    const text = [...piece]
      .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·'))
      .join('')
    const label = here.map(({ offset, name }) => `+${(offset - at).toString(16)} ${name}`).join('  ')
    rows.push(
      html`<span class="d">${(address + BigInt(at)).toString(16).padStart(12, '0')}</span>  ${hex}${pad}  ${text.padEnd(perLine)}  <span class="d">${label}</span>\n`,
    )
  }
  const more =
    bytes.length > shown.length
      ? html`<div class="d">… ${bytes.length - shown.length} bytes more</div>`
      : undefined
  return html`<pre>${rows}</pre>${more}`
}

/** A name for the bytes from an offset. */
export interface PlacedName {
  readonly offset: number
  readonly name: string
}

/** The bytes of a value with its members beside them. */
export function hexdumpOfValue(value: ObjectValue): Html {
  return hexdump(value.$bytes, value.$address, placedNames(value))
}

/** Members of a struct and where they start. */
export function placedNames(value: ObjectValue): readonly PlacedName[] {
  const type = strip(value.$ctype)
  if (type.kind !== 'struct' && type.kind !== 'union' && type.kind !== 'section') return []
  return fieldsOf(type).list.map(({ offset, name }) => ({ offset, name }))
}
