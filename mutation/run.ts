import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Random } from '../fuzz/random.js'
import { buildCases } from '../test/bpf/cast/support.js'
import { instrumented, type Mutant, mutantsOf } from './mutants.js'
import { filesBelow, Related } from './related.js'
import { endTrials, judge } from './trial.js'

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')
const rooms = [
  'memory',
  'kernel',
  'btf',
  'value',
  'bpf',
  'sched',
  'session',
  'report',
  'machine',
  'history',
  'ui',
]
const usage = `npm run test:mutation -- ROOM [--seed TEXT] [--count N] [--file PATH[:LINE]]... [--all]
  puts N (60) single faults into src/ROOM, one at a time, on a copy, and runs the unit tests of the room that reach them.
  ROOM is ${rooms.join(', ')}; --file takes only files whose path holds PATH, and of them only that line.
  Only what survives is listed; --all lists the others too, with the test that fails.`

/** A fault that changes nothing that can be seen; reviewed by a person. */
interface Equivalent {
  readonly file: string
  /** The line, trimmed. */
  readonly line: string
  readonly what: string
  readonly reason: string
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: 'string' },
      count: { type: 'string' },
      file: { type: 'string', multiple: true },
      all: { type: 'boolean' },
    },
  })
  const [room] = positionals
  if (room === undefined || !rooms.includes(room)) {
    console.error(usage)
    return 2
  }
  const seed = values.seed ?? String(Date.now() % 1_000_000)
  const count = Number(values.count ?? 60)
  const related = new Related(root)
  const files = filesBelow(root, `src/${room}`, /\.tsx?$/)
  const sources = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]))
  const chosen = choose(
    [...sources]
      .flatMap(([file, source]) => mutantsOf(file, source))
      .filter((mutant) => values.file?.some((place) => isAt(mutant, place)) !== false),
    seed,
    count,
  )
  console.log(`${room}: ${chosen.length} faults, seed ${seed}`)
  // Objects that tests compile are made in the tree itself: a copy would compile them for each run.
  if (room === 'bpf') await buildCases()
  const tree = copyTree()
  const tidy = (): void => {
    endTrials()
    rmSync(tree, { recursive: true, force: true })
  }
  process.once('exit', tidy)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  for (const [file, source] of sources) {
    const faults = new Map([...chosen.entries()].filter(([, mutant]) => mutant.file === file))
    if (faults.size > 0) writeFileSync(join(tree, file), instrumented(file, source, faults))
  }

  const planned = chosen.map(({ file }, id) => ({
    id,
    tests: related.testsOf(file).map((test) => join(tree, test)),
  }))
  const tests = [...new Set(planned.flatMap((each) => each.tests))]
  let killed = 0
  await judge(
    tree,
    tests,
    planned,
    ({ broken }) => {
      if (broken !== undefined) console.log(`left out: ${broken} fails without a fault`)
    },
    (id, { outcome, killer, tests }) => {
      const mutant = chosen[id] as Mutant
      const isKilled = outcome !== 'survived' && outcome !== 'not reached'
      if (isKilled) killed++
      if (isKilled && values.all !== true) return
      const by = killer ?? (isKilled ? '' : `${tests} tests`)
      const line = lineOf(sources.get(mutant.file) as string, mutant)
      console.log(
        `${outcome.padEnd(11)} ${mutant.file}:${mutant.line} ${mutant.what.padEnd(12)} ${line}  (${by})`,
      )
    },
  )
  const share = Math.round((killed / Math.max(1, chosen.length)) * 1000) / 10
  console.log(`${room}: ${killed} of ${chosen.length} killed (${share} %), seed ${seed}`)
  return share >= 90 ? 0 : 1
}

/** Whether a fault is at "part/of/path" or "part/of/path:line". */
function isAt({ file, line }: Mutant, place: string): boolean {
  const [path = '', at] = place.split(':')
  return file.includes(path) && (at === undefined || Number(at) === line)
}

/** Of all faults of the room, each by the same chance. */
function choose(all: readonly Mutant[], seed: string, count: number): Mutant[] {
  const known = JSON.parse(readFileSync(join(root, 'mutation/equivalent.json'), 'utf8')) as Equivalent[]
  const random = new Random(seed)
  const left = all.filter((mutant) => {
    const line = lineOf(readFileSync(join(root, mutant.file), 'utf8'), mutant)
    return !known.some((each) => each.file === mutant.file && each.line === line && each.what === mutant.what)
  })
  const chosen: Mutant[] = []
  while (chosen.length < count && left.length > 0) chosen.push(...left.splice(random.below(left.length), 1))
  return chosen
}

function lineOf(source: string, { line }: Mutant): string {
  return (source.split('\n')[line - 1] ?? '').trim()
}

/** What tests need, without what is made. */
function copyTree(): string {
  const tree = mkdtempSync(join(tmpdir(), 'cryoscope-mutation-'))
  // What tests compile is kept where it is newer than its sources.
  for (const part of [
    'src',
    'test',
    'docs',
    'examples',
    'scripts',
    'bin',
    'kernel-configs',
    'fuzz',
    'mutation',
  ])
    cpSync(join(root, part), join(tree, part), {
      recursive: true,
      verbatimSymlinks: true,
      preserveTimestamps: true,
    })
  for (const file of ['package.json', 'tsconfig.json', 'vitest.config.ts', 'README.md', 'CHANGELOG.md'])
    cpSync(join(root, file), join(tree, file))
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
  return tree
}

process.exit(await main())
