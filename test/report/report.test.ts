import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../src/errors.js'
import { parseReport } from '../../src/report/file.js'
import { Report } from '../../src/report/report.js'
import { sectionNames } from '../../src/report/schema.js'
import { schemaErrors } from './support/schema.js'
import { bpfWorld, schedWorld, sessionOf } from './support/worlds.js'

const parsed = (report: Report): Record<string, never> => JSON.parse([...report.json()].join('')) as never

describe('a report', () => {
  const report = Report.take(sessionOf(bpfWorld().memory))

  it('has every section with a status, and the shape that the schema publishes', () => {
    expect(Object.keys(report.head.sections).sort()).toEqual([...sectionNames].sort())
    expect(schemaErrors(parsed(report))).toEqual([])
    expect(schemaErrors({ ...parsed(report), tasks: [{ pid: 'one' }] })).not.toEqual([])
    expect(
      schemaErrors({ ...parsed(report), schema: { name: 'cryoscope-report', major: 3, minor: 0 } }),
    ).not.toEqual([])
  })

  it('has every entry of every map', () => {
    expect(report.head.maps.map(({ name, count, status }) => ({ name, count, status }))).toEqual([
      { name: 'counters', count: 3, status: 'complete' },
      { name: '"><script>x', count: 1, status: 'complete' },
    ])
    expect([...report.entries(0)].map(({ value }) => value?.hex)).toEqual([
      '0100000000000000',
      '0200000000000000',
      '0300000000000000',
    ])
  })

  it('counts what there should be, and says what a kernel does not keep', () => {
    const { maps, programs, sched } = report.head.sections
    expect(maps).toMatchObject({ status: 'complete', expected: 2, obtained: 2, reasons: [] })
    expect(programs).toMatchObject({ status: 'complete', expected: 1, obtained: 1 })
    expect(sched?.status).toBe('partial')
    expect(sched?.reasons.join()).toMatch(/rq of CPU 0: .*nr_running/)
    const absent = report.head.problems.filter(({ code }) => code === 'absent')
    expect(absent.map(({ subject }) => subject)).toContain('scheduler')
    expect(absent.every(({ severity }) => severity !== 'warning')).toBe(true)
  })

  it('is the same document written piece by piece, in memory, and read back', () => {
    const document = parsed(report)
    expect(JSON.parse(JSON.stringify(report))).toEqual(document)
    const again = new Report(parseReport(document, 'file'))
    expect(parsed(again)).toEqual(document)
    expect([...again.text()]).toEqual([...report.text()])
    expect(again.diff(report).changes).toEqual([])
  })

  it('stays what it was when the guest runs on', () => {
    const guest = bpfWorld([5])
    const memory = guest.memory
    const taken = Report.take(sessionOf(memory))
    memory.bytes.fill(0)
    expect([...taken.entries(0)].map(({ value }) => value?.hex)).toEqual(['0500000000000000'])
  })

  it('shows itself in a few lines', () => {
    expect(inspect(report)).toMatch(/^Report of made: at least 4 tasks, 2 maps, \d+ problems/)
  })
})

describe('a report of a scheduler', () => {
  const guest = schedWorld()
  guest.kernel()
  const { head } = Report.take(sessionOf(guest.guest.memory))

  it('joins tasks, queues and CPUs', () => {
    expect(head.identity.tasks['task:10']).toMatchObject({ queue: 'queue:0x77', position: 1 })
    expect(head.identity.queues['queue:0x77']).toEqual({ tasks: ['task:11', 'task:10'], cpu: null })
    expect(head.identity.cpus['cpu:0']).toMatchObject({ runs: 'task:0@0', ready: ['task:10', 'task:11'] })
  })

  it('comes without the parts that are not there, each with its reason', () => {
    const { maps, tasks, sched } = head.sections
    expect(maps).toMatchObject({ status: 'unavailable' })
    expect(maps?.reasons.join()).toMatch(/struct idr/)
    expect(tasks?.status).toBe('complete')
    expect(sched?.status).toBe('complete')
    expect(head.problems.filter(({ code }) => code === 'internal')).toEqual([])
    expect(head.story.map(({ sentence }) => sentence).join()).toMatch(/DSQ 0x77 holds 2 tasks/)
  })
})

describe('ruined memory', () => {
  const word = fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.constantFrom(0n, 1n, 0xffffffffffffffffn, 0xffffffff84200000n),
  )
  const changes = fc.array(fc.record({ spot: fc.nat(50), offset: fc.nat(80), word }), {
    minLength: 1,
    maxLength: 20,
  })

  const worlds = [
    [
      'maps and tasks',
      () => {
        const guest = bpfWorld()
        const symbols = ['init_task', 'map_idr', 'prog_idr', 'nr_cpu_ids']
        const places = guest.symbols
          .filter(({ name }) => symbols.includes(name))
          .map(({ address }) => address)
        return { guest, places: [...guest.maps.values(), ...guest.programs.values(), ...places] }
      },
    ],
    [
      'a scheduler',
      () => {
        const made = schedWorld()
        made.kernel()
        const places = [made.sched, made.rq(0), made.rq(2), made.task(10), made.task(11), made.exitInfo]
        return { guest: made.guest, places: [...places, made.symbol('scx_root'), made.symbol('scx_tasks')] }
      },
    ],
  ] as const

  it.each(worlds)(
    'still gives a report of %s, soon, with reasons and no mistake of ours',
    (_, make) => {
      const { guest, places } = make()
      const { memory } = guest
      const view = new DataView(memory.bytes.buffer, memory.bytes.byteOffset)
      const spots = places.flatMap((address) => guest.physicalOf(address) ?? [])
      let taken = 0
      fc.assert(
        fc.property(changes, (ruin) => {
          const undo: [number, bigint][] = []
          for (const { spot, offset, word: value } of ruin) {
            const at = (spots[spot % spots.length] as number) + offset * 8
            undo.push([at, view.getBigUint64(at, true)])
            view.setBigUint64(at, value, true)
          }
          try {
            const report = takeOf(memory)
            // Without a kernel there is nothing to report about, which is said in a sentence.
            if (report === undefined) return
            taken++
            expect(schemaErrors(parsed(report))).toEqual([])
            expect(report.head.problems.filter(({ code }) => code === 'internal')).toEqual([])
            for (const { status, reasons } of Object.values(report.head.sections))
              if (status !== 'complete') expect(reasons.length).toBeGreaterThan(0)
            expect([...report.text()].length).toBeGreaterThan(10)
            expect([...report.html()].length).toBeGreaterThan(3)
            report.close()
          } finally {
            for (const [at, value] of undo.reverse()) view.setBigUint64(at, value, true)
          }
        }),
        { numRuns: 40 },
      )
      expect(taken).toBeGreaterThan(5)
    },
    120_000,
  )
})

function takeOf(memory: Parameters<typeof sessionOf>[0]): Report | undefined {
  try {
    return Report.take(sessionOf(memory))
  } catch (error) {
    if (error instanceof CryoscopeError) return undefined
    throw error
  }
}
