import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import '../src/history/attach.js'
import { boot, sessionOfRecord } from '../src/session/guest.js'
import type { Session } from '../src/session/session.js'
import { bootRecord } from '../src/time/boot-record.js'
import { usualSpacing } from '../src/time/open-run.js'
import type { RunRecord } from '../src/time/record.js'
import { demoGuest } from '../src/ui/demo-guest.js'
import { print } from './measure.js'

const ticksPerSecond = 100
const mebibyte = 2 ** 20
const places = 15
/** Instructions over which writes are asked for. */
const span = 2 ** 29
const furtherCheckpoints = 3

/** Processor seconds of all processes that ended and were waited for (cutime and cstime of proc(5)): other work counts less than by the clock. */
function endedSeconds(): number {
  const words = readFileSync('/proc/self/stat', 'latin1')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(words[13]) + Number(words[14])) / ticksPerSecond
}

async function costOf(work: () => Promise<unknown>): Promise<number> {
  const before = endedSeconds()
  await work()
  return endedSeconds() - before
}

async function timed<T>(make: () => Promise<T>): Promise<{ made: T; milliseconds: number }> {
  const start = performance.now()
  const made = await make()
  return { made, milliseconds: performance.now() - start }
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  return (await timed(work)).milliseconds
}

/** Guests that run the same way each time: what that costs against plain emulation, and how fast one goes back. */
export async function measureTime(): Promise<void> {
  const runs = mkdtempSync(join(tmpdir(), 'cryoscope-bench-'))
  try {
    const guest = await demoGuest({ cpus: 2, name: 'timed' })
    // By the clock: a guest that sleeps takes no processor, and a deterministic one does not sleep.
    const plain = await timed(async () => await boot({ ...guest, accelerator: 'tcg' }))
    await plain.made.close()
    const start = async () => await bootRecord({ ...guest, deterministic: true, seed: 1 }, runs)
    const deterministic = await timed(start)
    await deterministic.made.close()
    const record = await start()
    const vm = sessionOfRecord(record)
    try {
      print('time', [
        {
          what: 'boot of the demo, deterministic against plain single-threaded TCG',
          times: [deterministic.milliseconds / plain.milliseconds],
          unit: 'times',
          goal: 1.6,
        },
        ...(await checkpointRows(record)),
        { what: 'goTo anywhere in the run', times: await goings(record), goal: 1000 },
        await writesRow(vm, record),
      ])
    } finally {
      await vm.close()
    }
  } finally {
    rmSync(runs, { recursive: true, force: true })
  }
}

async function checkpointRows(record: RunRecord) {
  const bytes = (): number => bytesOf(record.store.directory)
  const first = bytes()
  const crossings: number[] = []
  const { setup, store } = record
  const base = store.first ?? 0
  for (let segment = 1; segment <= furtherCheckpoints; segment++) {
    const boundary = base + segment * (setup.spacing ?? usualSpacing)
    await record.goTo({ instructions: boundary - 1000 })
    crossings.push(await timeOf(async () => await record.goTo({ instructions: boundary + 1000 })))
  }
  const further = (bytes() - first) / furtherCheckpoints
  return [
    { what: 'the run stands still for a checkpoint, the next process included', times: crossings, goal: 200 },
    { what: 'first checkpoint on disk', times: [first / mebibyte], unit: 'MiB', goal: 150 },
    { what: 'further checkpoints on disk', times: [further / mebibyte], unit: 'MiB', goal: 30 },
  ]
}

function bytesOf(directory: string): number {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).reduce(
    (sum, name) => sum + (statSync(join(directory, name)).blocks ?? 0) * 512,
    0,
  )
}

async function goings(record: RunRecord): Promise<number[]> {
  const from = record.checkpoints[0]?.instructions ?? 0
  const to = record.end.instructions
  const times: number[] = []
  for (let n = 0; n < places; n++) {
    // Spread evenly, and in no order.
    const instructions = Math.floor(from + ((to - from) * ((n * 7) % places)) / places)
    times.push(await timeOf(async () => await record.goTo({ instructions })))
  }
  return times
}

async function writesRow(vm: Session, record: RunRecord) {
  const from = record.checkpoints[0]?.instructions ?? 0
  const to = from + span
  const plain = await costOf(
    async () =>
      await record.aside({ stores: false }, async (journey) => {
        await journey.goTo(from)
        await journey.runTo({ instructions: to })
      }),
  )
  let count = 0
  const watched = await costOf(async () => {
    count = (await vm.writes('jiffies_64', { as: 'u64', from, to })).events.length
  })
  if (count === 0) throw new Error('jiffies_64 was not written')
  return {
    what: `all writes to a field over ${(span / 1e9).toFixed(2)} G instructions, against the plain run of them (processor time)`,
    times: [watched / plain],
    unit: 'times',
    goal: 1.5,
  }
}
