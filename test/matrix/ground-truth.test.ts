import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { knownKernels } from '../../src/machine/kernels.js'
import { openDump } from '../../src/session/open.js'
import { allComparisons } from '../integration/support/all-comparisons.js'
import { basicComparisons } from '../integration/support/compare.js'
import { statisticsComparisons } from '../integration/support/compare-statistics.js'
import { taskComparisons } from '../integration/support/compare-tasks.js'
import { type DemoGuest, frozenDemo } from '../integration/support/demo-guest.js'

const gibibyte = 2 ** 30

/** CRYOSCOPE_MATRIX_KERNELS="7.0 7.3" narrows the run. */
const wanted = process.env.CRYOSCOPE_MATRIX_KERNELS?.split(/[ ,]+/)
const kernels = knownKernels()
  .kernels.filter(({ schedExt }) => schedExt)
  .map(({ minor }) => minor)
  .filter((minor) => wanted === undefined || wanted.includes(minor))

/** RAM is split around the PCI hole above 2.75 GiB on q35. */
const memories = [gibibyte / 2, 4 * gibibyte]

const cases = kernels.flatMap((kernel) =>
  [true, false].flatMap((kaslr) =>
    [1, 2, 4].flatMap((cpus) => memories.map((memoryBytes) => ({ kernel, kaslr, cpus, memoryBytes }))),
  ),
)

describe.each(cases)('kernel $kernel, KASLR $kaslr, $cpus vCPUs, $memoryBytes bytes', (options) => {
  let guest: DemoGuest

  beforeAll(async () => {
    guest = await frozenDemo(options)
  })

  afterAll(async () => {
    await guest?.[Symbol.asyncDispose]()
  })

  it.each(allComparisons)('%s', (_, compare) => compare(guest))

  it('has all its CPUs', () => expect(guest.session.kernel.cpus.possible).toHaveLength(options.cpus))

  // The dump does not know of KASLR or vCPUs; one of 4 GiB is enough to cross the PCI hole.
  const dumped = options.memoryBytes < gibibyte || options.kernel === knownKernels().default
  it.runIf(dumped && options.cpus === 2 && options.kaslr)('equals it from an ELF dump too', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cryoscope-matrix-'))
    try {
      const file = join(directory, 'vmcore')
      await guest.session.dump(file)
      await using dump = openDump(file)
      for (const [, compare] of allComparisons) compare({ session: dump, truth: guest.truth })
      expect(dump.vcpus.map(({ rip }) => rip)).toEqual(guest.session.vcpus.map(({ rip }) => rip))
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })
})

describe.runIf(wanted === undefined || wanted.includes('6.12'))('a kernel without sched_ext', () => {
  let guest: DemoGuest

  beforeAll(async () => {
    guest = await frozenDemo({ kernel: '6.12', cpus: 2, memoryBytes: gibibyte / 2 })
  })

  afterAll(async () => {
    await guest?.[Symbol.asyncDispose]()
  })

  it.each([...basicComparisons, ...statisticsComparisons, ...taskComparisons])('%s', (_, compare) =>
    compare(guest),
  )

  it('says in sentences what it lacks, and the rest is there', () => {
    const { sched } = guest.session
    const snapshot = sched.snapshot()
    expect(snapshot.problems).toEqual([])
    expect(snapshot).toMatchObject({ state: undefined, schedulers: [], queues: [], events: [], objects: [] })
    const absent = new Map(snapshot.absent.map(({ group, reason }) => [group, reason]))
    expect(absent.get('scheduler')).toBe(
      'the kernel has neither scx_root nor scx_ops: it is built without sched_ext',
    )
    expect([...absent.keys()]).toEqual(expect.arrayContaining(['DSQs', 'events', 'scx_rq']))
    for (const reason of absent.values()) expect(reason).toMatch(/^\S+ \S+ \S+/)
    expect(snapshot.runqueues).toHaveLength(2)
    // kthreadd has nothing to do.
    expect(guest.session.why(2)).toMatchObject({ verdict: 'sleeping', problems: [] })
  })
})
