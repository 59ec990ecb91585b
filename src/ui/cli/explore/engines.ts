import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { CryoscopeError } from '../../../errors.js'
import { packageRoot } from '../../../package-root.js'
import { escapeText } from '../../../text.js'
import type { Output } from '../output.js'
import type { Results } from './results.js'

/** What runs seeds, and leaves a result of each in the directory. */
export type Engine = (seeds: readonly number[], work: EngineWork) => Promise<void>

export interface EngineWork {
  readonly results: Results
  /** So many at a time; undefined leaves it to the engine. */
  readonly jobs: number | undefined
  readonly output: Output
  readonly signal: AbortSignal
}

/** The command that explores a seed here: this one, with other --seeds. */
export function wordsForSeed(given: readonly string[], seed: string): string[] {
  const valued = ['--seeds', '--jobs', '--engine']
  const kept: string[] = []
  for (let at = 0; at < given.length; at++) {
    const word = given[at] as string
    if (valued.some((option) => word.startsWith(`${option}=`))) continue
    if (!valued.includes(word)) {
      kept.push(word)
      continue
    }
    // The engine takes words up to the next option.
    do at++
    while (word === '--engine' && at + 1 < given.length && !(given[at + 1] as string).startsWith('-'))
  }
  const [command = 'explore', ...rest] = kept
  return [process.execPath, join(packageRoot(), 'bin/cryoscope.js'), command, '--seeds', seed, ...rest]
}

/** Processes on this machine, several at a time: one of ours for each seed, or what a template says. */
export function processes(wordsOf: (seed: number) => readonly string[]): Engine {
  return async (seeds, { results, jobs = 1, output, signal }) => {
    const waiting = [...seeds]
    const worker = async (): Promise<void> => {
      for (let seed = waiting.shift(); seed !== undefined && !signal.aborted; seed = waiting.shift()) {
        const { words } = await runProgram(wordsOf(seed), signal)
        tell(seed, words, results, output, signal)
      }
    }
    await Promise.all(Array.from({ length: jobs }, worker))
  }
}

/** Says what became of a seed. What was found is in its file; a command that leaves none has failed. */
export function tell(
  seed: number,
  words: string,
  results: Results,
  output: Output,
  signal: AbortSignal,
): void {
  const result = results.read(seed)
  if (result !== undefined) output.progress(`seed ${seed} ${result.isBroken ? 'broke' : 'holds'}`)
  else if (!signal.aborted) {
    const last = words.trim().split('\n').at(-1)
    output.note(
      `seed ${seed} was not explored: ${escapeText(last === undefined || last === '' ? 'its command failed' : last)}`,
    )
  }
}

export interface ProgramEnd {
  readonly status: number | null
  /** The last that it said where errors go. */
  readonly words: string
  readonly stdout: string
}

/** Runs a program to its end; an abort ends it. */
export async function runProgram(
  [program = '', ...args]: readonly string[],
  signal: AbortSignal,
  onOutput?: (text: string) => void,
): Promise<ProgramEnd> {
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const end = () => child.kill('SIGTERM')
  signal.addEventListener('abort', end, { once: true })
  let words = ''
  let stdout = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-2000)
  })
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout = (stdout + text).slice(-2000)
    onOutput?.(text)
  })
  try {
    const status = await new Promise<number | null>((done) => {
      child.once('error', ({ message }) => {
        words = message
        done(null)
      })
      child.once('close', done)
    })
    return { status, words, stdout }
  } finally {
    signal.removeEventListener('abort', end)
  }
}

/** What `--engine command 'TEMPLATE'` runs for a seed. */
export function templateEngine(template: string | undefined): Engine {
  if (template?.includes('{seed}') !== true)
    throw new CryoscopeError(
      'usage',
      "--engine command takes a command with {seed} in it: --engine command 'ssh other explore-one {seed}'",
    )
  return processes((seed) => ['sh', '-c', template.replaceAll('{seed}', String(seed))])
}
