import { fitWidths } from '../../../present/text/fit.js'

/** Blanks between columns. */
export const columnGap = 2
/** A column that keeps less tells nothing. */
const leastWidth = 8
/** An address of 64 bits, and a little more. */
const longestRigid = 20

export interface SizedColumn {
  /** Width that shows everything that was seen of it. */
  readonly natural: number
  /** Numbers and addresses, useless when cut. */
  readonly rigid: boolean
  /** What tells rows apart: names, keys, pids. It gives way last, and stays when one scrolls to the right. */
  readonly identifies: boolean
}

export interface PlacedColumn {
  readonly index: number
  readonly width: number
}

export interface PlacedColumns {
  readonly columns: readonly PlacedColumn[]
  /** Columns that have no room: to the left of those that are shown, and to the right. */
  readonly before: number
  readonly after: number
}

/**
 * Which columns are shown, and how wide. What identifies a row gets its room first, then numbers, then texts; columns that
 * would tell nothing any more are left out from the right, and reached by scrolling: `skipped` are left out on the left.
 */
export function placeColumns(columns: readonly SizedColumn[], available: number, skipped = 0): PlacedColumns {
  const others = columns.flatMap(({ identifies }, index) => (identifies ? [] : [index]))
  const before = Math.min(skipped, Math.max(0, others.length - 1))
  const shown = new Set(columns.keys())
  for (const index of others.slice(0, before)) shown.delete(index)
  const least = ({ natural, rigid, identifies }: SizedColumn): number =>
    Math.max(
      1,
      Math.min(natural, identifies ? Math.max(leastWidth, available / 2) : rigid ? longestRigid : leastWidth),
    )
  const needed = (): number =>
    [...shown].reduce(
      (sum, index) => sum + Math.floor(least(columns[index] as SizedColumn)) + columnGap,
      -columnGap,
    )
  let after = 0
  for (const index of others.toReversed()) {
    if (needed() <= available || shown.size <= 1) break
    if (shown.delete(index)) after++
  }
  const kept = [...shown].sort((a, b) => a - b)
  return { columns: sized(columns, kept, available), before, after }
}

function sized(columns: readonly SizedColumn[], kept: readonly number[], available: number): PlacedColumn[] {
  const room = available - columnGap * (kept.length - 1)
  const widths = new Map<number, number>()
  const left = (): number => room - [...widths.values()].reduce((sum, width) => sum + width, 0)
  const groups = [
    kept.filter((index) => columns[index]?.identifies),
    kept.filter((index) => columns[index]?.rigid && !columns[index]?.identifies),
    kept.filter((index) => !columns[index]?.rigid && !columns[index]?.identifies),
  ]
  for (const [number, group] of groups.entries()) {
    // What comes after keeps the least.
    const reserved = groups
      .slice(number + 1)
      .flat()
      .reduce((sum, index) => sum + Math.max(1, Math.min(columns[index]?.natural ?? 0, leastWidth)), 0)
    const fits = group.map((index) => ({ natural: columns[index]?.natural ?? 0, rigid: false }))
    const given = fitWidths(fits, Math.max(group.length, left() - reserved))
    for (const [i, index] of group.entries()) widths.set(index, given[i] ?? 1)
  }
  return kept.map((index) => ({ index, width: widths.get(index) ?? 1 }))
}
