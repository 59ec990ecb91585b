import { Allocator } from '../../bpf/allocators/allocator.js'
import { Arena } from '../../bpf/arena/arena.js'
import { BpfMap } from '../../bpf/map.js'
import { Vcpu } from '../../session/vcpu.js'
import { allocatorColumns } from './allocators.js'
import { arenaColumns } from './arenas.js'
import type { Column } from './column.js'
import { linkColumns } from './links.js'
import { logColumns } from './log.js'
import { mapColumns } from './maps.js'
import { programColumns } from './programs.js'
import { queueColumns, runqueueColumns } from './sched.js'
import { taskColumns } from './tasks.js'
import { vcpuColumns } from './vcpus.js'

/** A noun and its columns. */
export interface Catalogue<Row> {
  /** "3 maps" */
  readonly plural: string
  readonly columns: readonly Column<Row>[]
}

interface Known {
  readonly isRow: (row: object) => boolean
  // biome-ignore lint/suspicious/noExplicitAny: isRow has made sure that the rows fit the columns
  readonly catalogue: Catalogue<any>
}

const has =
  (...names: readonly string[]) =>
  (row: object) =>
    names.every((name) => name in row)

/** What lists of the session hold. Some are classes, the others are known by members that only they have. */
const known: readonly Known[] = [
  { isRow: (row) => row instanceof BpfMap, catalogue: { plural: 'maps', columns: mapColumns } },
  { isRow: (row) => row instanceof Arena, catalogue: { plural: 'arenas', columns: arenaColumns } },
  {
    isRow: (row) => row instanceof Allocator,
    catalogue: { plural: 'allocators', columns: allocatorColumns },
  },
  { isRow: (row) => row instanceof Vcpu, catalogue: { plural: 'vCPUs', columns: vcpuColumns } },
  {
    isRow: has('verifiedInstructions', 'recursionMisses', 'mapIds'),
    catalogue: { plural: 'programs', columns: programColumns },
  },
  { isRow: has('attachType', 'programId', 'target'), catalogue: { plural: 'links', columns: linkColumns } },
  { isRow: has('tgid', 'parentPid', 'isKernelThread'), catalogue: { plural: 'tasks', columns: taskColumns } },
  {
    isRow: has('runnableTasks', 'current', 'clock'),
    catalogue: { plural: 'runqueues', columns: runqueueColumns },
  },
  { isRow: has('facility', 'level', 'text'), catalogue: { plural: 'records', columns: logColumns } },
  { isRow: has('depth', 'sequence', 'cursors'), catalogue: { plural: 'queues', columns: queueColumns } },
]

/** The columns for a list of one of the session's nouns; undefined for any other list. */
// biome-ignore lint/suspicious/noExplicitAny: the rows are those that were given
export function catalogueOf(rows: readonly unknown[]): Catalogue<any> | undefined {
  const first = rows[0]
  if (typeof first !== 'object' || first === null) return undefined
  const found = known.find(({ isRow }) => isRow(first))
  if (found === undefined) return undefined
  const all = rows.every((row) => typeof row === 'object' && row !== null && found.isRow(row))
  return all ? found.catalogue : undefined
}
