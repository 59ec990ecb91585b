import { parseHTML } from 'linkedom'
import { describe, expect, it } from 'vitest'
import type { Report } from '../../../src/report/report.js'
import { aMap, anAllocator, anArena, anElement, reportOf } from '../support/documents.js'

const pageOf = (report: Report, options = {}) => parseHTML([...report.html(options)].join('')).document
type Page = ReturnType<typeof pageOf>
const textsOf = (page: Page, selector: string): string[] =>
  [...page.querySelectorAll(selector)].map((each) => each.textContent ?? '')

describe('maps on the page', () => {
  const entry = (key: number, value: unknown) => ({
    key: { hex: '01', value: key },
    value: { hex: '00', value },
  })

  it('have their shape, state, problems, entries, and how many more there are', () => {
    const map = aMap({
      entries: [entry(1, 5), entry(2, 'x'), entry(3, 7)],
      state: { head: 3 },
      problems: [{ where: 'bucket 1', why: 'it is <lost>' }],
    })
    const page = pageOf(reportOf({ maps: [map] }), { limit: 2 })
    const item = page.getElementById('map:4')
    expect(item?.querySelector('summary')?.textContent).toBe(
      'stats (4), hash: u32 -> u64, 3 of at most 10 entries',
    )
    expect(item?.querySelector('summary b')?.textContent).toBe('stats (4)')
    expect(textsOf(page, '#maps .bad')).toEqual(['bucket 1: it is <lost>'])
    expect(textsOf(page, '#maps pre.dim')).toEqual(['head: 3'])
    expect(textsOf(page, '#maps td')).toEqual(['1', '5', '2', '"x"'])
    expect(textsOf(page, '#maps p.more')).toEqual([
      '1 more entries are in the JSON report (--limit shows more here)',
    ])
    // A number is set to the right, where all of its column are numbers.
    const headings = [...page.querySelectorAll('#maps th')].map((each) => [each.textContent, each.className])
    expect(headings.map(([text]) => text)).toEqual(['KEY', 'VALUE'])
    expect(headings[0]?.[1]).not.toBe(headings[1]?.[1])
  })

  it('without entries, state and problems have none of these', () => {
    const page = pageOf(
      reportOf({ maps: [aMap({ count: null }), aMap({ id: 5, entries: [entry(1, { a: [1] })] })] }),
    )
    expect(page.getElementById('map:4')?.querySelector('.body')?.innerHTML).toBe('')
    expect(textsOf(page, '#maps pre .f')).toEqual(['  [1] { .a = { 1 } }'])
    expect(textsOf(page, '#maps p.more')).toEqual([])
  })
})

describe('arenas on the page', () => {
  it('have pages, users, variables, and what is wrong', () => {
    const page = pageOf(
      reportOf({
        arenas: [
          anArena({
            programs: [
              { id: 1, name: 'a' },
              { id: 2, name: '<b>' },
            ],
            values: { counter: 3 },
            problems: [{ where: 'tree', why: 'lost' }],
            strays: [{ from: 'x.next', pointer: '0x1', why: 'it is free' }],
          }),
          anArena({ id: 10, name: '', programs: [], allocatedPages: null, presentPages: null }),
        ],
      }),
    )
    expect(textsOf(page, '#arenas .item summary')).toEqual([
      'heap (9) at 0x100000000000: 7 of 100 pages present, 6 handed out',
      'arena (10) at 0x100000000000: unknown of 100 pages present',
    ])
    expect(textsOf(page, '#arenas .bad')).toEqual(['tree: lost'])
    expect(textsOf(page, '#arenas .odd')).toEqual(['x.next leads to no page: it is free'])
    expect(textsOf(page, '#arenas p.more')).toEqual(['used by a, <b>', 'used by no program'])
    expect(textsOf(page, '#arenas pre')).toEqual(['{ .counter = 3 }'])
    expect(page.getElementById('arena:10')?.hasAttribute('open')).toBe(true)
  })
})

describe('allocators on the page', () => {
  it('have their elements and objects, and what is wrong, up to the limit', () => {
    const elements = [
      anElement(0, { value: { a: 1 }, hex: '01', generation: 2 }),
      anElement(1, { state: 'free', address: null }),
      anElement(2, { hex: '0a' }),
      anElement(3, { unreadable: 'lost', hex: '00' }),
      anElement(4, { hex: '05' }),
    ]
    const page = pageOf(
      reportOf({
        allocators: [
          anAllocator({
            counts: { live: 2, free: 0, torn: { atLeast: 1, why: 'x' } },
            payload: { type: 'struct s', certainty: 'proven', evidence: 'a store' },
            regions: [{ name: 'chunk', used: 3, size: 9 }],
            objects: [{ address: '0x10', type: 'struct top', from: 'global top', value: { d: 1 } }],
            leaks: [{ index: 1 }, { index: 2 }, { index: 3 }, { index: 4 }, { index: 5 }],
            dangling: [1, 2, 3, 4, 5].map((n) => ({ from: `a[${n}]`, why: 'free' })),
            problems: [{ where: 'root', why: 'lost' }],
            count: 5,
            elements,
          }),
          anAllocator({ name: 'other', counts: {}, count: null }),
        ],
      }),
      { limit: 4 },
    )
    const [first, second] = textsOf(page, '#allocators .item summary')
    expect([first, second]).toEqual([
      'pool sdt in arena 9: 2 live, at least 1 torn',
      'other sdt in arena 9: ',
    ])
    const own = '[id="allocator:pool"]'
    expect(textsOf(page, `${own} .bad`)).toEqual(['root: lost'])
    expect(textsOf(page, `${own} .odd`)).toEqual([
      ...[1, 2, 3, 4].map((n) => `[${n}] is handed out, and nothing refers to it`),
      ...[1, 2, 3, 4].map((n) => `a[${n}] dangles: free`),
    ])
    expect(textsOf(page, `${own} p.more`)).toEqual([
      'elements are struct s (proven): a store',
      'chunk: 3 of 9 bytes handed out',
      '1 more elements are in the JSON report',
    ])
    expect(textsOf(page, `${own} pre .f`)).toEqual([
      '[0] 0x000 (live, generation 2) { .a = 1 }',
      '[1] no memory yet (free) ',
      '[2] 0x200 (live) 0a',
      '[3] 0x300 (live) <lost>',
      '0x10 struct top (from global top) { .d = 1 }',
    ])
    expect(textsOf(page, '[id="allocator:other"] p.more')).toEqual([
      'elements of unknown type: nothing stores into it',
    ])
  })
})

describe('vCPUs and tasks on the page', () => {
  const frames = [
    { symbol: 'schedule+0x1', address: '0x1', isCertain: true },
    { symbol: null, address: '0x2', isCertain: false },
    { symbol: '<f>', address: '0x3', isCertain: true },
  ]
  const vcpu = {
    index: 0,
    cpu: 1,
    where: 'f+0x1',
    rip: '0x10',
    halted: false,
    privilege: 0,
    task: { pid: 5, name: 'load' },
    registers: { rip: '0x10', rsp: '0x20' },
    stack: null,
  }
  const task = {
    pid: 5,
    tgid: 5,
    name: 'load',
    state: 'S',
    cpu: 0,
    isRunning: false,
    isKernelThread: false,
    details: { schedClass: 'ext', priority: 120, cgroup: { path: '/jobs' } },
    stack: { method: 'orc', frames, problem: 'it ends here' },
  }

  it('have registers and stacks; a CPU that is not known goes by its number', () => {
    const vcpus = [
      { ...vcpu, stack: { method: 'orc', frames, problem: null } },
      { ...vcpu, index: 3, cpu: null, where: null, halted: true, task: { pid: 0, name: 'swapper/3' } },
      { ...vcpu, index: 4, cpu: 4, privilege: 3, halted: true, task: null },
    ]
    const page = pageOf(reportOf({ vcpus }))
    expect(textsOf(page, '#vcpus .item > summary')).toEqual([
      'CPU 1 at f+0x1, runs load (5)',
      'vCPU 3 at 0x10, halted, runs swapper/3 (0)',
      'CPU 4 at f+0x1, in user space',
    ])
    expect([...page.querySelectorAll('#vcpus .item')].map(({ id }) => id)).toEqual([
      'cpu:1',
      'vcpu:3',
      'cpu:4',
    ])
    expect(textsOf(page, '#vcpus .item > summary a')).toEqual(['load'])
    expect(textsOf(page, '[id="cpu:1"] pre')).toEqual([
      'schedule+0x1\n? 0x2\n<f>',
      'rip        0x10\nrsp        0x20',
    ])
    expect(textsOf(page, '[id="cpu:4"] pre')).toEqual(['rip        0x10\nrsp        0x20'])
  })

  it('show in the last column what sleeps where, and open to what belongs to it', () => {
    const idle = { ...task, pid: 0, name: 'swapper/0', stack: null, details: null, isRunning: true }
    const kernelThread = { ...task, pid: 6, name: 'kworker', isKernelThread: true, cpu: null, stack: null }
    const identity = {
      tasks: {
        'task:5': {
          name: 'load',
          cpu: null,
          runs: false,
          queue: 'queue:0x77',
          position: 2,
          values: ['map:4', 'map:99'],
          allocations: ['allocation:pool[3]'],
        },
      },
      queues: {},
      cpus: {},
      maps: {},
      programs: {},
      allocations: {},
    }
    const page = pageOf(reportOf({ tasks: [idle, task, kernelThread], identity, maps: [aMap()] }))
    const rows = [...page.querySelectorAll('#tasks tbody tr')]
    expect(rows.map(({ id }) => id)).toEqual(['', 'task:5', 'task:6'])
    const cells = rows.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent))
    expect(cells[0]?.slice(2, 5)).toEqual(['swapper/0', 'S', '0*'])
    expect(cells[2]?.slice(2, 5)).toEqual(['[kworker]', 'S', '-'])
    expect(cells[1]?.slice(5, 8)).toEqual(['ext', '120', '/jobs'])
    expect(cells[1]?.[8]).toBe(
      '<f>on DSQ 0x77, place 2\nstorage in stats\nstorage in map:99\npool[3]\nschedule+0x1\n? 0x2\n<f>\n! it ends here',
    )
    expect(rows[1]?.querySelector('details summary')?.textContent).toBe('<f>')
    expect(rows[2]?.querySelector('details')).toBeNull()
    expect(cells[2]?.[8]).toBe('–')
  })
})

describe('the scheduler on the page', () => {
  const queue = (name: string, sequence: number) => ({ name, kind: 'user', depth: 0, sequence, tasks: [] })
  const withQueues = (...queues: readonly object[]) =>
    pageOf(
      reportOf({
        sched: {
          state: 'enabled',
          absent: [],
          schedulers: [],
          runqueues: [],
          queues,
          events: [],
          cids: null,
          watchdog: { timeoutMs: null, ageMs: null },
          exitLog: [],
        },
      }),
    )

  it('is told in pairs, and in the tables that are not empty', () => {
    const page = withQueues(queue('0x7', 3), queue('0x8', 0))
    expect(textsOf(page, '#sched dl div')).toEqual(['sched_extenabled'])
    expect(textsOf(page, '#sched h3')).toEqual(['Dispatch queues'])
    expect(textsOf(page, '#sched p.more')).toEqual(['1 more was never used.'])
    expect(textsOf(withQueues(queue('a', 1), queue('b', 0), queue('c', 0)), '#sched p.more')).toEqual([
      '2 more were never used.',
    ])
    expect(textsOf(withQueues(queue('a', 1)), '#sched p.more')).toEqual([])
    expect(textsOf(withQueues(), '#sched h3')).toEqual([])
  })
})

describe('the machine on the page', () => {
  it('has a table of each kind of which there is something', () => {
    const node = (events: object) => [{ node: 0, events }]
    expect(textsOf(pageOf(reportOf({ numa: node({ hit: '7', miss: '0' }) })), '#machine h3')).toEqual([
      'NUMA',
    ])
    const page = pageOf(reportOf({ numa: node({ hit: '7', miss: '0' }) }))
    expect(textsOf(page, '#machine th')).toEqual(['NODE', 'HIT', 'MISS'])
    expect(textsOf(page, '#machine td')).toEqual(['0', '7', '0'])
    expect(textsOf(pageOf(reportOf()), '#machine h3')).toEqual([])
  })
})

describe('other parts of the page', () => {
  it('mark grave messages of the kernel log', () => {
    const record = (level: string, text = 'x') => ({
      sequence: 1,
      time: 1_500_000,
      facility: 'kern',
      level,
      text,
    })
    const levels = ['emerg', 'alert', 'crit', 'err', 'warning', 'info']
    const page = pageOf(reportOf({ log: levels.map((level) => record(level, `${level}\n<b>`)) }))
    expect(textsOf(page, '#log .f.bad')).toEqual(
      ['emerg', 'alert', 'crit', 'err'].map((level) => `[    0.001500] ${level}\n<b>`),
    )
    expect(textsOf(page, '#log .f')).toHaveLength(6)
  })

  it('link problems and sentences to what they are about', () => {
    const problems = ['error', 'warning', 'note'].map((severity) => ({
      severity,
      code: 'map',
      subject: 'map:4',
      message: 'it is <odd>',
    }))
    const story = [
      {
        topic: 'log',
        weight: 'trouble',
        sentence: 'a <b>',
        facts: {},
        about: [
          { kind: 'task', pid: 5, name: 'x' },
          { kind: 'cpu', cpu: 1 },
        ],
      },
    ]
    const page = pageOf(reportOf({ problems, story, maps: [aMap()] }))
    expect([...page.querySelectorAll('#problems td:first-child')].map((cell) => cell.className)).toEqual([
      'bad',
      'odd',
      'none',
    ])
    expect(textsOf(page, '#problems tbody tr:first-child td')).toEqual([
      'error',
      'map',
      'map:4',
      'it is <odd>',
    ])
    expect(textsOf(page, '#story li')).toEqual(['a <b> → x'])
    expect(page.querySelector('#story li')?.className).toBe('f trouble')
    expect(page.querySelector('#story a')?.getAttribute('href')).toBe('#task%3A5')
  })

  it('have programs with the maps they use, what they printed, and members of struct_ops', () => {
    const program = {
      id: 6,
      name: 'enqueue',
      type: 'struct_ops',
      runCount: '4',
      runTimeNs: '8',
      recursionMisses: '0',
      mapIds: [4, 9],
    }
    const members = [
      { operations: 'sched_ext_ops', member: 'enqueue', programId: 6, mapName: 'ops', mapId: 4 },
      { operations: 'sched_ext_ops', member: 'dispatch', programId: 7, mapName: 'ops', mapId: 4 },
    ]
    const streams = [{ programId: 6, name: '', stdout: '<b>\nx\n', stderr: '' }]
    const page = pageOf(reportOf({ programs: [program], structOps: { members }, streams, maps: [aMap()] }))
    expect(page.querySelector('#programs tr[id="program:6"] td:last-child')?.textContent).toBe('stats, 9')
    expect(textsOf(page, '#programs h3')).toEqual(['6 printed to stdout', 'struct_ops'])
    expect(textsOf(page, '#programs pre')).toEqual(['<b>\nx'])
    const last = [...page.querySelectorAll('#programs table')].at(-1)
    expect(
      [...(last?.querySelectorAll('tbody tr') ?? [])].map((row) =>
        [...row.querySelectorAll('td')].map((cell) => cell.textContent),
      ),
    ).toEqual([
      ['sched_ext_ops.enqueue', 'enqueue', 'ops'],
      ['sched_ext_ops.dispatch', '7', 'ops'],
    ])
    expect(textsOf(pageOf(reportOf({ programs: [program] })), '#programs h3')).toEqual([])
    expect(textsOf(pageOf(reportOf({ programs: [program] })), '#programs td').length).toBeGreaterThan(1)
  })

  it('say what is not whole, with eight reasons', () => {
    const status = (name: string, count: number) => ({
      status: name,
      expected: null,
      obtained: 0,
      reasons: Array.from({ length: count }, (_, i) => `reason ${i}`),
      milliseconds: 0,
    })
    const page = pageOf(
      reportOf({
        sections: {
          cpuTime: status('partial', 1),
          numa: status('unavailable', 9),
          sched: status('partial', 8),
        },
      }),
    )
    expect(page.querySelector('nav a[href="#machine"]')?.className).toBe('unavailable')
    expect(page.querySelector('nav a[href="#sched"]')?.className).toBe('partial')
    expect(page.querySelector('nav a[href="#environment"]')?.className).toBe('complete')
    expect(textsOf(page, '#machine .reasons div')).toHaveLength(9)
    expect(textsOf(page, '#machine .reasons div').at(-1)).toBe('and 2 more')
    expect(textsOf(page, '#sched .reasons div')).toHaveLength(8)
    expect(textsOf(page, '#sched h2 ~ .status')).toEqual(['partial'])
    expect(textsOf(page, '#environment .reasons, #environment .status')).toEqual([])
  })

  it('are left out where there is nothing, and open where they are read first', () => {
    const page = pageOf(reportOf({ maps: [aMap()] }))
    const sections = [...page.querySelectorAll('main > section')].map(({ id }) => id)
    expect(sections).not.toContain('story')
    expect(sections).not.toContain('problems')
    expect(sections).toContain('environment')
    const open = [...page.querySelectorAll('main > section > details[open]')].map(
      (each) => each.parentElement?.id,
    )
    expect(open).toEqual(['vcpus', 'sched', 'maps'])
  })

  it('begin with the target, its kernel and how long it was up', () => {
    const about = (parts: Readonly<Record<string, unknown>>) =>
      pageOf(reportOf(parts)).querySelector('.about')?.textContent
    expect(about({})).toBe('no kernel found · dump · taken in 1 ms')
    expect(
      about({ environment: { release: '6.18', facts: [] }, time: { uptimeMs: 12_000, realtime: null } }),
    ).toBe('6.18 · up 12 s · dump · taken in 1 ms')
    expect(about({ time: { uptimeMs: null, realtime: null } })).toBe('no kernel found · dump · taken in 1 ms')
  })
})
