import type { Arena } from '../../bpf/arena/arena.js'
import { type Column, numberColumn, orDash } from './column.js'

export const arenaColumns: readonly Column<Arena>[] = [
  numberColumn('id', 'ID', ({ id }) => id),
  { key: 'name', title: 'NAME', cell: ({ name }) => orDash(name) },
  {
    key: 'address',
    title: 'USER ADDRESS',
    rigid: true,
    cell: ({ window }) => `0x${window.userStart.toString(16)}`,
    sort: ({ window }) => window.userStart,
  },
  numberColumn('pages', 'PAGES', ({ pages }) => pages.length),
  numberColumn('declared', 'OF', ({ window }) => window.declaredPages),
  {
    key: 'programs',
    title: 'PROGRAMS',
    cell: ({ users }) => orDash(users.map(({ name }) => name).join(', ')),
  },
]
