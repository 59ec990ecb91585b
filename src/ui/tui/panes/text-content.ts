import { ArrayRows, type Content, type Row } from '../model/row.js'
import type { Tone } from '../style/theme.js'

/** Lines that are safe for the terminal, as rows. */
export function textContent(
  id: string,
  lines: readonly string[],
  { empty = 'Nothing here.', toneOf }: { empty?: string; toneOf?: (line: string) => Tone | undefined } = {},
): Content {
  const rows = lines.map((line, number): Row => {
    const tone = toneOf?.(line)
    return { id: `${id}/${number}`, cells: [line], inert: true, ...(tone === undefined ? {} : { tone }) }
  })
  return { columns: [{ title: '' }], rows: new ArrayRows(rows), empty, untitled: true }
}
