import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { RunRecord } from '../../../src/time/record.js'

/** Instructions from one place that is compared to the next: the ten of them lie in two segments. */
export const stride = 40_000_000
export const places = 10

/** A place of a run, by hashes of all that can be seen there. */
export interface Place {
  readonly instructions: number
  readonly ns: number
  readonly ram: string
  /** Of every vCPU. */
  readonly registers: string
  /** Characters that the guest had written to its console. */
  readonly console: number
}

const sha1 = (bytes: string | Buffer): string => createHash('sha1').update(bytes).digest('hex')

export function placeOf(record: RunRecord): Place {
  const { instructions, ns } = record.time
  const text = JSON.stringify(record.vcpus, (_, value) => (typeof value === 'bigint' ? String(value) : value))
  return {
    instructions,
    ns,
    ram: sha1(readFileSync(record.memory.path)),
    registers: sha1(text),
    console: record.console.text().length,
  }
}

/** The places from where a record stands on. */
export async function placesFrom(record: RunRecord): Promise<Place[]> {
  const seen = [placeOf(record)]
  while (seen.length < places) {
    await record.goTo({ instructions: (seen.at(-1)?.instructions ?? 0) + stride })
    seen.push(placeOf(record))
  }
  return seen
}

/** Keeps both processors of a small machine busy. */
export function busyLoops(): () => void {
  const loops: ChildProcess[] = [0, 1].map(() =>
    spawn(process.execPath, ['-e', 'for(;;);'], { stdio: 'ignore' }),
  )
  return () => {
    for (const loop of loops) loop.kill('SIGKILL')
  }
}
