import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { type Input, parseInput } from './input.js'

export interface FuzzOptions {
  readonly minutes: number
  readonly seed: string
  readonly jobs: number
  /** Inputs of each kind, in place of a time. */
  readonly count: number | undefined
  readonly room: string | undefined
  readonly kinds: readonly string[]
  readonly input: Input | undefined
  readonly index: number | undefined
  readonly shrink: boolean
  readonly limit: number
  readonly heap: number
}

export const usage = `npm run fuzz -- [OPTIONS]
  --minutes N     how long (2)
  --count N       so many inputs of each kind instead: the same ones for the same seed
  --seed TEXT     what inputs are made from; a new one each time, which is printed
  --room NAME     kinds of one room of src only: memory, btf, kernel, bpf, sched, report, session, machine, ui
  --kind NAME     kinds by name; may be given several times
  --input TEXT    one input of the kind, as findings print it
  --index N       one input of the kind by its number in the seed
  --dump FILE     the dump of a real guest to damage; cryoscope/fuzz.dump in the cache unless told; 'none' for made ones alone
  --jobs N        worker processes
  --limit N       seconds of processor time for one input (5)
  --heap N        MiB of heap for one input (512)
  --no-shrink     print findings as they are`

/** Throws an Error with the reason for arguments that are none. */
export function parseOptions(args: readonly string[]): FuzzOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string' },
      count: { type: 'string' },
      seed: { type: 'string' },
      room: { type: 'string' },
      kind: { type: 'string', multiple: true },
      input: { type: 'string' },
      index: { type: 'string' },
      dump: { type: 'string' },
      jobs: { type: 'string' },
      limit: { type: 'string' },
      heap: { type: 'string' },
      'no-shrink': { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) throw new Error('')
  if (values.dump !== undefined) process.env.CRYOSCOPE_FUZZ_DUMP = values.dump
  return {
    minutes: numberOf('minutes', values.minutes) ?? 2,
    count: numberOf('count', values.count),
    seed: values.seed ?? randomBytes(4).toString('hex'),
    jobs: numberOf('jobs', values.jobs) ?? Math.min(2, availableParallelism()),
    room: values.room,
    kinds: values.kind ?? [],
    input: values.input === undefined ? undefined : parseInput(values.input),
    index: numberOf('index', values.index),
    shrink: values['no-shrink'] !== true,
    limit: numberOf('limit', values.limit) ?? 5,
    heap: numberOf('heap', values.heap) ?? 512,
  }
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!(value > 0) && !(name === 'index' && value === 0))
    throw new Error(`--${name} takes a number, not "${text}"`)
  return value
}
