import type { ReportEntry } from '../document.js'
import { keyText, shownValue } from './entry-text.js'
import { flatMembers, valueText } from './value-text.js'

/** Entries one a line: their keys' and values' members as columns. */
export interface FlatTable {
  readonly keys: readonly string[]
  readonly values: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** For each column, whether all its cells are numbers. */
  readonly numeric: readonly boolean[]
}

/** More columns are no table. */
const mostColumns = 14

/** Undefined unless there are two entries at least, whose keys and values are all flat and alike. */
export function flatTable(entries: readonly ReportEntry[]): FlatTable | undefined {
  if (entries.length < 2) return undefined
  let keys: string[] | undefined
  let values: string[] | undefined
  const rows: string[][] = []
  for (const entry of entries) {
    const row = flatRow(entry)
    if (row === undefined) return undefined
    keys ??= Object.keys(row.key)
    values ??= Object.keys(row.value)
    if (keys.length + values.length > mostColumns) return undefined
    if (!isAlike(keys, row.key) || !isAlike(values, row.value)) return undefined
    rows.push([...keys.map((name) => row.key[name] ?? ''), ...values.map((name) => row.value[name] ?? '')])
  }
  const all = [...(keys ?? []), ...(values ?? [])]
  const numeric = all.map((_, i) => rows.every((row) => /^(-?[\d.]+|-|NULL|0x\S+)$/.test(row[i] ?? '')))
  return { keys: keys ?? [], values: values ?? [], rows, numeric }
}

type Texts = Readonly<Record<string, string>>

function flatRow({ key, value, cpus, notes }: ReportEntry): { key: Texts; value: Texts } | undefined {
  if (cpus !== undefined || notes !== undefined || value === undefined || value.special !== undefined)
    return undefined
  const shown = shownValue(value)
  const members = flatMembers(shown) ?? oneText(shown)
  if (members === undefined) return undefined
  const keys = key.owner === undefined ? flatMembers(key.value) : undefined
  return { key: keys ?? { KEY: keyText(key) }, value: members }
}

/** Values that are one text for people. */
function oneText(value: unknown): Texts | undefined {
  const text = valueText(value)
  return text.startsWith('{') ? undefined : { VALUE: text }
}

function isAlike(names: readonly string[], row: Texts): boolean {
  return Object.keys(row).length === names.length && names.every((name) => Object.hasOwn(row, name))
}
