import { extent } from '../../extent.js'
import { layOut, widthsFor } from '../../present/text/layout.js'
import { escapeText } from '../../text.js'
import type { Suggestion } from './engine.js'

/** The part that all names begin with. */
export function commonPrefix(names: readonly string[]): string {
  const [first = ''] = names
  let length = first.length
  for (const name of names) while (!name.startsWith(first.slice(0, length))) length--
  return first.slice(0, length)
}

/** Suggestions for a person: a line each with type and value while they fit, otherwise names in columns. */
export function suggestionLines(
  items: readonly Suggestion[],
  { columns, rows }: { readonly columns: number; readonly rows: number },
): string[] {
  const most = Math.max(5, rows - 3)
  if (items.length <= most && items.some(({ type, preview }) => type !== '' || preview !== '')) {
    const headings = [{ title: '', rigid: true }, { title: '' }, { title: '' }]
    const cells = items.map(({ name, type, preview }) =>
      [name, preview === '' ? '' : `= ${preview}`, type].map(escapeText),
    )
    return layOut(headings, cells, widthsFor(headings, cells, columns), false)
  }
  const names = items.map(({ name }) => escapeText(name))
  const width = extent(names.map(({ length }) => length))[1] + 2
  const perRow = Math.max(1, Math.floor(columns / width))
  const needed = Math.ceil(names.length / perRow)
  const lines = Array.from({ length: Math.min(needed, most) }, (_, row) =>
    Array.from({ length: perRow }, (__, column) => names[column * needed + row] ?? '')
      .map((name) => name.padEnd(width))
      .join('')
      .trimEnd(),
  )
  return needed > most ? [...lines, `… ${names.length} in all; type more to see fewer`] : lines
}
