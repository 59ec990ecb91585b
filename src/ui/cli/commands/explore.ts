import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Command } from 'commander'
import { jsonText } from '../../../contract/json.js'
import { CryoscopeError } from '../../../errors.js'
import '../../../history/attach.js'
import type { Invariant } from '../../../history/explore.js'
import { escapeText } from '../../../text.js'
import { momentText } from '../../event-columns.js'
import { defineCommand } from '../definition.js'
import { type Engine, processes, templateEngine, wordsForSeed } from '../explore/engines.js'
import { questionName, Results } from '../explore/results.js'
import { slurmEngine } from '../explore/slurm.js'
import { interruptible } from '../interruptible.js'
import { parseWhole } from '../numbers.js'
import type { Output } from '../output.js'
import { addRunOptions, type RunOptionWords, runGuest, runMilliseconds } from '../record-words.js'
import { runsPreparer } from '../run-words.js'

interface Options extends RunOptionWords {
  readonly seeds?: string
  readonly check?: string
  readonly every?: string
  readonly preempt?: boolean
  readonly jobs?: string
  readonly out?: string
  readonly engine?: readonly string[]
  readonly json?: boolean
}

const usualEvery = 2 ** 24

export const explore = defineCommand<Options>({
  configure,
  prepare: runsPreparer(configure),
  async run({ options, output }) {
    const seeds = parseSeeds(options.seeds ?? '')
    const directory = resolve(options.out ?? 'explored')
    const jobs = options.jobs === undefined ? undefined : parseWhole(options.jobs, '--jobs', 1)
    const engine = engineOf(options.engine)
    const every = options.every === undefined ? usualEvery : parseWhole(options.every, '--every', 1)
    const question = { options, every, check: readCheck(options.check ?? '') }
    mkdirSync(directory, { recursive: true })
    const results = new Results(directory, nameOf(question))
    const left = seeds.filter((seed) => results.read(seed) === undefined)
    if (left.length < seeds.length)
      output.progress(`${seeds.length - left.length} seeds were explored before`)
    await interruptible(async (signal) => {
      if (engine === undefined && ((jobs ?? 1) === 1 || left.length <= 1)) {
        const check = await loadCheck(options.check ?? '', question.check)
        for (const seed of left) await exploreHere(seed, check, question, results, output, signal)
      } else {
        const run = engine ?? processes((seed) => wordsForSeed(process.argv.slice(2), String(seed)))
        await run(left, { results, jobs, output, signal })
      }
    })
    return await report(seeds, results, options.json === true, output)
  },
})

interface Question {
  readonly options: Options
  readonly every: number
  /** Text of the check. */
  readonly check: string
}

/** Everything that decides about a result, but for the seed. */
function nameOf({ options, every, check }: Question): string {
  const { seeds, jobs, out, engine, json, check: file, ...guest } = options
  return questionName({ guest, every, check })
}

function configure(command: Command): void {
  command
    .requiredOption('--seeds <range>', 'which runs: 1..500, or 1,5,9')
    .requiredOption(
      '--check <file>',
      'TypeScript whose default export is (vm) => true, or false or a sentence when broken',
    )
    .option('--every <n>', 'instructions from one look to the next (default 16777216)')
    .option('--preempt', 'now and then let one vCPU go on alone, as the seed says: more interleavings')
    .option('--jobs <n>', 'so many at a time (default 1)')
    .option(
      '--out <directory>',
      'a file for each seed, and recordings of those that broke (default explored)',
    )
    .option(
      '--engine <words...>',
      "local, slurm, or command 'TEMPLATE {seed}': what runs one seed somewhere else and waits for it",
    )
    .option('--json', 'print one JSON document')
  addRunOptions(command, 'how long each runs')
}

/** "1..500", "3,7". */
function parseSeeds(text: string): number[] {
  const [, from, to] = /^(\d{1,10})\.\.(\d{1,10})$/.exec(text) ?? []
  const seeds =
    from === undefined || to === undefined
      ? text.split(',').map((word) => (/^\d{1,10}$/.test(word) ? Number(word) : -1))
      : Array.from(
          { length: Math.max(0, Math.min(1e6, Number(to) - Number(from) + 1)) },
          (_, i) => Number(from) + i,
        )
  if (seeds.length > 0 && seeds.every((seed) => seed >= 0 && seed <= 2 ** 32 - 1)) return seeds
  throw new CryoscopeError(
    'usage',
    `--seeds takes a range such as 1..500 or a list such as 3,7, not "${escapeText(text)}"`,
  )
}

function engineOf(words: readonly string[] = ['local']): Engine | undefined {
  const [kind, template, ...more] = words
  if (more.length === 0) {
    if (kind === 'local' && template === undefined) return undefined
    if (kind === 'slurm' && template === undefined) return slurmEngine(process.argv.slice(2))
    if (kind === 'command') return templateEngine(template)
  }
  throw new CryoscopeError('usage', "--engine is local, slurm, or command 'TEMPLATE' with {seed} in it")
}

async function exploreHere(
  seed: number,
  check: Invariant,
  { options, every }: Question,
  results: Results,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const { exploreSeed } = await import('../../../history/explore.js')
  const result = await exploreSeed({
    guest: await runGuest(options, { signal }),
    seed,
    ms: runMilliseconds(options),
    check,
    every,
    preempt: options.preempt === true,
    recording: results.recording(seed),
    signal,
    onProgress: (sentence) => output.progress(`seed ${seed}: ${sentence}`),
  })
  results.write(result)
  output.progress(`seed ${seed} ${result.isBroken ? `broke: ${escapeText(result.why ?? '')}` : 'holds'}`)
}

function readCheck(path: string): string {
  if (!existsSync(path)) throw new CryoscopeError('not-found', `there is no file ${escapeText(path)}`)
  return readFileSync(path, 'utf8')
}

/** A check whose own mistakes are said to be its own. */
function told(path: string, check: Invariant): Invariant {
  return (vm) => {
    try {
      return check(vm)
    } catch (cause) {
      if (cause instanceof CryoscopeError) throw cause
      const { message } = cause as Error
      throw new CryoscopeError('usage', `${escapeText(path)} throws: ${escapeText(message)}`, { cause })
    }
  }
}

/** Loads the default export of a file of TypeScript. */
async function loadCheck(path: string, text: string): Promise<Invariant> {
  const { default: typescript } = await import('typescript')
  const { outputText } = typescript.transpileModule(text, {
    compilerOptions: { target: typescript.ScriptTarget.ES2022, module: typescript.ModuleKind.ESNext },
  })
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-check-'))
  try {
    const file = join(directory, 'check.mjs')
    writeFileSync(file, outputText)
    const loaded = (await import(pathToFileURL(file).href)) as { readonly default?: unknown }
    if (typeof loaded.default === 'function') return told(path, loaded.default as Invariant)
  } catch (cause) {
    throw new CryoscopeError(
      'usage',
      `${escapeText(path)} cannot be loaded: ${escapeText((cause as Error).message)}`,
      { cause },
    )
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  throw new CryoscopeError('usage', `${escapeText(path)} has no function as its default export`)
}

async function report(
  seeds: readonly number[],
  kept: Results,
  json: boolean,
  output: Output,
): Promise<number> {
  const results = seeds.map((seed) => kept.read(seed))
  const known = results.filter((result) => result !== undefined)
  const broke = known.filter(({ isBroken }) => isBroken)
  if (json) await output.line(jsonText(known as unknown as Parameters<typeof jsonText>[0]))
  else {
    for (const { seed, why, time, recording } of broke) {
      const at = time === null ? '' : ` at ${momentText(time)}`
      await output.line(escapeText(`seed ${seed}${at}: ${why}${recording === null ? '' : ` (${recording})`}`))
    }
    await output.line(
      `${broke.length} of ${known.length} seeds broke${known.length < seeds.length ? `; ${seeds.length - known.length} were not explored` : ''}`,
    )
  }
  return broke.length > 0 || known.length < seeds.length ? 1 : 0
}
