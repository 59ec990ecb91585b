import type { BpfMap } from '../../bpf/map.js'
import { type Column, numberColumn, orDash } from './column.js'

/** What of a map its catalogue shows. */
export type ListedMap = Pick<BpfMap, 'info' | 'toJSON'>

export const mapColumns: readonly Column<ListedMap>[] = [
  numberColumn('id', 'ID', ({ info }) => info.id),
  { key: 'name', title: 'NAME', cell: ({ info }) => orDash(info.name) },
  { key: 'type', title: 'TYPE', cell: ({ info }) => info.type },
  { key: 'keyType', title: 'KEY', cell: (map) => typeOrSize(map.toJSON().keyType, map.info.keySize) },
  { key: 'valueType', title: 'VALUE', cell: (map) => typeOrSize(map.toJSON().valueType, map.info.valueSize) },
  numberColumn('maxEntries', 'MAX', ({ info }) => info.maxEntries),
]

function typeOrSize(typeName: unknown, size: number): string {
  if (typeof typeName === 'string') return typeName
  return size === 0 ? '-' : `${size} bytes`
}
