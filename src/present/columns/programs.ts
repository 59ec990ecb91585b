import type { BpfProgram } from '../../bpf/program.js'
import { nanosecondsText } from '../../units.js'
import { type Column, numberColumn, orDash } from './column.js'

export const programColumns: readonly Column<BpfProgram>[] = [
  numberColumn('id', 'ID', ({ id }) => id),
  { key: 'name', title: 'NAME', cell: ({ name }) => orDash(name) },
  { key: 'type', title: 'TYPE', cell: ({ type }) => type },
  numberColumn('insns', 'INSNS', ({ verifiedInstructions }) => verifiedInstructions),
  numberColumn('runs', 'RUNS', ({ runCount }) => runCount),
  numberColumn(
    'time',
    'TIME',
    ({ runTime }) => runTime,
    ({ runTime }) => (runTime === undefined ? '-' : nanosecondsText(runTime)),
  ),
  numberColumn('missed', 'MISSED', ({ recursionMisses }) => recursionMisses),
  { key: 'maps', title: 'MAPS', cell: ({ mapIds }) => orDash(mapIds.join(',')) },
]
