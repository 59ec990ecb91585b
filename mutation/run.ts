import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Random } from '../fuzz/random.js'
import { type Mutant, mutantsOf, mutated } from './mutants.js'
import { filesBelow, Related } from './related.js'
import { endTrials, passes } from './trial.js'

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
const usage = `npm run test:mutation -- ROOM [--seed TEXT] [--count N] [--file PATH [--line N]] [--jobs N]
  puts N (60) single faults into src/ROOM, one at a time, on a copy, and runs the unit tests of the room that reach the file.
  ROOM is ${rooms.join(', ')}; --file takes only files whose path holds PATH, --line only that line.`

/** Test files that are tried first, and of all. */
const nearest = 3
const mostTests = 14
const baselineSeconds = 240

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
      file: { type: 'string' },
      line: { type: 'string' },
      jobs: { type: 'string' },
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
  const files = filesBelow(root, `src/${room}`, /\.tsx?$/).filter((file) => file.includes(values.file ?? ''))
  const sources = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]))
  const chosen = choose(
    [...sources]
      .flatMap(([file, source]) => mutantsOf(file, source))
      .filter(({ line }) => values.line === undefined || line === Number(values.line)),
    seed,
    count,
  )
  console.log(`${room}: ${chosen.length} faults, seed ${seed}`)
  const trees = Array.from({ length: Number(values.jobs ?? 1) }, copyTree)
  const tidy = (): void => {
    endTrials()
    for (const tree of trees) rmSync(tree, { recursive: true, force: true })
  }
  process.once('exit', tidy)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

  const baseline = new Map<string, Stage>()
  const waiting = [...chosen]
  let killed = 0
  const survivors: Mutant[] = []
  await Promise.all(
    trees.map(async (tree) => {
      for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
        const source = sources.get(mutant.file) as string
        const stages = await stagesOf(tree, related.testsOf(mutant.file), baseline)
        const verdict = await attempt(tree, mutant, source, stages)
        if (verdict === 'survived') survivors.push(mutant)
        else killed++
        console.log(
          `${verdict.padEnd(10)} ${mutant.file}:${mutant.line} ${mutant.what.padEnd(12)} ${lineOf(source, mutant)}`,
        )
      }
    }),
  )
  const share = Math.round((killed / Math.max(1, chosen.length)) * 1000) / 10
  console.log(
    `\n${room}: ${killed} of ${chosen.length} killed (${share} %), ${survivors.length} survived, seed ${seed}`,
  )
  return share >= 90 ? 0 : 1
}

/** Each file by the same chance, then each of its faults: large files do not take all. */
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

/** Tests that are run together, and how long they take without a fault. */
interface Stage {
  readonly tests: readonly string[]
  readonly seconds: number
}

/** The tests that are nearest come first: most faults end there. What fails without a fault says nothing, and is left out. */
async function stagesOf(tree: string, tests: readonly string[], known: Map<string, Stage>): Promise<Stage[]> {
  const parts = [tests.slice(0, nearest), tests.slice(nearest, mostTests)].filter(({ length }) => length > 0)
  const stages: Stage[] = []
  for (const part of parts) {
    const key = part.join()
    const stage = known.get(key) ?? (await stageOf(tree, part))
    known.set(key, stage)
    if (stage.tests.length > 0) stages.push(stage)
  }
  return stages
}

async function stageOf(tree: string, tests: readonly string[]): Promise<Stage> {
  const start = performance.now()
  const isSound = (await passes(tree, tests, baselineSeconds)) === true
  const seconds = (performance.now() - start) / 1000
  if (isSound) return { tests, seconds }
  const sound: string[] = []
  for (const test of tests) {
    if ((await passes(tree, [test], baselineSeconds)) === true) sound.push(test)
    else console.log(`left out: ${test} fails without a fault`)
  }
  return { tests: sound, seconds: seconds * 2 }
}

async function attempt(
  tree: string,
  mutant: Mutant,
  source: string,
  stages: readonly Stage[],
): Promise<'killed' | 'timed out' | 'survived'> {
  writeFileSync(join(tree, mutant.file), mutated(source, mutant))
  try {
    for (const { tests, seconds } of stages) {
      const passed = await passes(tree, tests, 20 + seconds * 4)
      if (passed === undefined) return 'timed out'
      if (!passed) return 'killed'
    }
    return 'survived'
  } finally {
    writeFileSync(join(tree, mutant.file), source)
  }
}

function lineOf(source: string, { line }: Mutant): string {
  return (source.split('\n')[line - 1] ?? '').trim()
}

/** What tests need, without what is made. */
function copyTree(): string {
  const tree = mkdtempSync(join(tmpdir(), 'cryoscope-mutation-'))
  for (const part of ['src', 'test', 'docs', 'examples', 'scripts', 'bin', 'kernel-configs', 'fuzz'])
    cpSync(join(root, part), join(tree, part), { recursive: true, verbatimSymlinks: true })
  for (const file of ['package.json', 'tsconfig.json', 'vitest.config.ts', 'README.md', 'CHANGELOG.md'])
    cpSync(join(root, file), join(tree, file))
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
  return tree
}

process.exit(await main())
