import { type CellLine, cellsOf } from './cells.js'

/** Unchanged cells between two changed ones that are cheaper to write again than to jump over. */
const cheapGap = 4
/** Plain cells at the start of the next line that are cheaper to write than to address. */
const cheapIndent = 4
/** Lines that must move together before the terminal is asked to scroll. */
const fewestScrolled = 4
const farthestScroll = 8
const blank: CellLine = { characters: [], styles: [] }

/**
 * Turns frames, each the whole screen as lines, into the least that brings the terminal from one to the next: cells that
 * changed, and a scrolled region where lines have only moved.
 */
export class FrameWriter {
  #lines: string[] = []
  #cells: (CellLine | undefined)[] = []
  #rows = 0

  /** What to send so that the terminal shows these lines; empty when it does already. */
  update(frame: readonly string[], rows: number): string {
    const lines = frame.slice(0, rows)
    while (lines.length < rows) lines.push('')
    let out = ''
    if (rows !== this.#rows) {
      this.#rows = rows
      this.#lines = lines.map(() => '')
      this.#cells = lines.map(() => blank)
      out += '\x1b[m\x1b[2J'
    }
    out += this.#scroll(lines)
    const pen = new Pen()
    for (const [row, line] of lines.entries()) {
      if (line !== this.#lines[row]) out += this.#line(row, line, pen)
    }
    return out
  }

  /** The terminal shows nothing of ours any more: all is written anew. */
  forget(): void {
    this.#rows = 0
  }

  #line(row: number, line: string, pen: Pen): string {
    const before = this.#cells[row]
    const after = cellsOf(line)
    this.#lines[row] = line
    this.#cells[row] = after
    if (after === undefined || before === undefined) {
      pen.lose()
      return `\x1b[${row + 1}H\x1b[m${line}\x1b[m\x1b[K`
    }
    return changedCells(row, before, after, pen)
  }

  /** Moves what has only moved: finds the distance at which most lines are those of before. */
  #scroll(lines: readonly string[]): string {
    const old = this.#lines
    const changed = lines.reduce((count, line, row) => count + (line === old[row] ? 0 : 1), 0)
    if (changed < fewestScrolled) return ''
    let best = { saved: fewestScrolled - 1, distance: 0, first: 0, last: 0 }
    for (let distance = -farthestScroll; distance <= farthestScroll; distance++) {
      if (distance === 0) continue
      let saved = 0
      let first = -1
      let last = -1
      for (let row = 0; row < lines.length; row++) {
        const from = row + distance
        if (from < 0 || from >= lines.length) continue
        if (lines[row] !== old[from] || lines[row] === old[row] || lines[row] === '') continue
        saved++
        if (first < 0) first = row
        last = row
      }
      if (saved > best.saved) best = { saved, distance, first, last }
    }
    const { distance, first, last } = best
    if (distance === 0) return ''
    const top = distance > 0 ? first : first + distance
    const bottom = distance > 0 ? last + distance : last
    const moved = Math.abs(distance)
    const empty = Array.from({ length: moved }, () => '')
    const none = empty.map((): CellLine | undefined => blank)
    const shift = <T>(all: T[], filler: T[]): T[] => {
      const region = all.slice(top, bottom + 1)
      const shifted =
        distance > 0 ? [...region.slice(moved), ...filler] : [...filler, ...region.slice(0, -moved)]
      return [...all.slice(0, top), ...shifted, ...all.slice(bottom + 1)]
    }
    this.#lines = shift(this.#lines, empty)
    this.#cells = shift(this.#cells, none)
    return `\x1b[m\x1b[${top + 1};${bottom + 1}r\x1b[${moved}${distance > 0 ? 'S' : 'T'}\x1b[r`
  }
}

/** Where the terminal's cursor is. */
class Pen {
  #row = -1
  #column = -1

  /**
   * Moves it, in few bytes. `cells` are what the line shall show: plain ones at its start may be written on the way, for which
   * the style in force must be plain where the row is another one.
   */
  go(row: number, column: number, cells: CellLine): string {
    const from = { row: this.#row, column: this.#column }
    this.#row = row
    this.#column = column
    if (row === from.row && column >= from.column) {
      const distance = column - from.column
      return distance === 0 ? '' : `\x1b[${distance === 1 ? '' : distance}C`
    }
    const isIndent = cells.styles.slice(0, column).every((style) => style === '')
    if (from.row >= 0 && row === from.row + 1 && column <= cheapIndent && isIndent)
      return `\r\n${cells.characters.slice(0, column).join('').padEnd(column)}`
    return `\x1b[${row + 1}${column === 0 ? '' : `;${column + 1}`}H`
  }

  wrote(cells: number): void {
    this.#column += cells
  }

  /** It is somewhere. */
  lose(): void {
    this.#row = -1
  }
}

function changedCells(row: number, before: CellLine, after: CellLine, pen: Pen): string {
  const width = after.characters.length
  const same = (column: number): boolean =>
    (after.characters[column] ?? ' ') === (before.characters[column] ?? ' ') &&
    (after.styles[column] ?? '') === (before.styles[column] ?? '')
  let out = ''
  let style = ''
  let column = 0
  while (column < width) {
    if (same(column)) {
      column++
      continue
    }
    let end = column + 1
    for (let at = end; at < width && at - end <= cheapGap; at++) if (!same(at)) end = at + 1
    out += pen.go(row, column, after)
    pen.wrote(end - column)
    for (; column < end; column++) {
      const wanted = after.styles[column] as string
      if (wanted !== style) {
        out += wanted === '' ? '\x1b[m' : `\x1b[${style === '' ? '' : '0;'}${wanted}m`
        style = wanted
      }
      out += after.characters[column]
    }
  }
  if (style !== '') out += '\x1b[m'
  // What the old line had beyond the end of the new one.
  let longest = before.characters.length
  while (longest > width && before.characters[longest - 1] === ' ' && before.styles[longest - 1] === '')
    longest--
  if (longest > width) out += `${pen.go(row, width, after)}\x1b[K`
  return out
}
