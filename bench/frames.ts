import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Frame, frame, op } from '../src/index.js'
import type { Session } from '../src/session/session.js'
import { print, type Row, repeat, timed } from './measure.js'

const entries = 1_000_000
const runs = 5
/** What both sides must find, so that they do the same work. */
const expected = { groups: 256, partners: 500_000 }

interface Peer {
  readonly version: string
  readonly made: readonly number[]
  readonly grouped: readonly number[]
  readonly joined: readonly number[]
}

/** A frame of a map of a million entries, its groups and a join, beside pandas on the same values where Debian's is installed. */
export function measureFrames(dump: Session): void {
  const map = dump.map('million')
  const made = repeat(runs, () => timed(() => count(map.frame().length, entries)))
  const all = map.frame()
  const grouped = repeat(runs, () => timed(() => count(group(all).length, expected.groups)))
  const others = frame(Array.from({ length: entries / 2 }, (_, n) => ({ index: 2 * n, half: n })))
  const join = (): number => all.join(others, ['value.index', 'index']).length
  const joined = repeat(runs, () => timed(() => count(join(), expected.partners)))
  const peer = pandas()
  const rows: Row[] = [
    { what: `the map as a frame of ${all.names.length} columns`, times: made, goal: 2000 },
    { what: 'groups of one column: count, sum of 64 bits, mean', times: grouped },
    { what: 'joined with 500,000 rows', times: joined },
    ...against('a frame', made, peer?.made),
    ...against('groups', grouped, peer?.grouped),
    ...against('a join', joined, peer?.joined),
  ]
  const beside =
    peer === undefined ? 'pandas is not here: apt install python3-pandas' : `pandas ${peer.version} beside`
  print(`frames of 1,000,000 rows (${beside})`, rows)
}

function group(all: Frame): Frame {
  return all.groupBy('value.byte').rollup({
    n: op.count(),
    sum: op.sum('value.square'),
    mean: op.mean('value.low'),
  })
}

/** The peer's times, and how many times as long ours takes. */
function against(what: string, ours: readonly number[], theirs: readonly number[] | undefined): Row[] {
  if (theirs === undefined) return []
  return [
    { what: `peer: ${what} by pandas`, times: theirs },
    { what: `${what}, against it`, times: [median(ours) / median(theirs)], unit: 'times' },
  ]
}

/** The same contents, as they are known (bench/guest/million.bpf.c), from packed bytes as a map holds them. */
function pandas(): Peer | undefined {
  const script = fileURLToPath(new URL('./frames.py', import.meta.url))
  try {
    const text = execFileSync('/usr/bin/python3', [script, String(entries), String(runs)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const { groups, partners, ...peer } = JSON.parse(text) as Peer & typeof expected
    count(groups, expected.groups)
    count(partners, expected.partners)
    return peer
  } catch (error) {
    if ((error as { status?: number }).status === 3) return undefined
    throw error
  }
}

function count(found: number, wanted: number): void {
  if (found !== wanted) throw new Error(`${found} in place of ${wanted}`)
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN
}
