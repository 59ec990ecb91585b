import type { Action } from './action.js'
import type { Cockpit } from './cockpit.js'
import {
  advance,
  askUntil,
  checkpoint,
  freezeOrThaw,
  restore,
  selectCpu,
  unlessFrozen,
  unlessGuest,
  watch,
} from './control.js'
import { edit, undo, unlessWritable } from './editing.js'
import { back, stepBack, unlessRecord, whoWrote } from './record.js'
import { finish, step, stepOver } from './stepping.js'
import { listStops, runToStop, toggleStop, unlessStops } from './stops.js'

const unlessPlace = (cockpit: Cockpit): string | undefined =>
  cockpit.selected?.place === undefined
    ? 'no memory of its own is under the cursor: open a value and go to one of its fields'
    : undefined

const unlessWatchable = (cockpit: Cockpit): string | undefined =>
  unlessFrozen(cockpit) ?? unlessPlace(cockpit)

/** Keys that let the guest run and stand, and that write to it. */
export const controlActions: readonly Action[] = [
  {
    name: 'freeze',
    group: 'Control',
    keys: ['f'],
    hint: (cockpit) => (cockpit.isLive ? 'freeze' : 'thaw'),
    text: 'freeze the guest, or let it run',
    unavailable: unlessGuest,
    run: freezeOrThaw,
  },
  {
    name: 'step',
    group: 'Control',
    keys: ['n'],
    hint: 'step',
    text: 'one instruction on the selected vCPU',
    unavailable: unlessFrozen,
    run: (cockpit) => step(cockpit, 1),
  },
  {
    name: 'step-10',
    group: 'Control',
    keys: ['N'],
    text: '10 instructions',
    unavailable: unlessFrozen,
    run: (cockpit) => step(cockpit, 10),
  },
  {
    name: 'step-100',
    group: 'Control',
    keys: ['ctrl-n'],
    text: '100 instructions',
    unavailable: unlessFrozen,
    run: (cockpit) => step(cockpit, 100),
  },
  {
    name: 'step-over',
    group: 'Control',
    keys: ['o'],
    text: 'the next instruction, a call with all that it calls',
    unavailable: unlessFrozen,
    run: stepOver,
  },
  {
    name: 'finish',
    group: 'Control',
    keys: ['F'],
    text: 'run until the function returns to its caller',
    unavailable: unlessFrozen,
    run: finish,
  },
  { name: 'vcpu', group: 'Control', keys: ['v'], text: 'select the next vCPU', run: selectCpu },
  {
    name: 'advance',
    group: 'Control',
    keys: ['a'],
    hint: 'advance',
    text: 'let the guest run for 1 ms',
    unavailable: unlessFrozen,
    run: (cockpit) => advance(cockpit, 1),
  },
  {
    name: 'advance-10',
    group: 'Control',
    keys: ['A'],
    text: 'for 10 ms',
    unavailable: unlessFrozen,
    run: (cockpit) => advance(cockpit, 10),
  },
  {
    name: 'advance-100',
    group: 'Control',
    keys: ['ctrl-a'],
    text: 'for 100 ms',
    unavailable: unlessFrozen,
    run: (cockpit) => advance(cockpit, 100),
  },
  {
    name: 'until',
    group: 'Control',
    keys: ['u'],
    text: 'run until a symbol or address is reached, or memory is written',
    unavailable: unlessFrozen,
    run: askUntil,
  },
  {
    name: 'checkpoint',
    group: 'Control',
    keys: ['c'],
    text: 'save the state of the guest',
    unavailable: unlessGuest,
    run: checkpoint,
  },
  {
    name: 'restore',
    group: 'Control',
    keys: ['C'],
    text: 'go back to a saved state',
    unavailable: unlessGuest,
    run: restore,
  },
  {
    name: 'watch',
    group: 'Control',
    keys: ['w'],
    hint: 'watch',
    text: 'run until the field under the cursor is written',
    unavailable: unlessWatchable,
    run: (cockpit) => {
      const place = cockpit.selected?.place
      if (place !== undefined) watch(cockpit, place)
    },
  },
  {
    name: 'stop',
    group: 'Control',
    keys: ['x'],
    text: 'a breakpoint on the code, or a watchpoint on the field, under the cursor; again takes it away',
    unavailable: (cockpit) => unlessGuest(cockpit) ?? unlessPlace(cockpit),
    run: toggleStop,
  },
  {
    name: 'stops',
    group: 'Control',
    keys: ['X'],
    text: 'the breakpoints and watchpoints: conditions, and how often each was hit',
    run: listStops,
  },
  {
    name: 'run',
    group: 'Control',
    keys: ['r'],
    text: 'run until one of them is hit',
    unavailable: (cockpit) => unlessFrozen(cockpit) ?? unlessStops(cockpit),
    run: runToStop,
  },
  {
    name: 'edit',
    group: 'Control',
    keys: ['='],
    text: 'write another value into the field under the cursor',
    unavailable: unlessWritable,
    run: edit,
  },
  {
    name: 'undo',
    group: 'Control',
    keys: ['U'],
    text: 'take the last write back',
    unavailable: unlessFrozen,
    run: undo,
  },
  {
    name: 'earlier',
    group: 'Control',
    keys: ['b'],
    text: 'go back 1 ms in the record of a deterministic guest',
    unavailable: unlessRecord,
    run: (cockpit) => back(cockpit, 1),
  },
  {
    name: 'earlier-10',
    group: 'Control',
    keys: ['B'],
    text: '10 ms',
    unavailable: unlessRecord,
    run: (cockpit) => back(cockpit, 10),
  },
  {
    name: 'step-back',
    group: 'Control',
    keys: ['P'],
    text: 'go back one instruction of the selected vCPU, in the record',
    unavailable: unlessRecord,
    run: stepBack,
  },
  {
    name: 'who-wrote',
    group: 'Control',
    keys: ['W'],
    text: 'who wrote the field under the cursor, as a list to go to',
    unavailable: (cockpit) => unlessRecord(cockpit) ?? unlessWatchable(cockpit),
    run: (cockpit) => {
      const place = cockpit.selected?.place
      if (place !== undefined) whoWrote(cockpit, place)
    },
  },
]
