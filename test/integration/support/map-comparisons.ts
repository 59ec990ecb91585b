import {
  compareCounts,
  compareDumpedTypes,
  compareLiterals,
  compareLookups,
  compareNewTypes,
  compareNothingUnknown,
  compareSockets,
  compareSpecialFields,
  compareStorages,
  compareTargets,
} from './compare-maps.js'
import {
  compareFilter,
  compareOperations,
  compareQueues,
  compareRings,
  compareStacks,
} from './compare-records.js'
import type { Comparison } from './demo-guest.js'

/** Maps of every type but arrays and hashes against bpftool, and against what the demo writes there. */
export const mapComparisons: readonly Comparison[] = [
  [
    'of types that bpftool dumps hold what it says, in its order',
    ({ session, truth }) => compareDumpedTypes(session, truth),
  ],
  ['find their entries by key', ({ session }) => compareLookups(session)],
  ['hold as many entries as the kernel counted', ({ session }) => compareCounts(session)],
  ['name what their slots point at', ({ session, truth }) => compareTargets(session, truth)],
  ['name their sockets', ({ session }) => compareSockets(session)],
  ['name the owners of local storage', ({ session, truth }) => compareStorages(session, truth)],
  ['show queues and stacks without popping', ({ session }) => compareQueues(session)],
  ['answer what a bloom filter may hold', ({ session }) => compareFilter(session)],
  ['show what of a ring buffer was not consumed', ({ session }) => compareRings(session)],
  ['show string literals', ({ session }) => compareLiterals(session)],
  ['symbolise stacks', ({ session, truth }) => compareStacks(session, truth)],
  ['name the programs behind operations', ({ session, truth }) => compareOperations(session, truth)],
  ['show locks, kptrs, lists and trees', ({ session }) => compareSpecialFields(session)],
  ['of the newest types are read', ({ session }) => compareNewTypes(session)],
  ['are all known', ({ session }) => compareNothingUnknown(session)],
]
