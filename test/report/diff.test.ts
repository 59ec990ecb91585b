import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Comparison, member } from '../../src/report/diff/compare.js'
import { parseReport } from '../../src/report/file.js'
import { Report } from '../../src/report/report.js'
import { bpfWorld, schedWorld, sessionOf } from './support/worlds.js'

const take = (values: readonly number[]): Report => Report.take(sessionOf(bpfWorld(values).memory))

// biome-ignore lint/suspicious/noExplicitAny: tests reach into documents
type Loose = Record<string, any>

/** A report with its document changed. */
function changed(report: Report, change: (document: Loose) => void): Report {
  const document = JSON.parse(JSON.stringify(report)) as Loose
  change(document)
  return new Report(parseReport(document, 'changed'))
}

const root = { path: '', rule: '', section: '' }

describe('two reports', () => {
  it('differ by entries of maps, by key, with the value that they hold', () => {
    const { changes, sameBoot } = take([1, 2, 9]).diff(take([1, 2, 3]))
    expect(sameBoot).toBe(true)
    expect(changes.filter(({ section }) => section === 'maps')).toEqual([
      {
        path: 'maps.counters[hex:02000000]',
        section: 'maps',
        change: 'changed',
        before: '0300000000000000',
        after: '0900000000000000',
        volatile: false,
      },
    ])
  })

  it('do not differ by where things lie', () => {
    const report = take([1])
    const moved = changed(report, (document) => {
      for (const map of document.maps as { address: string }[]) map.address = '0xffff888000000000'
      for (const task of document.tasks as { address: string }[]) task.address = '0xffff888000000008'
    })
    expect(moved.diff(report).changes).toEqual([])
  })

  it('mark clocks and counters of work done, which are not among the lasting changes', () => {
    const report = take([1])
    const later = changed(report, (document) => {
      const [program] = document.programs as { runCount: number; name: string }[]
      if (program !== undefined) Object.assign(program, { runCount: 99_999 })
      Object.assign(document.time as object, { uptimeMs: 77 })
    })
    const diff = later.diff(report)
    expect(diff.changes.map(({ path, volatile }) => ({ path, volatile }))).toEqual([
      { path: 'time.uptimeMs', volatile: true },
      { path: 'programs[6].runCount', volatile: true },
    ])
    expect(diff.lasting).toEqual([])
    expect(diff.text()).toMatch(/Nothing differs but clocks and counters/)
    expect(diff.text({ all: true })).toMatch(/~ programs\[6\]\.runCount {2}- -> 99999/)
  })

  it('differ by what came and went', () => {
    const report = take([1])
    const later = changed(report, (document) => {
      const maps = document.maps as { name: string; id: number }[]
      maps.push({ ...(maps[0] as object), name: 'new_map', id: 50 } as never)
      maps.shift()
    })
    const lasting = later.diff(report).lasting.map(({ path, change }) => `${change} ${path}`)
    expect(lasting).toEqual(['added maps.new_map', 'removed maps.counters'])
  })

  it('differ by tasks on queues, whatever their places', () => {
    const guest = schedWorld()
    guest.kernel()
    const report = Report.take(sessionOf(guest.guest.memory))
    const later = changed(report, (document) => {
      const { queues } = document.sched as { queues: { name: string; tasks: { pid: number }[] }[] }
      const queue = queues.find(({ name }) => name === '0x77')
      queue?.tasks.shift()
      queue?.tasks.push({ ...queue.tasks[0], pid: 12 })
    })
    expect(later.diff(report).lasting.map(({ path, change }) => `${change} ${path}`)).toEqual([
      'added sched.queues[0x77].tasks[12]',
      'removed sched.queues[0x77].tasks[11]',
    ])
  })

  it('of different boots are not compared by ids and pointers', () => {
    const report = take([1])
    const other = changed(report, (document) => {
      const { facts } = document.environment as { facts: { fact: string; value: unknown }[] }
      const offset = facts.find(({ fact }) => fact === 'kernelOffset')
      if (offset !== undefined) offset.value = '0x1000'
      for (const program of document.programs as { id: number }[]) program.id += 100
    })
    const diff = other.diff(report)
    expect(diff.sameBoot).toBe(false)
    expect(diff.lasting.map(({ path }) => path)).toEqual([
      'environment.facts[kernelOffset].value',
      'programs[demo_enqueue].id',
    ])
    expect(diff.text()).toMatch(/different boots/)
  })
})

describe('a comparison', () => {
  const place = member(root, 'maps')
  const compare = (before: unknown, after: unknown, sameBoot = true) => {
    const comparison = new Comparison(sameBoot)
    comparison.values(place, before, after)
    return comparison.changes
  }

  it('finds nothing between equal values, and one change for one change', () => {
    const value = fc.json({ maxDepth: 3 }).map((text) => JSON.parse(text) as unknown)
    fc.assert(
      fc.property(value, (json) => {
        expect(compare(json, structuredClone(json))).toEqual([])
      }),
    )
    fc.assert(
      fc.property(value, fc.integer(), (json, number) => {
        expect(compare({ a: json, b: number }, { a: structuredClone(json), b: number + 1 })).toMatchObject([
          { path: 'maps.b', before: number, after: number + 1 },
        ])
      }),
    )
  })

  it('names members that are no identifiers in quotes', () => {
    expect(compare({ 'a b': 1 }, { 'a b': 2 })[0]?.path).toBe('maps["a b"]')
    expect(compare(JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":2}'))[0]?.path).toBe(
      'maps.__proto__',
    )
  })

  it('takes pointers of different boots for equal where they lead to the same name', () => {
    const pointer = (address: string, to?: string) => ({
      pointer: address,
      type: 'struct x *',
      ...(to ? { to } : {}),
    })
    expect(compare(pointer('0x10', 'a'), pointer('0x20', 'a'), false)).toEqual([])
    expect(compare(pointer('0x10', 'a'), pointer('0x20', 'b'), false)).toMatchObject([{ volatile: false }])
    expect(compare(pointer('0x10'), pointer('0x20'), false)).toMatchObject([{ volatile: true }])
    expect(compare(pointer('0x0'), pointer('0x20'), false)).toMatchObject([{ volatile: false }])
    expect(compare(pointer('0x10'), pointer('0x20'), true)).toMatchObject([{ volatile: false }])
  })
})

describe('values of any depth', () => {
  const nested = (depth: number, leaf: unknown): unknown => {
    let value = leaf
    for (let i = 0; i < depth; i++) value = i % 2 === 0 ? { in: value } : [value]
    return value
  }
  const changesOf = (before: unknown, after: unknown) => {
    const comparison = new Comparison(true)
    comparison.values(member(root, 'maps'), before, after)
    return comparison.changes
  }

  it.each([0, 1, 2, 3, 50, 150, 199, 200])('differ %d levels down', (depth) => {
    expect(changesOf(nested(depth, 1), nested(depth, 2))).toMatchObject([{ before: 1, after: 2 }])
  })

  it('end where a stranger nests them deeper than any report', () => {
    expect(changesOf(nested(20_000, 1), nested(20_000, 2))).toEqual([])
  })

  it('are the same where nothing differs, and where only what is ignored does', () => {
    expect(changesOf(nested(9, 1), nested(9, 1))).toEqual([])
    expect(changesOf({ address: '0x1', x: 1 }, { address: '0x2', x: 1 })).toEqual([])
    expect(changesOf({ address: '0x1', x: 1 }, { address: '0x1', x: 2 })).toHaveLength(1)
  })
})
