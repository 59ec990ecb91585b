import { cutText, type FitColumn, fitWidths, textWidth } from './fit.js'

/** What heads a column, and how its cells stand. */
export interface Heading {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** Is cut last: numbers, addresses, ids. */
  readonly rigid?: boolean
}

const gap = '  '

/** A table without frame, as wide as `width` at most, cells cut with …. Cells must be escaped, single-line text. */
export function tableLines(
  headings: readonly Heading[],
  rows: readonly (readonly string[])[],
  width: number,
  withHeader = true,
): string[] {
  return layOut(headings, rows, widthsFor(headings, rows, width), withHeader)
}

/** Widths of the columns that show these rows, together with the gaps at most `width`. */
export function widthsFor(
  headings: readonly Heading[],
  rows: readonly (readonly string[])[],
  width: number,
): number[] {
  const fits = headings.map(({ title, rigid = false }, index): FitColumn => {
    let natural = textWidth(title)
    for (const row of rows) natural = Math.max(natural, textWidth(row[index] ?? ''))
    return { natural, rigid }
  })
  return fitWidths(fits, width - gap.length * (headings.length - 1))
}

/** Lines of a table with known widths. */
export function layOut(
  headings: readonly Heading[],
  rows: readonly (readonly string[])[],
  widths: readonly number[],
  withHeader: boolean,
): string[] {
  const line = (cells: readonly string[]) => {
    let text = ''
    for (const [index, width] of widths.entries()) {
      const cell = cutText(cells[index] ?? '', width)
      const space = ' '.repeat(Math.max(0, width - textWidth(cell)))
      const padded = headings[index]?.align === 'right' ? space + cell : cell + space
      text += index === 0 ? padded : gap + padded
    }
    return text.trimEnd()
  }
  const lines = rows.map(line)
  return withHeader ? [line(headings.map(({ title }) => title)), ...lines] : lines
}
