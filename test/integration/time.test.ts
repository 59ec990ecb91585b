import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bootRecord } from '../../src/time/boot-record.js'
import type { RunRecord } from '../../src/time/record.js'
import { demoGuest } from '../../src/ui/demo-guest.js'
import { busyLoops, type Place, placeOf, placesFrom, stride } from './support/repeated-run.js'

describe.each([1, 2])('a deterministic guest with %i vCPUs', (cpus) => {
  let directory: string
  let record: RunRecord
  const seen: Place[] = []
  const start = async (runs: string, seed = 3): Promise<RunRecord> =>
    await bootRecord(
      { ...(await demoGuest({ kernel: '6.18', cpus })), name: `time${cpus}`, deterministic: true, seed },
      join(directory, runs),
    )

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'cryoscope-time-'))
    record = await start('first')
    seen.push(...(await placesFrom(record)))
  }, 600_000)
  afterAll(async () => {
    await record?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  it('goes back and forth in one process of ours, and finds RAM, registers and console as they were', async () => {
    for (const index of [4, 0, 9, 8, 2]) {
      const place = seen[index] as Place
      await record.goTo({ instructions: place.instructions })
      expect(placeOf(record), `place ${index}`).toEqual(place)
    }
    expect(record.checkpoints.length).toBeGreaterThan(1)
  })

  it('finds the same places by the time of the guest', async () => {
    const place = seen[5] as Place
    await record.goTo({ ns: place.ns - 3_000_000 })
    const { instructions, ns } = record.time
    expect(ns).toBeGreaterThanOrEqual(place.ns - 3_000_000)
    // The guest reads its clock all the time.
    expect(ns).toBeLessThan(place.ns)
    await record.goTo({ instructions: 0 + (seen[9] as Place).instructions })
    await record.goTo({ ns: place.ns - 3_000_000 })
    expect(record.time).toMatchObject({ instructions, ns })
  })

  it('leaves the record when it is stepped or written to, says so, and finds back', async () => {
    const place = seen[6] as Place
    await record.goTo({ instructions: place.instructions })
    const cpu = record.time.cpu ?? 0
    const before = record.vcpus[cpu]?.pc
    const others = record.vcpus.filter((vcpu) => vcpu.cpu !== cpu).map(({ pc }) => pc)
    expect(record.time.branch).toBeUndefined()
    await record.step(cpu, 1)
    expect(record.time.branch).toEqual({ instructions: place.instructions, ns: place.ns })
    expect(record.vcpus[cpu]?.pc).not.toBe(before)
    expect(record.vcpus.filter((vcpu) => vcpu.cpu !== cpu).map(({ pc }) => pc)).toEqual(others)
    await record.goTo({ instructions: place.instructions })
    expect(placeOf(record)).toEqual(place)
    record.wrote()
    expect(record.time.branch).toEqual({ instructions: place.instructions, ns: place.ns })
    await record.goTo({ instructions: place.instructions })
    expect(record.time.branch).toBeUndefined()
    expect(placeOf(record)).toEqual(place)
  })

  it('is taken up again from disk without booting', async () => {
    await record.close()
    const began = performance.now()
    record = await start('first')
    expect(placeOf(record)).toEqual(seen[0])
    await record.goTo({ instructions: (seen[9] as Place).instructions })
    expect(placeOf(record)).toEqual(seen[9])
    expect(performance.now() - began).toBeLessThan(60_000)
  })

  it('boots and runs to the bit the same once more, beside two busy loops and with looks on the way', async () => {
    await record.close()
    const stop = busyLoops()
    try {
      record = await start('second')
      expect(placeOf(record)).toEqual(seen[0])
      for (const place of seen.slice(1)) {
        // Another way there: a stop at a random place, and a run by the guest's clock.
        await record.goTo({ instructions: place.instructions - Math.floor(Math.random() * stride) })
        await record.goTo({ instructions: place.instructions })
        expect(placeOf(record)).toEqual(place)
      }
    } finally {
      stop()
    }
  }, 600_000)

  it('is another run with another seed', async () => {
    await record.close()
    record = await start('second', 4)
    expect(placeOf(record).ram).not.toBe(seen[0]?.ram)
  }, 600_000)
})
