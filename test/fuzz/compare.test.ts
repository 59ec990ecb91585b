import { describe, expect, it } from 'vitest'
import { claims } from '../../fuzz/compare.js'

function document<T extends object>(parts: T, reasons: readonly string[] = []) {
  return {
    sections: { tasks: { reasons }, allocators: { reasons }, sched: { reasons: [] } },
    problems: reasons.map((message) => ({ subject: 'task:2', message })),
    ...parts,
  }
}

const whole = document({
  tasks: [
    { pid: 1, name: 'a', stack: [{ symbol: 'schedule' }] },
    { pid: 2, name: 'b', stack: [] },
  ],
  allocators: [{ name: 'x', live: 3, leaks: [], dangling: [] }],
})

function of(parts: Readonly<Record<string, unknown>>, reasons?: readonly string[]): string[] {
  return claims(whole, document({ tasks: [], allocators: whole.allocators, ...parts }, reasons)).map(
    ({ path, fault }) => `${path} ${fault}`,
  )
}

const [first, second] = whole.tasks

describe('a report of a dump that lacks a page', () => {
  it('claims what is another, is gone without a word, or came up', () => {
    const tasks = [
      { ...second, name: 'c' },
      { pid: 3, name: 'd' },
    ]
    expect(of({ tasks })).toEqual([
      'tasks[pid 1] is gone',
      'tasks[pid 2].name is another',
      'tasks[pid 3] came up',
    ])
    // A section that is not whole excuses what is gone, and nothing else.
    expect(of({ tasks }, ['tasks: the list is broken'])).toEqual([
      'tasks[pid 2].name is another',
      'tasks[pid 3] came up',
    ])
  })

  it('does not claim what it says not to know', () => {
    const tasks = [
      { pid: 1, name: { unreadable: 'gone' }, stack: null, problem: 'its stack is gone' },
      { pid: 2, name: 'unknown: its page could not be read', stack: [] },
    ]
    const allocators = [{ ...whole.allocators[0], live: { atLeast: 1, why: 'gone' } }]
    expect(of({ tasks, allocators })).toEqual([])
  })

  it('is not excused by a problem of another thing', () => {
    const tasks = [{ ...first, stack: null }, second]
    expect(of({ tasks }, ['task:2: its stack is gone'])).toEqual(['tasks[pid 1].stack is gone'])
    expect(of({ tasks }, ['task:1: its stack is gone'])).toEqual([])
  })

  it('knows by name what has one, and not by its place', () => {
    const of = (before: readonly unknown[], after: readonly unknown[]) =>
      claims(document({ allocators: before }), document({ allocators: after })).map(
        ({ path, fault }) => `${path} ${fault}`,
      )
    expect(of([26, 27], [27])).toEqual(['allocators[itself 26] is gone'])
    expect(of(['map:26', 'map:27'], ['map:27'])).toEqual(['allocators[itself map:26] is gone'])
    const entry = (hex: string, value: number) => ({ key: { hex, value }, value: 1 })
    expect(of([entry('00', 0), entry('01', 1)], [entry('01', 1)])).toEqual(['allocators[key 00] is gone'])
  })

  it('excuses by a reason names that are cut and pointers that nobody recovers, and nothing else of them', () => {
    const name = 'pool_workqueue_release'
    const at = { pointer: '0xff', recovered: 'proven' }
    const of = (after: Readonly<Record<string, unknown>>, reasons: readonly string[]) =>
      claims(
        document({ tasks: [{ pid: 1, name, at }] }),
        document({ tasks: [{ pid: 1, name, at, ...after }] }, reasons),
      ).map(({ path }) => path)
    const because = ['names could not be read']
    expect(of({ name: name.slice(0, 15), at: 255 }, because)).toEqual([])
    expect(of({ name: name.slice(0, 15), at: 255 }, [])).toEqual(['tasks[pid 1].name', 'tasks[pid 1].at'])
    expect(of({ name: name.slice(0, 14), at: 256 }, because)).toEqual([
      'tasks[pid 1].name',
      'tasks[pid 1].at',
    ])
  })

  it('takes bytes for the text that they spell, and not a part of them', () => {
    const of = (after: readonly number[]) =>
      claims(
        document({ tasks: [{ pid: 1, key: 'ab' }] }),
        document({ tasks: [{ pid: 1, key: after }] }, ['types could not be read']),
      ).length
    expect([of([97, 98, 0]), of([97, 98]), of([97]), of([]), of([97, 99])]).toEqual([0, 0, 1, 1, 1])
  })

  it('takes a name of types that says to be unreadable for any name, and the rest of the text as it is', () => {
    const of = (after: string) =>
      claims(
        document({ tasks: [{ pid: 1, type: 'section .bss[2]' }] }),
        document({ tasks: [{ pid: 1, type: after }] }),
      ).length
    expect(of('section unreadable_name_7[2]')).toBe(0)
    expect(of('section unreadable_name_7[3]')).toBe(1)
  })

  it('has no bound above what there is', () => {
    const allocators = [{ ...whole.allocators[0], live: { atLeast: 4, why: 'gone' } }]
    expect(of({ tasks: whole.tasks, allocators })).toEqual(['allocators[name x].live is more than there are'])
  })

  it('may call more unreferenced where it names what it did not read, but nothing dangling', () => {
    const allocator = { ...whole.allocators[0], leaks: [{ index: 1 }], unreadRoots: ['map m'] }
    expect(of({ tasks: whole.tasks, allocators: [allocator] })).toEqual([])
    const worse = { ...allocator, dangling: [{ from: 'x', why: 'its page is not there' }] }
    expect(of({ tasks: whole.tasks, allocators: [worse] })).toEqual([
      'allocators[name x].dangling[0] came up',
    ])
  })

  it('denies nothing that is there', () => {
    const parts = { tasks: whole.tasks, allocators: whole.allocators }
    expect(of(parts, ['the kernel has no symbol prb'])).toEqual(['problems[task:2] denies what is there'])
    expect(of(parts, ['the kernel has no prb as far as could be read'])).toEqual([])
  })
})
