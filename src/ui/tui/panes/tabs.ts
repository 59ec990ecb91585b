import type { Parts, TabEntry } from '../model/parts.js'
import { allocatorRecords, allocatorsView } from './allocators.js'
import { arenasView } from './arenas.js'
import { consoleView } from './console.js'
import { entryRowsOf, mapRecorders, mapsView } from './maps.js'
import { openTarget } from './open.js'
import { overviewView, storyRecords } from './overview.js'
import { programRecords, programsView } from './programs.js'
import { queueRecords } from './queues.js'
import { registerRecords } from './registers.js'
import { reportView } from './report.js'
import { schedulerRecords, schedulerView } from './scheduler.js'
import { symbolsView } from './symbols.js'
import { taskRecords, tasksView } from './tasks.js'
import { vcpuRecords, vcpusView } from './vcpus.js'

const tabs: readonly TabEntry[] = [
  { name: 'overview', title: 'Overview', short: 'Over', open: overviewView },
  { name: 'vcpus', title: 'vCPUs', short: 'vCPU', open: vcpusView },
  { name: 'maps', title: 'Maps', short: 'Maps', open: mapsView },
  { name: 'programs', title: 'Programs', short: 'Prog', open: programsView },
  { name: 'arenas', title: 'Arenas', short: 'Arena', open: arenasView },
  { name: 'allocators', title: 'Allocators', short: 'Alloc', open: allocatorsView },
  { name: 'scheduler', title: 'Scheduler', short: 'Sched', open: schedulerView },
  { name: 'tasks', title: 'Tasks', short: 'Tasks', open: tasksView },
  { name: 'symbols', title: 'Symbols', short: 'Syms', open: symbolsView },
  { name: 'console', title: 'Console', short: 'Cons', open: consoleView },
  { name: 'report', title: 'Report', short: 'Rep', open: reportView },
]

/** What the terminal UI consists of. */
export const parts: Parts = {
  tabs,
  open: openTarget,
  recorders: [
    { group: 'vcpus', rows: vcpuRecords },
    { group: 'registers', rows: registerRecords },
    { group: 'story', rows: storyRecords },
    { group: 'scheduler', rows: schedulerRecords },
    { group: 'dsq', rows: queueRecords },
    { group: 'tasks', rows: taskRecords },
    { group: 'progs', rows: programRecords },
    { group: 'allocators', rows: allocatorRecords },
    ...mapRecorders,
    {
      group: 'entries',
      *rows(desk) {
        for (const map of desk.vm.maps) yield* entryRowsOf(desk, map)
      },
    },
  ],
}
