import type { Allocator } from '../../bpf/allocators/allocator.js'
import { typeName } from '../../btf/type-name.js'
import { type Figure, whole } from '../../problems.js'
import { type Column, figureColumn, numberColumn } from './column.js'

export const allocatorColumns: readonly Column<Allocator>[] = [
  numberColumn('arena', 'ARENA', ({ arena }) => arena.id),
  { key: 'name', title: 'NAME', cell: ({ name }) => name },
  { key: 'kind', title: 'KIND', rigid: true, cell: ({ kind }) => kind },
  { key: 'elements', title: 'ELEMENTS', cell: elementsText },
  figureColumn('live', 'LIVE', liveElements),
  figureColumn('free', 'FREE', ({ reading: { slots } }) => slots.count('recycled', 'free')),
  numberColumn('leaks', 'LEAKS', ({ leaks }) => leaks.length),
  numberColumn('dangling', 'DANGLING', ({ dangling }) => dangling.length),
  numberColumn('problems', 'PROBLEMS', ({ problems }) => problems.length),
]

/** How many elements are handed out: slots, and objects in regions that keep no slots. */
export function liveElements({ reading: { slots }, objects }: Allocator): Figure {
  const live = slots.count('live')
  return live.whole ? whole(live.value + objects.length) : live
}

/** "struct task_ctx", "struct task_ctx (inferred)", "64 bytes". */
function elementsText({ payload, reading: { elementSize } }: Allocator): string {
  if (elementSize === undefined) return 'of any size'
  if (payload.type === undefined) return `${elementSize} bytes`
  return `${typeName(payload.type)}${payload.certainty === 'exact' ? '' : ' (inferred)'}`
}
