import { CryoscopeError } from '../errors.js'
import type { Cell } from './column.js'

/** The column of both frames, or that of each. */
export type JoinOn = string | readonly [mine: string, theirs: string]

interface Columns {
  readonly names: readonly string[]
  column(name: string): readonly Cell[]
}

/** What columns mean, by the names that lists of the session and entries of maps give them; the surest first. */
const meanings: readonly (readonly [meaning: string, names: RegExp])[] = [
  ['the address of a task', /^(?:key\.)?(?:task|owner)\.address$|^\$address$|^address$/],
  ['the address of a dispatch queue', /^queueAddress$|^address$/],
  ['the pid of a task', /^(?:key\.)?pid$|^key\.owner\.pid$/],
  ['the id of a dispatch queue', /^id$|^dsq_id$|^(?:key\.)?dsq_id$/],
  ['a CPU', /^(?:key\.)?cpu$/],
]
/** So many keys of a map have to be pids of the other frame for its keys to be taken for pids. */
const mostStrangers = 0.1

/** The columns by which two frames are joined: those that mean the same. Throws 'usage' where none do. */
export function commonKeys(mine: Columns, theirs: Columns): readonly [string, string] {
  for (const [, names] of meanings) {
    const pairs = mine.names
      .filter((name) => names.test(name))
      .flatMap((name) =>
        theirs.names.filter((other) => names.test(other)).map((other) => [name, other] as const),
      )
    for (const pair of pairs) if (share(mine.column(pair[0]), theirs.column(pair[1])) > 0) return pair
  }
  for (const [left, right, swapped] of [
    [mine, theirs, false],
    [theirs, mine, true],
  ] as const) {
    if (!left.names.includes('key') || !right.names.includes('pid')) continue
    const [keys, pids] = [left.column('key'), right.column('pid')]
    // Some tasks of all that the map knows: unless it is an array, which has every small number.
    const isPart = () => !areIndexes(keys) && share(pids, keys) >= 1 - mostStrangers
    if (share(keys, pids) >= 1 - mostStrangers || isPart()) return swapped ? ['pid', 'key'] : ['key', 'pid']
  }
  throw new CryoscopeError(
    'usage',
    `no columns of the two mean the same and share values; name them: join(other, ['${mine.names[0] ?? 'mine'}', '${theirs.names[0] ?? 'theirs'}'])`,
  )
}

/** Whether keys are 0, 1, 2 and so on. */
function areIndexes(keys: readonly Cell[]): boolean {
  return keys.every((key, index) => key === index)
}

/** How many of the keys the other has, of 1. */
function share(keys: readonly Cell[], known: readonly Cell[]): number {
  const held = new Set(known.filter((cell) => cell !== null).map(String))
  const given = keys.filter((cell) => cell !== null)
  if (given.length === 0) return 0
  return given.filter((cell) => held.has(String(cell))).length / given.length
}
