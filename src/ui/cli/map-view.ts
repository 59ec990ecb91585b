import type { BpfMap, EntryValue, MapEntry } from '../../bpf/map.js'
import { detailsJson } from '../../contract/details.js'
import type { EntryChoice } from '../../contract/maps.js'
import {
  cellText,
  columnMembers,
  type EntryRow,
  entryCells,
  entryHeadings,
  entryRows,
  hexText,
  isSection,
  keyText,
} from '../../present/columns/map-entries.js'
import { detailsText, objectText, plainLines } from '../../present/columns/object-text.js'
import { textWidth } from '../../present/text/fit.js'
import type { Heading } from '../../present/text/layout.js'
import { pairLines } from '../../present/text/lines.js'
import { Problems, problemText } from '../../problems.js'
import { escapeText } from '../../text.js'
import type { Output } from './output.js'
import { printTable } from './table.js'

/** Entries looked at to decide between a table and blocks. */
const sampleSize = 200
const gapWidth = 2

/** Prints a map for people; resolves to the number of entries shown. */
export async function printMap(output: Output, map: BpfMap, choice: EntryChoice): Promise<number> {
  await output.line(output.bold(titleOf(map)))
  for (const problem of map.info.problems) output.note(`not all could be read: ${problemText(problem)}`)
  const problems = new Problems()
  await printState(output, map, problems)
  if (map.unsupported !== undefined) {
    await output.line(escapeText(map.unsupported))
    return 0
  }
  const walk = { shown: 0, cut: false }
  const rows = entryRows(chosen(map, choice, problems, walk))
  const sample = take(rows, sampleSize)
  const members = columnMembers(map)
  const columns = entryHeadings(map, members)
  const cells = sample.map((row) => entryCells(map, members, row))
  const all = rest(sample, rows)
  if (isSection(map) || !fits(columns, cells, output.columns)) await printBlocks(output, map, all)
  else
    await printTable(
      output,
      columns,
      mapped(all, (row) => entryCells(map, members, row)),
    )
  const count = `${walk.shown} ${walk.shown === 1 ? 'entry' : 'entries'}`
  if (walk.cut) await output.line(output.dim(`${count}; there are more (--limit cut them)`))
  else if (choice.key === undefined && !isSection(map)) await output.line(output.dim(count))
  for (const { where, why } of problems.list)
    output.note(`not all could be read: ${where}: ${escapeText(why)}`)
  return walk.shown
}

/** What there is to say of the map besides its entries: positions of a ring buffer, say. */
async function printState(output: Output, map: BpfMap, problems: Problems): Promise<void> {
  const state = Object.entries(detailsJson(map.state(problems)))
  if (state.length === 0) return
  const pairs = state.flatMap(([name, value]) =>
    plainLines(value).map((line, i): [string, string] => [i === 0 ? escapeText(`  ${name}`) : '', line]),
  )
  await output.line(pairLines(pairs, output.columns).join('\n'))
}

function titleOf(map: BpfMap): string {
  const { keyType, valueType } = map.toJSON()
  const { id, name, type, keySize, valueSize, maxEntries } = map.info
  const described = (typeName: unknown, size: number) =>
    typeof typeName === 'string' ? typeName : `${size} bytes`
  const shape =
    keySize === 0 && valueSize === 0
      ? ''
      : keySize === 0
        ? ` of ${described(valueType, valueSize)}`
        : `: ${described(keyType, keySize)} -> ${described(valueType, valueSize)}`
  return escapeText(`${name === '' ? 'map' : name} (${id}), ${type}${shape}, at most ${maxEntries}`)
}

function* chosen(
  map: BpfMap,
  { key, limit }: EntryChoice,
  problems: Problems,
  walk: { shown: number; cut: boolean },
): Generator<MapEntry> {
  if (key !== undefined) {
    const entry = map.entry(key, problems)
    if (entry === undefined) return
    walk.shown++
    yield entry
    return
  }
  for (const entry of map.entries(problems)) {
    if (walk.shown === limit) {
      walk.cut = true
      return
    }
    walk.shown++
    yield entry
  }
}

function fits(columns: readonly Heading[], rows: readonly (readonly string[])[], width: number): boolean {
  if (rows.some((cells) => cells.some((cell) => cell.includes('\n')))) return false
  let total = gapWidth * (columns.length - 1)
  for (const [index, { title }] of columns.entries()) {
    let widest = textWidth(title)
    for (const cells of rows) widest = Math.max(widest, textWidth(cells[index] ?? ''))
    total += widest
  }
  return total <= width
}

/** One block of C-like text for each row: "[42] = struct pid_stats { … }". */
async function printBlocks(output: Output, map: BpfMap, rows: Iterable<EntryRow>): Promise<void> {
  const section = isSection(map)
  for (const row of rows) {
    const label = section ? '' : `[${keyText(row.entry)}]${row.cpu === undefined ? '' : ` cpu ${row.cpu}`} = `
    const notes = row.entry.notes === undefined ? '' : `  (${detailsText(detailsJson(row.entry.notes))})`
    await output.line(`${label}${blockText(row.value, output.columns)}${notes}`)
  }
}

function blockText(value: EntryValue | undefined, columns: number): string {
  if (value === undefined) return '-'
  if (value.target !== undefined) return objectText(value.target)
  if (value.value === undefined) return hexLines(value.bytes, columns)
  const shown = value.value
  return typeof shown === 'object' && '$format' in shown ? shown.$format({ columns }) : cellText(shown)
}

/** Bytes in hex, sixteen or so to the line, behind their offset. */
function hexLines(bytes: Uint8Array, columns: number): string {
  const perLine = Math.max(8, Math.floor((columns - 8) / 3 / 8) * 8)
  if (bytes.length <= perLine) return hexText(bytes)
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += perLine) {
    const pairs = [...bytes.subarray(at, at + perLine)].map((byte) => byte.toString(16).padStart(2, '0'))
    lines.push(`\n  ${at.toString(16).padStart(4, '0')}  ${pairs.join(' ')}`)
  }
  return lines.join('')
}

function take<T>(source: Iterator<T>, count: number): T[] {
  const taken: T[] = []
  while (taken.length < count) {
    const next = source.next()
    if (next.done === true) break
    taken.push(next.value)
  }
  return taken
}

function* rest<T>(first: readonly T[], more: Iterable<T>): Generator<T> {
  yield* first
  yield* more
}

function* mapped<T, R>(source: Iterable<T>, change: (item: T) => R): Generator<R> {
  for (const item of source) yield change(item)
}
