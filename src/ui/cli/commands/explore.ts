import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Command } from 'commander'
import { jsonText } from '../../../contract/json.js'
import { CryoscopeError } from '../../../errors.js'
import '../../../history/attach.js'
import type { Explored, Invariant } from '../../../history/explore.js'
import { packageRoot } from '../../../package-root.js'
import { escapeText } from '../../../text.js'
import { demoGuest } from '../../demo-guest.js'
import { addGuestOptions, type GuestWords } from '../boot-words.js'
import { defineCommand } from '../definition.js'
import { interruptible } from '../interruptible.js'
import { parseWhole } from '../numbers.js'
import type { Output } from '../output.js'
import {
  addDemoOption,
  addProgramOptions,
  type DemoWords,
  type ProgramWords,
  parseDuration,
  programOptions,
} from '../record-words.js'
import { runsPreparer } from '../run-words.js'
import { momentText } from '../span-words.js'

interface Options extends DemoWords, GuestWords, ProgramWords {
  readonly seeds?: string
  readonly check?: string
  readonly for?: string
  readonly every?: string
  readonly jobs?: string
  readonly out?: string
  readonly engine?: readonly string[]
  readonly json?: boolean
}

const usualEvery = 2 ** 24
const usualMilliseconds = 2000

export const explore = defineCommand<Options>({
  configure,
  prepare: runsPreparer(configure),
  async run({ options, output }) {
    const seeds = parseSeeds(options.seeds ?? '')
    const out = resolve(options.out ?? 'explored')
    mkdirSync(out, { recursive: true })
    const jobs = options.jobs === undefined ? 1 : parseWhole(options.jobs, '--jobs', 1)
    const template = engineOf(options.engine)
    const left = seeds.filter((seed) => readResult(out, seed) === undefined)
    if (left.length < seeds.length)
      output.progress(`${seeds.length - left.length} seeds were explored before`)
    await interruptible(async (signal) => {
      if (template === undefined && (jobs === 1 || left.length <= 1)) {
        for (const seed of left) await exploreHere(seed, out, options, output, signal)
      } else {
        await inParallel(left, jobs, signal, async (seed) => {
          const words =
            template === undefined
              ? selfWords(seed)
              : ['sh', '-c', template.replaceAll('{seed}', String(seed))]
          await runJob(words, seed, out, output, signal)
        })
      }
    })
    return await report(seeds, out, options.json === true, output)
  },
})

function configure(command: Command): void {
  command
    .requiredOption('--seeds <range>', 'which runs: 1..500, or 1,5,9')
    .requiredOption(
      '--check <file>',
      'TypeScript whose default export is (vm) => true, or false or a sentence when broken',
    )
    .option('--for <time>', "how long each runs when the guest is ready, by the guest's clock (default 2s)")
    .option('--every <n>', 'instructions from one look to the next (default 16777216)')
    .option('--jobs <n>', 'so many at a time (default 1)')
    .option(
      '--out <directory>',
      'a file for each seed, and recordings of those that broke (default explored)',
    )
    .option(
      '--engine <words...>',
      "local, or command 'TEMPLATE {seed}': what runs one seed somewhere else and waits for it",
    )
    .option('--json', 'print one JSON document')
  addDemoOption(command)
  addProgramOptions(command)
  addGuestOptions(command)
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

function engineOf(words: readonly string[] | undefined): string | undefined {
  const [kind, template] = words ?? ['local']
  if (kind === 'local' && template === undefined) return undefined
  if (kind === 'command' && template?.includes('{seed}') === true) return template
  throw new CryoscopeError('usage', "--engine is local, or command 'TEMPLATE' with {seed} in it")
}

function resultFile(out: string, seed: number): string {
  return join(out, `seed-${seed}.json`)
}

function readResult(out: string, seed: number): Explored | undefined {
  try {
    const result = JSON.parse(readFileSync(resultFile(out, seed), 'utf8')) as Explored
    return result.seed === seed && typeof result.isBroken === 'boolean' ? result : undefined
  } catch {
    return undefined
  }
}

async function exploreHere(
  seed: number,
  out: string,
  options: Options,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const { exploreSeed } = await import('../../../history/explore.js')
  const check = await loadCheck(options.check ?? '')
  const wanted = programOptions(options)
  const guest = options.demo ? await demoGuest({ ...wanted, signal }) : wanted
  const result = await exploreSeed({
    guest,
    seed,
    ms: options.for === undefined ? usualMilliseconds : parseDuration(options.for),
    check,
    every: options.every === undefined ? usualEvery : parseWhole(options.every, '--every', 1),
    recording: join(out, `seed-${seed}.cryo`),
    signal,
    onProgress: (sentence) => output.progress(`seed ${seed}: ${sentence}`),
  })
  writeFileSync(resultFile(out, seed), `${JSON.stringify(result)}\n`)
  output.progress(`seed ${seed} ${result.isBroken ? `broke: ${escapeText(result.why ?? '')}` : 'holds'}`)
}

/** The command that explores one seed here: this one, with other --seeds. */
function selfWords(seed: number): string[] {
  const words = process.argv.slice(2).flatMap((word, index, all) => {
    if (word.startsWith('--seeds=') || word.startsWith('--jobs=')) return []
    if (
      word === '--seeds' ||
      word === '--jobs' ||
      all[index - 1] === '--seeds' ||
      all[index - 1] === '--jobs'
    )
      return []
    return [word]
  })
  const [command = 'explore', ...rest] = words
  return [
    process.execPath,
    join(packageRoot(), 'bin/cryoscope.js'),
    command,
    '--seeds',
    String(seed),
    ...rest,
  ]
}

async function inParallel(
  seeds: readonly number[],
  jobs: number,
  signal: AbortSignal,
  work: (seed: number) => Promise<void>,
): Promise<void> {
  const waiting = [...seeds]
  const worker = async (): Promise<void> => {
    for (let seed = waiting.shift(); seed !== undefined && !signal.aborted; seed = waiting.shift())
      await work(seed)
  }
  await Promise.all(Array.from({ length: jobs }, worker))
}

/** Runs a command for a seed. What it found is in the seed's file; a command that leaves none has failed. */
async function runJob(
  words: readonly string[],
  seed: number,
  out: string,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const [program = '', ...args] = words
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const end = () => child.kill('SIGTERM')
  signal.addEventListener('abort', end, { once: true })
  let words2 = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words2 = (words2 + text).slice(-2000)
  })
  await new Promise<void>((done) => {
    child.once('error', () => done())
    child.once('close', () => done())
  })
  signal.removeEventListener('abort', end)
  const result = readResult(out, seed)
  if (result === undefined && !signal.aborted) {
    output.note(
      `seed ${seed} was not explored: ${escapeText(words2.trim().split('\n').at(-1) ?? 'its command failed')}`,
    )
  } else if (result !== undefined) {
    output.progress(`seed ${seed} ${result.isBroken ? 'broke' : 'holds'}`)
  }
}

/** Loads the default export of a file of TypeScript. */
async function loadCheck(path: string): Promise<Invariant> {
  if (!existsSync(path)) throw new CryoscopeError('not-found', `there is no file ${escapeText(path)}`)
  const { default: typescript } = await import('typescript')
  const { outputText } = typescript.transpileModule(readFileSync(path, 'utf8'), {
    compilerOptions: { target: typescript.ScriptTarget.ES2022, module: typescript.ModuleKind.ESNext },
  })
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-check-'))
  try {
    const file = join(directory, 'check.mjs')
    writeFileSync(file, outputText)
    const loaded = (await import(pathToFileURL(file).href)) as { readonly default?: unknown }
    if (typeof loaded.default === 'function') return loaded.default as Invariant
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

async function report(seeds: readonly number[], out: string, json: boolean, output: Output): Promise<number> {
  const results = seeds.map((seed) => readResult(out, seed))
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
