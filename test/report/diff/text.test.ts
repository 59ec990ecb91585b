import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Report } from '../../../src/report/report.js'
import { aMap, anAllocator, anElement, reportOf } from '../support/documents.js'

const diffOf = (before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>) =>
  reportOf(after).diff(reportOf(before))
/** The lines of a section, below its title. */
const linesOf = (
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  options = {},
) => diffOf(before, after).text(options).split('\n').slice(4)

describe('differences as text', () => {
  it('name both sides', () => {
    const time = (uptimeMs: number | null) => ({
      jiffies: 1,
      hz: 100,
      uptimeMs,
      clocks: null,
      realtime: null,
    })
    const diff = diffOf(
      { time: time(12_300), environment: { release: '6.18.1', facts: [] } },
      { time: time(null), environment: { release: '6.18.1', facts: [] } },
    )
    expect(diff.text().split('\n').slice(0, 2)).toEqual(['- made (6.18.1, up 12.3 s)', '+ made (6.18.1)'])
    expect(diffOf({}, {}).text()).toBe('- made (no kernel)\n+ made (no kernel)\n\nNothing differs.')
    expect(diff.before).toEqual({ target: 'made', release: '6.18.1', time: null, uptimeMs: 12_300 })
  })

  it('have + for what came, - for what went, ~ for what changed', () => {
    const log = (sequence: number) => ({
      sequence,
      time: 1,
      facility: 'kern',
      level: 'info',
      text: `m ${sequence}`,
    })
    expect(linesOf({ log: [log(1)] }, { log: [log(2)] })).toEqual(['  + log[2]  m 2', '  - log[1]  m 1'])
    expect(diffOf({ log: [log(1)] }, { log: [log(2)] }).text()).toContain('\n\nKernel log\n')
    expect(linesOf({ numa: [{ node: 0, x: 1 }] }, { numa: [{ node: 0, x: 2 }] }, { all: true })).toEqual([
      '  ~ numa[0].x  1 -> 2 (+1)',
    ])
  })

  it('name what differs without the section that it stands below', () => {
    const environment = (release: string) => ({ environment: { release, facts: [] } })
    expect(linesOf(environment('6.18.1'), environment('6.18.2'), { all: true })).toEqual([
      '  ~ release  6.18.1 -> 6.18.2',
    ])
  })

  it('tell by how much counts grew or shrank', () => {
    const counted = (before: unknown, after: unknown) =>
      linesOf({ programs: [{ id: 1, n: before }] }, { programs: [{ id: 1, n: after }] })[0]
    expect(counted(3, 10)).toBe('  ~ programs[1].n  3 -> 10 (+7)')
    expect(counted(10, 3)).toBe('  ~ programs[1].n  10 -> 3 (-7)')
    expect(counted('18446744073709551615', '18446744073709551616')).toBe(
      '  ~ programs[1].n  18446744073709551615 -> 18446744073709551616 (+1)',
    )
    expect(counted('-5', 0)).toBe('  ~ programs[1].n  -5 -> 0 (+5)')
    expect(counted(1.5, 2)).toBe('  ~ programs[1].n  1.5 -> 2')
    expect(counted('x', 'y')).toBe('  ~ programs[1].n  x -> y')
    expect(counted(null, 4)).toBe('  ~ programs[1].n  - -> 4')
    // Of a state, the distance says nothing.
    const tasks = (state: number) => ({ tasks: [{ pid: 4, n: state }] })
    expect(linesOf(tasks(1), tasks(2))).toEqual(['  ~ tasks[4].n  1 -> 2'])
  })

  it('show pointers, messages and other objects in short', () => {
    const shown = (after: unknown) =>
      linesOf({ tasks: [{ pid: 4, n: 0 }] }, { tasks: [{ pid: 4, n: after }] })[0]
    expect(shown({ pointer: '0x10', type: 'x *', to: 'f+0x1' })).toBe('  ~ tasks[4].n  0 -> 0x10 <f+0x1>')
    expect(shown({ pointer: '0x10', type: 'x *' })).toBe('  ~ tasks[4].n  0 -> 0x10')
    expect(shown({ pointer: 5 })).toBe('  ~ tasks[4].n  0 -> {"pointer":5}')
    expect(shown({ text: 'a\u001b[1m' })).toBe('  ~ tasks[4].n  0 -> a\\x1b[1m')
    expect(shown({ text: 5 })).toBe('  ~ tasks[4].n  0 -> {"text":5}')
    expect(shown({ message: 'oops' })).toBe('  ~ tasks[4].n  0 -> oops')
    expect(shown({ message: 5 })).toBe('  ~ tasks[4].n  0 -> {"message":5}')
    expect(shown('text')).toBe('  ~ tasks[4].n  0 -> text')
    expect(shown([1, 2])).toBe('  ~ tasks[4].n  0 -> [1,2]')
  })

  it('take two lines where one is too short, and are cut there', () => {
    const long = 'x'.repeat(60)
    const lines = linesOf({ tasks: [{ pid: 4, n: '' }] }, { tasks: [{ pid: 4, n: long }] }, { columns: 40 })
    expect(lines).toHaveLength(2)
    expect(lines[0]).toBe('  ~ tasks[4].n')
    expect(lines[1]).toMatch(/^ {7}-> x+…$/)
    expect(lines[1]).toHaveLength(40)
    const fits = '  ~ tasks[4].n  0 -> 12'
    const tasks = (n: number) => ({ tasks: [{ pid: 4, n }] })
    expect(linesOf(tasks(0), tasks(12), { columns: fits.length })).toEqual([fits])
    expect(linesOf(tasks(0), tasks(12), { columns: fits.length - 1 })).toHaveLength(2)
  })

  it('are counted beyond a limit, and so are clocks that are not shown', () => {
    const tasks = (n: number) => ({
      tasks: [1, 2, 3].map((pid) => ({ pid, n })),
      time: { uptimeMs: n, clocks: null },
    })
    const diff = diffOf(tasks(1), tasks(2))
    const cut = diff.text({ limit: 2 }).split('\n')
    expect(cut.slice(2)).toEqual([
      '',
      'Tasks',
      '  ~ tasks[1].n  1 -> 2',
      '  ~ tasks[2].n  1 -> 2',
      '  … and 1 more',
      '',
      '1 changes of clocks, counters and registers are not shown.',
    ])
    expect(diff.text({ limit: 3 })).not.toMatch(/more/)
    expect(diff.toString()).toBe(diff.text())
    expect(diff.text({ all: true })).not.toMatch(/not shown/)
    const many = (n: number) => ({ tasks: Array.from({ length: 42 }, (_, pid) => ({ pid: pid + 1, n })) })
    expect(inspect(diffOf(many(1), many(2)))).toMatch(/ {2}… and 2 more$/)
  })
})

describe('differences as data', () => {
  it('are summed up by section', () => {
    const program = (id: number, runCount: string, more = {}) => ({ id, runCount, ...more })
    const diff = diffOf(
      { programs: [program(1, '1', { x: 1 }), program(2, '1')], time: { uptimeMs: 1, clocks: null } },
      { programs: [program(1, '2', { x: 2 }), program(3, '1')], time: { uptimeMs: 2, clocks: null } },
    )
    expect(diff.summary).toEqual([
      { section: 'time', added: 0, removed: 0, changed: 1, volatile: 1 },
      { section: 'programs', added: 1, removed: 1, changed: 2, volatile: 1 },
    ])
    expect(JSON.parse(JSON.stringify(diff))).toMatchObject({
      schema: { name: 'cryoscope-diff', major: 1, minor: 0 },
      before: { target: 'made' },
      after: { target: 'made' },
      sameBoot: true,
      summary: [{ section: 'time' }, { section: 'programs' }],
      changes: { length: 5 },
    })
  })
})

describe('allocators of two reports', () => {
  const changesOf = (before: readonly object[], after: readonly object[]) =>
    diffOf({ allocators: before }, { allocators: after }).changes.map(
      ({ path, change, before, after, type }) => ({
        path,
        change,
        ...(before === undefined ? {} : { before }),
        ...(after === undefined ? {} : { after }),
        ...(type === undefined ? {} : { type }),
      }),
    )
  const typed = { payload: { type: 'struct task_ctx', certainty: 'proven', evidence: 'a store' } }

  it('come and go by name', () => {
    expect(changesOf([anAllocator({ name: 'old' })], [anAllocator({ name: 'new' })])).toEqual([
      { path: 'allocators.new', change: 'added', after: { name: '9/new' } },
      { path: 'allocators.old', change: 'removed', before: { name: '9/old' } },
    ])
  })

  it('differ by what they say of themselves, and not by the number of their arena', () => {
    expect(changesOf([anAllocator({ arena: 9 })], [anAllocator({ arena: 12 })])).toEqual([])
    expect(
      changesOf([anAllocator({ ...typed, elementSize: 32 })], [anAllocator({ ...typed, elementSize: 64 })]),
    ).toEqual([
      {
        path: 'allocators.pool.$allocator.elementSize',
        change: 'changed',
        before: 32,
        after: 64,
        type: 'struct task_ctx',
      },
    ])
  })

  it('differ by their elements', () => {
    const before = [
      anElement(0, { value: { a: 1 }, hex: '01' }),
      anElement(1, { hex: '02' }),
      anElement(2, { generation: 1, value: 5 }),
      anElement(3),
      anElement(4, { unreadable: 'lost' }),
    ]
    const after = [
      anElement(0, { value: { a: 2 }, hex: '02' }),
      anElement(1, { hex: '03' }),
      anElement(2, { generation: 2, state: 'recycled', value: 5 }),
      anElement(4, { unreadable: 'gone' }),
      anElement(5),
    ]
    const type = 'struct task_ctx'
    expect(
      changesOf([anAllocator({ ...typed, elements: before })], [anAllocator({ ...typed, elements: after })]),
    ).toEqual([
      { path: 'allocators.pool[0].a', change: 'changed', before: 1, after: 2, type },
      { path: 'allocators.pool[1]', change: 'changed', before: '02', after: '03', type },
      {
        path: 'allocators.pool[2]["$notes"].state',
        change: 'changed',
        before: 'live',
        after: 'recycled',
        type,
      },
      { path: 'allocators.pool[2]["$notes"].generation', change: 'changed', before: 1, after: 2, type },
      { path: 'allocators.pool[4].unreadable', change: 'changed', before: 'lost', after: 'gone', type },
      { path: 'allocators.pool[5]', change: 'added', after: null, type },
      { path: 'allocators.pool[3]', change: 'removed', before: null, type },
    ])
  })
})

describe('entries of maps of two reports', () => {
  const entries = (list: readonly unknown[], more = {}) => ({ maps: [aMap({ entries: list, ...more })] })
  const changesOf = (before: readonly unknown[], after: readonly unknown[]) =>
    diffOf(entries(before), entries(after)).changes.map(({ path, change, before, after }) => [
      change,
      path,
      before,
      after,
    ])
  const keyed = (key: object, value: unknown) => [{ key: { hex: '', ...key }, value: { hex: '00', value } }]

  it.each([
    [{ hex: '01', value: 1 }, '1'],
    [{ hex: '01' }, 'hex:01'],
    [{ hex: '01', value: 'a' }, '"a"'],
    [{ hex: '01', value: { a: 1 } }, '{"a":1}'],
    [{ owner: { kind: 'task', pid: 5, address: '0x1' } }, 'task 5'],
    [{ owner: { kind: 'cgroup', id: 6, address: '0x1' } }, 'cgroup 6'],
    [{ owner: { kind: 'sk', cookie: '7', address: '0x1' } }, 'sk 7'],
    [{ owner: { kind: 'sk', cookie: 0, address: '0x1' } }, 'sk 0x1'],
    [{ owner: { kind: 'sk', cookie: '0', address: '0x1' } }, 'sk 0x1'],
    [{ owner: { kind: 'inode', ino: 8, device: '8:1', address: '0x1' } }, 'inode 8 on 8:1'],
    [{ owner: { kind: 'task', pid: 5, device: '8:1' } }, 'task 5'],
  ])('are the same where their keys are: %o', (key, name) => {
    expect(changesOf(keyed(key, 1), keyed(key, 2))).toEqual([['changed', `maps.stats[${name}]`, 1, 2]])
    expect(changesOf(keyed(key, 1), [])).toEqual([['removed', `maps.stats[${name}]`, 1, undefined]])
    expect(changesOf([], keyed(key, 2))).toEqual([['added', `maps.stats[${name}]`, undefined, 2]])
  })

  it('without keys come and go, each as often as it is there', () => {
    const item = (value: number) => ({ key: { hex: '' }, value: { hex: '00', value } })
    expect(changesOf([item(1), item(1), item(2)], [item(1), item(3)])).toEqual([
      ['added', 'maps.stats[3]', undefined, 3],
      ['removed', 'maps.stats[1]', 1, undefined],
      ['removed', 'maps.stats[2]', 2, undefined],
    ])
    expect(changesOf([item(1), item(1), item(1)], [])).toEqual([
      ['removed', 'maps.stats[1]', 1, undefined],
      ['removed', 'maps.stats[1#2]', 1, undefined],
      ['removed', 'maps.stats[1#3]', 1, undefined],
    ])
  })

  it('differ by CPU, by what they point at, by special members and notes, and not by addresses', () => {
    const key = { hex: '01', value: 1 }
    const cpus = (value: number) => [
      {
        key,
        cpus: [
          { cpu: 0, value: 1 },
          { cpu: 3, value },
        ],
      },
    ]
    expect(changesOf(cpus(1), cpus(2))).toEqual([['changed', 'maps.stats[1].cpu3', 1, 2]])
    const target = (id: number, address: string) => [
      { key, value: { hex: address, target: { kind: 'map', id, address } } },
    ]
    expect(changesOf(target(1, '0x1'), target(2, '0x2'))).toEqual([['changed', 'maps.stats[1].id', 1, 2]])
    const special = (armed: boolean, address: string) => [
      { key, value: { value: { a: 1 }, special: [{ member: 't', kind: 'timer', armed, address }] } },
    ]
    expect(changesOf(special(true, '0x1'), special(false, '0x2'))).toEqual([
      ['changed', 'maps.stats[1]["t (timer)"].armed', true, false],
    ])
    const plain = (special: object[]) => [{ key, value: { value: 5, special } }]
    expect(changesOf(plain([]), plain([{ member: 't', kind: 'timer' }]))).toEqual([])
    const noted = (age: number, address: string) => [{ key, value: { value: 1 }, notes: { age, address } }]
    expect(changesOf(noted(1, '0x1'), noted(2, '0x2'))).toEqual([
      ['changed', 'maps.stats[1]["$notes"].age', 1, 2],
    ])
    expect(changesOf([{ key, value: {} }], [{ key, value: { hex: '02' } }])).toEqual([
      ['changed', 'maps.stats[1]', null, '02'],
    ])
    expect(changesOf([{ key }], [{ key, value: { value: 3 } }])).toEqual([
      ['changed', 'maps.stats[1]', null, 3],
    ])
  })
})

describe('maps of two reports', () => {
  const changesOf = (
    before: readonly object[],
    after: readonly object[],
    boots: [Report, Report] | undefined = undefined,
  ) => {
    const [older, newer] = boots ?? [reportOf({ maps: before }), reportOf({ maps: after })]
    return newer.diff(older).changes.map(({ path, change }) => `${change} ${path}`)
  }
  const boot = (offset: string, maps: readonly object[]) =>
    reportOf({
      maps,
      environment: { release: '6', facts: [{ fact: 'kernelOffset', value: offset, how: '' }] },
    })

  it('are the same by id and name, and by name and type where there is no such id', () => {
    const entry = (value: number) => ({ entries: [{ key: { hex: '01', value: 1 }, value: { value } }] })
    expect(
      changesOf(
        [aMap({ id: 4, ...entry(1) }), aMap({ id: 5, ...entry(7) })],
        [aMap({ id: 5, ...entry(7) }), aMap({ id: 4, ...entry(2) })],
      ),
    ).toEqual(['changed maps["stats#2"][1]'])
    expect(changesOf([aMap({ id: 4 })], [aMap({ id: 8 })])).toEqual(['changed maps.stats.$map.id'])
    expect(changesOf([aMap({ id: 4 })], [aMap({ id: 4, type: 'array' })])).toEqual([
      'changed maps.stats.$map.type',
    ])
    expect(changesOf([aMap({ id: 4 })], [aMap({ id: 8, type: 'array' })])).toEqual([
      'added maps.stats',
      'removed maps.stats',
    ])
    expect(changesOf([aMap({ id: 4, name: '' })], [])).toEqual(['removed maps["#4"]'])
    expect(changesOf([aMap({ address: '0x1', count: 3 })], [aMap({ address: '0x2', count: 4 })])).toEqual([])
  })

  it('of different boots are the same by name, never by id', () => {
    expect(
      changesOf([], [], [boot('1', [aMap({ id: 4, name: 'a' })]), boot('2', [aMap({ id: 4, name: 'b' })])]),
    ).toEqual(['changed environment.facts[kernelOffset].value', 'added maps.b', 'removed maps.a'])
    expect(
      changesOf(
        [],
        [],
        [
          boot('1', [aMap({ id: 4, maxEntries: 1 }), aMap({ id: 5, maxEntries: 2 })]),
          boot('2', [aMap({ id: 5, maxEntries: 1 }), aMap({ id: 6, maxEntries: 2 })]),
        ],
      ),
    ).toEqual([
      'changed environment.facts[kernelOffset].value',
      'changed maps.stats.$map.id',
      'changed maps["stats#2"].$map.id',
    ])
  })
})
