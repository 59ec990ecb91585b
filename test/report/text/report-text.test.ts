import { describe, expect, it } from 'vitest'
import { aMap, anAllocator, anArena, anElement, below, reportOf } from '../support/documents.js'

describe('arenas in the text of a report', () => {
  it('have their place, their pages, who uses them, variables and what leads nowhere', () => {
    const report = reportOf({
      arenas: [
        anArena({
          values: { counter: 3 },
          strays: [{ from: 'list.next', pointer: '0x1', why: 'it is free' }],
        }),
        anArena({
          id: 10,
          name: '',
          allocatedPages: null,
          presentPages: { atLeast: 2, why: 'lost' },
          programs: [],
        }),
      ],
    })
    expect(below(report, 'Arenas')).toEqual([
      'heap (9) at 0x100000000000: 7 of 100 pages present, 6 handed out, used by 1 programs',
      '  variables: { .counter = 3 }',
      '  ! list.next leads to no page: it is free',
      'arena (10) at 0x100000000000: at least 2 of 100 pages present, used by 0 programs',
    ])
  })

  it('are not spoken of where there are none', () => {
    const lines = [...reportOf().text()]
    for (const title of ['Arenas', 'Allocators', 'CPU time', 'Sched domains', 'NUMA', 'Not complete'])
      expect(lines).not.toContain(title)
    expect(lines.join()).not.toMatch(/Links|Problems/)
  })
})

describe('allocators in the text of a report', () => {
  it('have what they handed out, element by element', () => {
    const elements = [
      anElement(0, { value: { pid: 4 }, hex: '04' }),
      anElement(1, { state: 'recycled', generation: 3, hex: '0500' }),
      anElement(2, { state: 'free', address: null }),
      anElement(3, { generation: 1, unreadable: 'not in memory' }),
      anElement(4, { hex: '06' }),
    ]
    const report = reportOf({
      allocators: [
        anAllocator({ count: 5, elements }),
        anAllocator({ name: 'other', counts: {}, elementSize: null }),
      ],
    })
    expect(below(report, 'Allocators', { limit: 4 })).toEqual([
      'pool, sdt in arena 9: 2 live, elements of 32 bytes',
      '  [0] 0x000 { .pid = 4 }',
      '  [1] 0x100 (recycled, generation 3) 0500',
      '  [2] no memory yet (free)',
      '  [3] 0x300 (generation 1) <not in memory>',
      '  … and 1 more elements',
      '',
      'other, sdt in arena 9',
    ])
  })

  it('have their regions, objects, leaks and what dangles, at most as many as the limit', () => {
    const report = reportOf({
      allocators: [
        anAllocator({
          count: null,
          counts: { live: { atLeast: 1, why: 'lost' }, 'in-flight': 2 },
          payload: { type: 'struct task_ctx', certainty: 'proven', evidence: '3 stores' },
          regions: [{ name: 'chunk', used: 64, size: 4096 }],
          objects: [{ address: '0x10', type: 'struct top', from: 'global top', value: { depth: 2 } }],
          leaks: [{ index: 3 }, { index: 5 }],
          dangling: [
            { from: 'a.next', why: 'element 7 is free' },
            { from: 'b.next', why: 'element 8 is free' },
          ],
          problems: [{ where: 'root', why: 'not present' }],
        }),
      ],
    })
    expect(below(report, 'Allocators', { limit: 1, columns: 120 })).toEqual([
      'pool, sdt in arena 9: at least 1 live, 2 in-flight, struct task_ctx (proven: 3 stores)',
      '  chunk: 64 of 4096 bytes handed out',
      '  0x10 struct top (from global top) { .depth = 2 }',
      '  ! [3] is handed out, and nothing refers to it',
      '  ! a.next dangles: element 7 is free',
      '  ! root: not present',
    ])
  })
})

describe('the kernel log in the text of a report', () => {
  const log = [1, 2, 3].map((n) => ({
    sequence: n,
    time: n * 1_500_000_000,
    facility: 'kern',
    level: 'info',
    text: n === 2 ? 'two\nlines' : `message ${n}`,
  }))

  it('has the last messages, with seconds, line by line', () => {
    const report = reportOf({ log })
    expect(below(report, 'Kernel log (3)')).toEqual([
      '[    1.500000] message 1',
      '[    3.000000] two',
      '[    3.000000] lines',
      '[    4.500000] message 3',
    ])
    expect(below(report, 'Kernel log (3)', { limit: 3 })).toHaveLength(4)
    expect(below(report, 'Kernel log (the last 1 of 3)', { limit: 1 })).toEqual(['[    4.500000] message 3'])
    expect(below(report, 'Kernel log (the last 0 of 3)', { limit: 0 })).toEqual([])
    expect(below(report, 'Kernel log (the last 0 of 3)', { limit: -1 })).toEqual([])
  })
})

describe('vCPUs in the text of a report', () => {
  const vcpu = {
    index: 0,
    cpu: 2,
    where: 'schedule+0x1',
    rip: '0x10',
    halted: false,
    privilege: 0,
    task: null,
  }
  const frame = (symbol: string | null, isCertain = true) => ({ symbol, address: '0x20', isCertain })

  it('have their place, state, task and stack', () => {
    const vcpus = [
      { ...vcpu, halted: true, task: { pid: 0, name: 'swapper/2' }, stack: null },
      {
        ...vcpu,
        index: 1,
        cpu: null,
        where: null,
        stack: { method: 'orc', frames: [frame('inner+0x1'), frame(null, false)], problem: null },
      },
      { ...vcpu, privilege: 3, halted: true, stack: { method: 'guess', frames: [], problem: 'no table' } },
      { ...vcpu, stack: { method: 'orc', frames: [], problem: 'not present' } },
    ]
    expect(below(reportOf({ vcpus }), 'vCPUs')).toEqual([
      'CPU 2 at schedule+0x1, halted, runs swapper/2 (0)',
      'vCPU 1 at 0x10',
      '    inner+0x1',
      '    ? 0x20',
      'CPU 2 at schedule+0x1, in user space',
      '    ! guessed from the stack: no table',
      'CPU 2 at schedule+0x1',
      '    ! not present',
    ])
  })
})

describe('programs in the text of a report', () => {
  const program = {
    id: 6,
    name: 'enqueue',
    type: 'struct_ops',
    runCount: '4',
    runTimeNs: '2000',
    recursionMisses: '1',
    mapIds: [3, 4],
  }
  const tabled = (lines: readonly string[]) =>
    lines.map((line) =>
      line
        .trim()
        .split(/ {2,}/)
        .filter((word) => word !== ''),
    )

  it('have their runs, and are shown where the kernel does not count', () => {
    const programs = [
      program,
      { ...program, id: 7, runCount: null, runTimeNs: null, recursionMisses: null, mapIds: [] },
    ]
    expect(tabled(below(reportOf({ programs }), 'Programs (2)'))).toEqual([
      ['ID', 'NAME', 'TYPE', 'RUNS', 'TIME', 'EACH', 'MISSED', 'MAPS'],
      ['6', 'enqueue', 'struct_ops', '4', '2 us', '500 ns', '1', '3,4'],
      ['7', 'enqueue', 'struct_ops', '-', '-', '-', '-', '-'],
    ])
  })

  it('have what they printed, and their links', () => {
    const streams = [
      { programId: 6, name: 'enqueue', stdout: 'hello\nworld\n', stderr: '' },
      { programId: 7, name: '', stdout: '', stderr: { atLeast: 'oops', why: 'lost' } },
    ]
    const links = [
      { id: 1, type: 'struct_ops', programId: 6, attachType: 'x', target: { kind: 'map', id: 4 } },
    ]
    const report = reportOf({ programs: [program], streams, links })
    expect(below(report, 'Programs (1)').slice(2)).toEqual([
      '',
      'enqueue (6) printed to stdout:',
      '  hello',
      '  world',
      '',
      'unnamed (7) printed to stderr:',
      '  oops (not all could be read: lost)',
    ])
    expect(tabled(below(report, 'Links (1)'))).toEqual([
      ['ID', 'TYPE', 'PROG', 'ATTACHED AS', 'TO'],
      ['1', 'struct_ops', '6', 'x', 'map 4'],
    ])
  })
})

describe('what is wrong, in the text of a report', () => {
  const problems = [1, 2, 3].map((n) => ({
    severity: 'error',
    code: 'map',
    subject: `map:${n}`,
    message: `lost ${n}`,
  }))

  it('is listed up to the limit, and the rest counted', () => {
    expect(below(reportOf({ problems }), 'Problems (3)', { limit: 2 })).toEqual([
      'error  map:1: lost 1',
      'error  map:2: lost 2',
      '… and 1 more',
    ])
    expect(below(reportOf({ problems }), 'Problems (3)', { limit: 3 })).toHaveLength(3)
  })

  it('names sections that are not whole, with three reasons', () => {
    const partial = (reasons: readonly string[], expected: number | null) => ({
      status: 'partial',
      expected,
      obtained: 2,
      reasons,
      milliseconds: 0,
    })
    const sections = { maps: partial(['a', 'b', 'c', 'd'], 6), tasks: partial(['e', 'f', 'g'], null) }
    expect(below(reportOf({ sections }), 'Not complete')).toEqual([
      'tasks  partial: e; f; g',
      'maps   partial, 2 of 6: a; b; c; and 1 more',
    ])
  })
})

it('each map is set apart from the one before', () => {
  const lines = below(reportOf({ maps: [aMap(), aMap({ id: 5, name: '' })] }), 'Maps (2)')
  expect(lines).toEqual([
    'stats (4), hash: u32 -> u64, 0 of at most 10 entries',
    '',
    'map (5), hash: u32 -> u64, 0 of at most 10 entries',
  ])
})

it('sentences have a mark for how much they matter', () => {
  const story = ['trouble', 'notice', 'fact', 'other'].map((weight) => ({
    topic: 'log',
    weight,
    sentence: `a ${weight}`,
    facts: {},
    about: [],
  }))
  expect(below(reportOf({ story }), 'What is going on')).toEqual([
    '!  a trouble',
    '*  a notice',
    '-  a fact',
    '-  a other',
  ])
})
