import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CryoscopeError } from '../../../errors.js'
import { escapeText } from '../../../text.js'
import { type Engine, runProgram, tell, wordsForSeed } from './engines.js'

/** Tasks of one array: slurm.conf's MaxArraySize is 1001 unless told. */
const mostTasks = 1000
const pollMilliseconds = 2000

/**
 * A job array of Slurm: one task for each seed, on whatever nodes it has, which see this directory. sbatch reads what people
 * want of it (partition, time, account) from SBATCH_* in the environment.
 */
export function slurmEngine(given: readonly string[]): Engine {
  return async (seeds, { results, jobs, output, signal }) => {
    for (let at = 0; at < seeds.length && !signal.aborted; at += mostTasks) {
      const part = seeds.slice(at, at + mostTasks)
      const directory = mkdtempSync(join(results.directory, 'slurm-'))
      let isWhole = false
      const told = new Set<number>()
      const tellNew = () => {
        for (const seed of part) {
          if (told.has(seed) || results.read(seed) === undefined) continue
          told.add(seed)
          tell(seed, '', results, output, signal)
        }
      }
      const timer = setInterval(tellNew, pollMilliseconds)
      try {
        const script = join(directory, 'job.sh')
        writeFileSync(script, jobScript(given, part))
        const last = part.length - 1
        const words = [
          'sbatch',
          '--parsable',
          '--wait',
          `--array=0-${last}${jobs === undefined ? '' : `%${jobs}`}`,
          '--job-name=cryoscope',
          `--output=${join(directory, '%a.txt')}`,
          script,
        ]
        let job: string | undefined
        const cancel = () => {
          if (job !== undefined) void runProgram(['scancel', job], new AbortController().signal)
        }
        signal.addEventListener('abort', cancel, { once: true })
        const end = await runProgram(words, signal, (text) => {
          job ??= /^(\d+)/.exec(text)?.[1]
        })
        signal.removeEventListener('abort', cancel)
        if (job === undefined && !signal.aborted) throw refused(end.words)
        tellNew()
        for (const [index, seed] of part.entries()) {
          if (!told.has(seed)) tell(seed, wordsOf(join(directory, `${index}.txt`)), results, output, signal)
        }
        isWhole = told.size === part.length
      } finally {
        clearInterval(timer)
        // What failed tasks said stays.
        if (isWhole || signal.aborted) rmSync(directory, { recursive: true, force: true })
      }
    }
  }
}

function refused(words: string): CryoscopeError {
  const said = words.trim().split('\n').at(-1) ?? ''
  return new CryoscopeError(
    'environment',
    /ENOENT/.test(said)
      ? 'there is no sbatch; install slurm-client here, or use --engine command'
      : `sbatch took no job: ${escapeText(said)}`,
  )
}

function wordsOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').slice(-2000) : 'its task left no output'
}

/** A task finds its seed by its place in the array. */
export function jobScript(given: readonly string[], seeds: readonly number[]): string {
  const mark = '{seed}'
  const words = wordsForSeed(given, mark).map((word) => (word === mark ? '"$seed"' : quoted(word)))
  return [
    '#!/bin/sh',
    `set -- ${seeds.join(' ')}`,
    'shift "$SLURM_ARRAY_TASK_ID"',
    'seed=$1',
    words.join(' '),
    // That a seed broke is a result, and no failure of the task.
    '[ $? -le 1 ]',
    '',
  ].join('\n')
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}
