import { textWidth } from '../../present/text/fit.js'
import { type Heading, tableLines } from '../../present/text/layout.js'
import { escapeText } from '../../text.js'
import type { ReportEntry } from '../document.js'
import type { ReportMap } from '../parts/maps.js'
import { cpuLines } from './cpu-text.js'
import { keyText, shownValue } from './entry-text.js'
import { flatTable } from './map-table.js'
import { valueLines } from './value-text.js'

const gap = 2

/** One map: what it is, what there is to say of it, and its first entries. */
export function* mapLines(
  map: ReportMap,
  entries: Iterable<ReportEntry>,
  limit: number,
  columns: number,
): Generator<string> {
  yield escapeText(mapTitle(map))
  const state = Object.entries(map.state)
  for (const [name, value] of state) yield* valueLines(`${escapeText(name)}: `, value, columns, '  ')
  const shown: ReportEntry[] = []
  for (const entry of entries) {
    if (shown.length === limit) break
    shown.push(entry)
  }
  yield* tableOf(shown, columns) ?? shown.flatMap((entry) => entryLines(entry, columns))
  const more = (map.count ?? 0) - shown.length
  if (more > 0) yield `  … and ${more} more entries`
  for (const { where, why } of map.problems) yield escapeText(`  ! ${where}: ${why}`)
}

/** "pid_stats (5), hash: s32 -> struct pid_stats, 84 of at most 65536 entries". */
export function mapTitle(map: ReportMap): string {
  const { id, name, type, keyType, valueType, keySize, valueSize, maxEntries, count, status } = map
  const key = keyType ?? (keySize === 0 ? '' : `${keySize} bytes`)
  const value = valueType ?? (valueSize === 0 ? '' : `${valueSize} bytes`)
  const shape = key === '' ? (value === '' ? '' : ` of ${value}`) : `: ${key} -> ${value}`
  const most = maxEntries > 0 && maxEntries !== count ? ` of at most ${maxEntries}` : ''
  const entries =
    count === null
      ? 'entries cannot be read'
      : `${count}${most} ${count === 1 && most === '' ? 'entry' : 'entries'}`
  const note = status === 'complete' ? '' : ` [${status}]`
  return `${name || 'map'} (${id}), ${type}${shape}, ${entries}${note}`
}

/** Entries one a line, where that fits. */
function tableOf(entries: readonly ReportEntry[], columns: number): string[] | undefined {
  const table = flatTable(entries)
  if (table === undefined) return undefined
  const { keys, values, rows, numeric } = table
  const cells = rows.map((row) => [...row.slice(0, keys.length), '|', ...row.slice(keys.length)])
  const sides = [...numeric.slice(0, keys.length), false, ...numeric.slice(keys.length)]
  const headings = [...keys, '|', ...values].map(
    (title, i): Heading => ({ title: escapeText(title), align: sides[i] ? 'right' : 'left' }),
  )
  let width = 0
  for (const [i, { title }] of headings.entries())
    width += gap + Math.max(textWidth(title), ...cells.map((row) => textWidth(row[i] ?? '')))
  return width > columns ? undefined : tableLines(headings, cells, columns).map((line) => `  ${line}`)
}

export function entryLines({ key, value, cpus, notes }: ReportEntry, columns: number): string[] {
  const isKeyless = key.owner === undefined && key.hex === ''
  const name = isKeyless ? '- ' : `[${keyText(key)}] `
  // The bytes of a stack are its frames.
  const frames = stackFrames(notes)
  if (frames !== undefined) return [`  ${name}`.trimEnd(), ...frames.map((frame) => `    ${frame}`)]
  const lines =
    cpus === undefined
      ? valueLines(name, value === undefined ? null : shownValue(value), columns, '  ')
      : cpuLines(name, cpus, columns, '  ')
  for (const field of value?.special ?? []) {
    const { kind, member, offset: _, size: __, ...rest } = field
    lines.push(...valueLines(escapeText(`${member} (${kind}) `), rest, columns, '    '))
  }
  if (notes !== undefined && Object.keys(notes).length > 0)
    lines.push(...valueLines('', notes, columns, '    '))
  return lines
}

/** Frames of an entry of a stack_trace map. */
function stackFrames(notes: ReportEntry['notes']): string[] | undefined {
  const frames = notes?.frames
  if (!Array.isArray(frames)) return undefined
  return (frames as Readonly<Record<string, unknown>>[]).map(({ symbol, address, buildId, offset }) =>
    escapeText(
      typeof symbol === 'string'
        ? symbol
        : typeof buildId === 'string'
          ? `${buildId}+0x${Number(offset).toString(16)}`
          : String(address),
    ),
  )
}
