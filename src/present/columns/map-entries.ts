import type { BpfMap, EntryValue, MapEntry } from '../../bpf/map.js'
import { sizeOf, strip } from '../../btf/layout.js'
import type { CType } from '../../btf/types.js'
import { escapeText, quoteText } from '../../text.js'
import type { StructValue, Value } from '../../value/types.js'
import { isUnreadable } from '../../value/unreadable.js'
import type { Heading } from '../text/layout.js'
import { objectText } from './object-text.js'

/** More members than this are no table. */
const mostColumns = 12
/** Bytes of a struct or union that still fits in a cell. */
const smallMember = 16
/** Numbers from here on are addresses, masks or hashes: they read better in hexadecimal. */
const rarelyCounted = 2n ** 48n

/** A value with the key it belongs to; per-CPU maps have one row per CPU. */
export interface EntryRow {
  readonly entry: MapEntry
  readonly cpu: number | undefined
  readonly value: EntryValue | undefined
}

/** One row for each value. */
export function* entryRows(entries: Iterable<MapEntry>): Generator<EntryRow> {
  for (const entry of entries) {
    if (entry.cpus === undefined) yield { entry, cpu: undefined, value: entry.value }
    else for (const value of entry.cpus) yield { entry, cpu: value.cpu, value }
  }
}

/**
 * Members that become columns; undefined when the value is one cell. With `nested`, small structs and unions inside are
 * cells too, written on one line.
 */
export function columnMembers(map: BpfMap, { nested = false } = {}): readonly string[] | undefined {
  const type = map.info.valueType === undefined ? undefined : strip(map.info.valueType)
  if (type?.kind !== 'struct' || type.members.length > mostColumns) return undefined
  const flat = type.members.every(
    ({ name, type: member }) => name !== '' && (isCell(member) || (nested && isSmall(member))),
  )
  return flat ? type.members.map(({ name }) => name) : undefined
}

function isSmall(type: CType): boolean {
  return (sizeOf(type) ?? Number.POSITIVE_INFINITY) <= smallMember
}

/** Whether a value of that type is one short text. */
function isCell(type: CType): boolean {
  const bare = strip(type)
  if (bare.kind !== 'array')
    return bare.kind === 'int' || bare.kind === 'enum' || bare.kind === 'pointer' || bare.kind === 'float'
  const element = strip(bare.element)
  return element.kind === 'int' && element.encoding === 'char'
}

/** A section of global variables (.bss, .data, .rodata). */
export function isSection(map: BpfMap): boolean {
  return map.info.valueType !== undefined && strip(map.info.valueType).kind === 'section'
}

/** Columns of a map's entries: the key, the CPU where there is one value for each, the value or its members. */
export function entryHeadings(map: BpfMap, members: readonly string[] | undefined): Heading[] {
  const number = (title: string): Heading => ({ title, align: 'right', rigid: true })
  // Keys of local storage are shown as their owners.
  const isPlain = isNumber(map.info.keyType) && map.keys !== 'owners'
  const key: Heading = isPlain ? number('KEY') : { title: 'KEY' }
  const cpu = map.perCpu ? [number('CPU')] : []
  const bare = map.info.valueType === undefined ? undefined : strip(map.info.valueType)
  if (members === undefined || bare?.kind !== 'struct') {
    return [key, ...cpu, isNumber(map.info.valueType) ? number('VALUE') : { title: 'VALUE' }]
  }
  const columns = bare.members.map(({ name, type }): Heading => {
    const title = escapeText(name)
    return isNumber(type) ? number(title) : { title }
  })
  return [key, ...cpu, ...columns]
}

function isNumber(type: CType | undefined): boolean {
  const bare = type === undefined ? undefined : strip(type)
  return bare?.kind === 'int' || bare?.kind === 'float'
}

/** Cells for those columns, safe for a terminal. */
export function entryCells(
  map: BpfMap,
  members: readonly string[] | undefined,
  { entry, cpu, value }: EntryRow,
): string[] {
  const cells = [keyText(entry), ...(map.perCpu ? [String(cpu ?? '')] : [])]
  const shown = value?.value
  if (members === undefined || typeof shown !== 'object' || isUnreadable(shown))
    return [...cells, valueText(value)]
  const struct = shown as StructValue
  return [...cells, ...members.map((member) => memberText(struct, member))]
}

/** An integer that is known to be a pointer reads as one. */
function memberText(struct: StructValue, member: string): string {
  const value: Value | undefined = struct[member]
  if (typeof value !== 'bigint') return cellText(value)
  const reference = struct.$member(member)
  return cellText(reference.$kind === 'pointer' ? reference : value)
}

/** The key on one line. */
export function keyText({ key }: MapEntry): string {
  if (key.owner !== undefined) return objectText(key.owner)
  if (key.bytes.length === 0) return '-'
  if (key.json === undefined) return hexText(key.bytes)
  return typeof key.json === 'string' ? quoteText(key.json) : escapeText(JSON.stringify(key.json))
}

function valueText(value: EntryValue | undefined): string {
  if (value === undefined) return '-'
  if (value.target !== undefined) return objectText(value.target)
  return value.value === undefined ? hexText(value.bytes) : cellText(value.value)
}

export function hexText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** A value on one line. */
export function cellText(value: Value | undefined): string {
  if (value === undefined) return '-'
  if (typeof value === 'string') return quoteText(value)
  if (typeof value === 'bigint' && value >= rarelyCounted) return `0x${value.toString(16)}`
  if (typeof value !== 'object') return String(value)
  return '$format' in value ? value.$format({ columns: Number.MAX_SAFE_INTEGER }) : escapeText(String(value))
}
