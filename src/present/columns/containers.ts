import type { Container } from '../../bpf/containers/container.js'
import type { ContainerEntry, ContainerKind } from '../../bpf/containers/reading.js'
import type { Detail } from '../../contract/details.js'
import { detailsJson } from '../../contract/details.js'
import { figureText } from '../../problems.js'
import type { Value } from '../../value/types.js'
import { type Column, figureColumn, numberColumn, orDash } from './column.js'
import { detailsText } from './object-text.js'

export const containerColumns: readonly Column<Container>[] = [
  numberColumn('arena', 'ARENA', ({ arena }) => arena.id),
  { key: 'name', title: 'NAME', cell: ({ name }) => name },
  { key: 'kind', title: 'KIND', rigid: true, cell: ({ kind }) => kind },
  figureColumn('entries', 'ENTRIES', ({ count }) => count),
  { key: 'state', title: 'STATE', cell: (container) => orDash(stateText(container)) },
  { key: 'found', title: 'FOUND', rigid: true, cell: ({ origin }) => origin.certainty },
  numberColumn('problems', 'PROBLEMS', ({ problems }) => problems.length),
]

/** "12 entries", "at least 3 bits set". */
export function countText({ kind, count }: Container): string {
  const isOne = count.whole && count.value === 1
  return `${figureText(count)} ${kind === 'bitmap' ? (isOne ? 'bit set' : 'bits set') : isOne ? 'entry' : 'entries'}`
}

/** What it says of itself, in a line: "order fifo, size 12". */
export function stateText({ state }: Container): string {
  return detailsText(detailsJson(state))
}

/** "rbtree in arena 3, by the type of the variable prices". */
export function originText({ kind, arena, origin }: Container): string {
  const degree = origin.certainty === 'declared' ? 'by' : `${origin.certainty}:`
  return `${kind} in arena ${arena.id}, ${degree} ${origin.evidence}`
}

const index = numberColumn<ContainerEntry>('index', '#', (entry) => entry.index)
const value: Column<ContainerEntry> = { key: 'value', title: 'VALUE', cell: valueText }
const keyed = (title: string): Column<ContainerEntry> => numberColumn('key', title, ({ key }) => key)
const detail = (key: string, title: string): Column<ContainerEntry> => ({
  key,
  title,
  cell: ({ details }) => detailText(details[key]),
})
const numberDetail = (key: string, title: string): Column<ContainerEntry> => ({
  ...detail(key, title),
  align: 'right',
  rigid: true,
})
const colour: Column<ContainerEntry> = {
  key: 'colour',
  title: 'NODE',
  cell: ({ details, depth }) => `${details.isRed === true ? 'red' : 'black'}, level ${depth}`,
}

/** The columns of a container's entries. */
export const entryColumns: Readonly<Record<ContainerKind, readonly Column<ContainerEntry>[]>> = {
  rbtree: [index, keyed('KEY'), value, colour],
  btree: [index, keyed('KEY'), value],
  minheap: [index, keyed('WEIGHT'), value, numberDetail('slot', 'SLOT')],
  atq: [index, keyed('KEY'), value, detail('state', 'STATE')],
  dhq: [index, keyed('KEY'), value, detail('strand', 'STRAND')],
  lvqueue: [index, value, numberDetail('slot', 'SLOT')],
  bitmap: [index, numberDetail('first', 'FIRST'), numberDetail('last', 'LAST')],
  topology: [
    {
      key: 'level',
      title: 'LEVEL',
      rigid: true,
      cell: ({ depth, details }) => `${'  '.repeat(depth)}${detailText(details.level)}`,
    },
    keyed('ID'),
    detail('cpus', 'CPUS'),
    {
      key: 'node',
      title: 'NODE',
      cell: ({ address }) => (address === undefined ? '-' : `0x${address.toString(16)}`),
    },
  ],
  cgroup_bw: [
    {
      key: 'cgroup',
      title: 'CGROUP',
      rigid: true,
      cell: ({ depth, key }) => `${'  '.repeat(depth)}${key}`,
      sort: ({ key }) => key,
    },
    numberDetail('quota', 'QUOTA NS'),
    numberDetail('period', 'PERIOD NS'),
    numberDetail('burst', 'BURST NS'),
    numberDetail('nquota_ub', 'BOUND NS'),
    numberDetail('period_budget', 'BUDGET NS'),
    numberDetail('runtime_total_last', 'LAST RUN NS'),
    { ...detail('is_throttled', 'THROTTLED'), rigid: true },
    { key: 'llcs', title: 'LLCS', rigid: true, cell: ({ details }) => llcText(details.llcs) },
  ],
}

function llcText(llcs: Detail): string {
  if (!Array.isArray(llcs)) return '-'
  return orDash((llcs as readonly { readonly llc: number }[]).map(({ llc }) => llc).join(', '))
}

function detailText(part: Detail): string {
  return part === undefined || part === null ? '-' : String(part)
}

/** A value on one line, with what an address lies in. */
export function valueText(entry: ContainerEntry): string {
  const { value: held, object } = entry
  if (held === undefined) return '-'
  if (typeof held === 'object' && '$kind' in held) return oneLine(held)
  const plain = String(held)
  return object === undefined ? plain : `0x${BigInt(held as bigint).toString(16)} (in ${object})`
}

function oneLine(held: Exclude<Value, string | number | bigint | boolean>): string {
  return '$format' in held ? held.$format({ columns: 4096, depth: 1 }) : String(held)
}
