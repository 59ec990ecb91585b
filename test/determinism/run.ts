/**
 * `npm run test:time [-- --kernel 6.18 --cpus 1,2]`: whether deterministic guests repeat, as a table. For each kernel and number
 * of vCPUs the demo is booted three times, each time from nothing: twice plainly, and once beside two busy loops with questions
 * asked on the way. SHA-1 of RAM and of every vCPU's registers must be equal at ten places. Exit status: 0 all equal, 1 not.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import '../../src/history/attach.js'
import { knownKernels } from '../../src/machine/kernels.js'
import { sessionOfRecord } from '../../src/session/guest.js'
import { bootRecord } from '../../src/time/boot-record.js'
import type { RunRecord } from '../../src/time/record.js'
import { demoGuest } from '../../src/ui/demo-guest.js'
import { busyLoops, type Place, placeOf, placesFrom, stride } from '../integration/support/repeated-run.js'

const usualKernels = ['6.18', '7.0', '7.3']
const usualCpus = [1, 2, 4]
const seed = 3

const words = parseArgs({ options: { kernel: { type: 'string' }, cpus: { type: 'string' } } }).values
const kernels = words.kernel?.split(',') ?? usualKernels
const counts = words.cpus?.split(',').map(Number) ?? usualCpus

async function withRecord<T>(
  kernel: string,
  cpus: number,
  work: (record: RunRecord) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-determinism-'))
  try {
    const guest = await demoGuest({ kernel, cpus, name: `same${cpus}` })
    const record = await bootRecord({ ...guest, deterministic: true, seed }, directory)
    try {
      return await work(record)
    } finally {
      await record.close()
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Another way along the same places: random stops, and answers to questions between them. */
async function questioned(
  record: RunRecord,
  known: readonly Place[],
): Promise<{ seen: Place[]; asked: number }> {
  const vm = sessionOfRecord(record)
  const seen = [placeOf(record)]
  let asked = 0
  for (const [index, { instructions }] of known.entries()) {
    if (index === 0) continue
    await record.goTo({ instructions: instructions - 1 - Math.floor(Math.random() * (stride - 1)) })
    const span = { from: known[index - 1]?.instructions ?? 0, to: record.time.instructions }
    const first = Number(vm.variable('jiffies_64'))
    const questions = [
      async () => (await vm.writes('jiffies_64', { ...span, as: 'u64' })).events.length,
      async () => (await vm.calls('schedule', span)).events.length,
      async () =>
        (await vm.when((at) => Number(at.variable('jiffies_64')) >= first, span))?.time.instructions ?? 0,
      async () => (await vm.stepBack(record.time.cpu ?? 0)).instructions,
    ]
    if (((await questions[index % questions.length]?.()) ?? 0) > 0) asked++
    await record.goTo({ instructions })
    seen.push(placeOf(record))
  }
  return { seen, asked }
}

/** Where two ways differ first, in words; undefined when they are equal. */
function difference(a: readonly Place[], b: readonly Place[]): string | undefined {
  for (const [index, place] of a.entries()) {
    const other = b[index]
    const differs = (Object.keys(place) as (keyof Place)[]).filter((name) => place[name] !== other?.[name])
    if (differs.length > 0)
      return `place ${index} (${place.instructions} instructions): ${differs.join(', ')}`
  }
  return undefined
}

async function repeats(kernel: string, cpus: number): Promise<{ isEqual: boolean; columns: string[] }> {
  const known = await withRecord(kernel, cpus, placesFrom)
  const second = difference(known, await withRecord(kernel, cpus, placesFrom))
  const stop = busyLoops()
  let third: string | undefined
  let asked = 0
  try {
    const answer = await withRecord(kernel, cpus, async (record) => await questioned(record, known))
    third = difference(known, answer.seen)
    asked = answer.asked
  } finally {
    stop()
  }
  const from = known[0]?.instructions ?? 0
  const to = known.at(-1)?.instructions ?? 0
  const columns = [
    `${(from / 1e9).toFixed(2)} to ${(to / 1e9).toFixed(2)} G`,
    second ?? 'equal',
    third ?? 'equal',
    String(asked),
    known.at(-1)?.ram.slice(0, 12) ?? '',
  ]
  return { isEqual: second === undefined && third === undefined && asked > 0, columns }
}

async function main(): Promise<number> {
  const releases = new Set(knownKernels().kernels.map(({ minor }) => minor))
  const unknown = kernels.filter((kernel) => !releases.has(kernel))
  if (unknown.length > 0) throw new Error(`no such kernel: ${unknown.join(', ')}`)
  console.log(
    '| kernel | vCPUs | places | twice | with questions, beside busy loops | answered | RAM at the last | |',
  )
  console.log('|---|---|---|---|---|---|---|---|')
  let failed = 0
  for (const kernel of kernels) {
    for (const cpus of counts) {
      const start = performance.now()
      let columns: string[]
      try {
        const outcome = await repeats(kernel, cpus)
        if (!outcome.isEqual) failed++
        columns = outcome.columns
      } catch (error) {
        failed++
        columns = ['', `FAILED: ${(error as Error).message.replace(/\n/g, ' ')}`, '', '', '']
      }
      const seconds = Math.round((performance.now() - start) / 1000)
      console.log(`| ${[kernel, cpus, ...columns, `${seconds} s`].join(' | ')} |`)
    }
  }
  console.log(failed === 0 ? '\nAll equal.' : `\n${failed} not equal.`)
  return failed === 0 ? 0 : 1
}

process.exitCode = await main()
