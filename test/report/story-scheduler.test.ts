import { describe, expect, it } from 'vitest'
import { Found } from '../../src/found.js'
import { queueSentences, schedulerSentences } from '../../src/report/story-scheduler.js'
import type { SchedFacts } from '../../src/sched/sched.js'

const facts = (parts: Readonly<Record<string, unknown>> = {}): SchedFacts =>
  ({
    state: 'enabled',
    switchedAll: true,
    schedulers: Found.all([]),
    queues: Found.all([]),
    exitLog: Found.all([]),
    departed: Found.all([]),
    ...parts,
  }) as unknown as SchedFacts

const told = (parts: Readonly<Record<string, unknown>>): string[] =>
  schedulerSentences(facts(parts)).map(({ weight, sentence }) => `${weight}: ${sentence}`)

const noExit = { kindValue: 0, kind: 'NONE', reason: '', message: '' }
const root = {
  name: 'made_up',
  exit: noExit,
  aborting: false,
  bypassDepth: 0,
  isRoot: true,
  cgroupPath: undefined,
}
const below = { ...root, name: 'jobs', isRoot: false, cgroupPath: '/jobs' }

describe('schedulers that are loaded', () => {
  it('are told with what they schedule', () => {
    const one = (scheduler: object, more = {}) =>
      told({ schedulers: Found.all([{ ...root, ...scheduler }]), ...more })
    expect(one({})).toEqual(['fact: The BPF scheduler made_up is loaded and schedules every ordinary task.'])
    expect(one({}, { switchedAll: false })).toEqual([
      'fact: The BPF scheduler made_up is loaded and schedules the tasks that asked for it.',
    ])
    expect(one({}, { switchedAll: undefined })).toEqual([
      'fact: The BPF scheduler made_up is loaded; whether it schedules every ordinary task is unknown.',
    ])
    expect(one({ isRoot: undefined })).toEqual([
      'fact: The BPF scheduler made_up is loaded; which tasks it schedules could not be read.',
    ])
    expect(one({ isRoot: false })).toEqual([
      'fact: The BPF scheduler made_up is loaded and schedules the tasks of a cgroup whose path could not be read.',
    ])
  })

  it('are told with whose tasks they leave to others', () => {
    const two = (more = {}) => told({ schedulers: Found.all([root, below]), ...more })
    expect(two()).toEqual([
      'fact: The BPF scheduler made_up is loaded and schedules every ordinary task that is in no other scheduler’s cgroup.',
      'fact: The BPF scheduler jobs is loaded and schedules the tasks of cgroup /jobs.',
    ])
    expect(two({ switchedAll: false })[0]).toBe(
      'fact: The BPF scheduler made_up is loaded and schedules the tasks that asked for it and are in no other scheduler’s cgroup.',
    )
  })

  it('are trouble where they leave, are aborted or bypassed', () => {
    const others = (scheduler: object) =>
      told({ schedulers: Found.all([{ ...root, ...scheduler }]) }).slice(1)
    expect(
      others({ exit: { ...noExit, kindValue: 1026, kind: 'ERROR_STALL', message: 'it stalled' } }),
    ).toEqual(['trouble: Scheduler made_up is on its way out: ERROR_STALL, it stalled.'])
    expect(others({ exit: { ...noExit, kindValue: 64, kind: 'UNREG' } })).toEqual([
      'trouble: Scheduler made_up is on its way out: UNREG.',
    ])
    expect(others({ exit: undefined, aborting: true, bypassDepth: 2 })).toEqual([
      'trouble: Scheduler made_up is being aborted.',
      'trouble: Scheduler made_up is bypassed: the kernel runs tasks in order of arrival and asks nobody.',
    ])
    expect(others({ aborting: undefined, bypassDepth: undefined })).toEqual([])
  })

  it('have their names and facts', () => {
    expect(schedulerSentences(facts({ schedulers: Found.all([{ ...root, bypassDepth: 1 }]) }))).toMatchObject(
      [
        {
          topic: 'scheduler',
          facts: { name: 'made_up', state: 'enabled' },
          about: [{ kind: 'scheduler', name: 'made_up' }],
        },
        { topic: 'scheduler', facts: { bypass_depth: 1 }, about: [{ kind: 'scheduler', name: 'made_up' }] },
      ],
    )
  })

  it('are told to be none only where all were seen', () => {
    expect(told({ state: 'disabled' })).toEqual(['fact: No BPF scheduler is loaded: sched_ext is disabled.'])
    expect(told({ state: undefined })).toEqual([])
    expect(told({ schedulers: Found.some([], 'lost') })).toEqual([
      'notice: sched_ext is enabled; which BPF schedulers are loaded could not be read.',
    ])
    expect(told({ schedulers: Found.some([], 'lost'), state: undefined })).toEqual([])
    expect(told({ schedulers: Found.some([root], 'lost') })).toHaveLength(1)
  })
})

describe('schedulers that have left', () => {
  it('are told as the log has them', () => {
    const logged = (exit: object, isWhole = true) => {
      const list = [{ scheduler: 'old', kind: 'error', reason: '', message: '', task: undefined, ...exit }]
      return schedulerSentences(
        facts({ state: undefined, exitLog: isWhole ? Found.all(list) : Found.some(list, 'lost') }),
      )[0]
    }
    expect(logged({ reason: 'stalled', message: 'task 3' })).toMatchObject({
      weight: 'trouble',
      sentence: 'Scheduler old has left: stalled: task 3 (kernel log).',
      facts: { scheduler: 'old', kind: 'error', reason: 'stalled', message: 'task 3' },
      about: [],
    })
    expect(logged({ kind: 'normal', message: 'bye' })).toMatchObject({
      weight: 'fact',
      sentence: 'Scheduler old has left: bye (kernel log).',
    })
    expect(logged({ task: { pid: 3, name: 'x' } }, false)).toMatchObject({
      sentence: 'Scheduler old has left (kernel log, which could not be read whole).',
      about: [{ kind: 'task', pid: 3, name: 'x' }],
    })
  })

  it('and that somebody holds on to are told with how they left', () => {
    const departed = (kind: string, message = '') =>
      schedulerSentences(
        facts({
          state: undefined,
          departed: Found.all([{ name: 'old', mapId: 5, exit: { kind, message, reason: '' } }]),
        }),
      )[0]
    expect(departed('ERROR_STALL', 'task 3')).toMatchObject({
      weight: 'trouble',
      sentence: 'Scheduler old has left: task 3 (ERROR_STALL; its owner holds on to it).',
      facts: { scheduler: 'old', map: 5, exit_kind: 'ERROR_STALL', message: 'task 3' },
      about: [{ kind: 'scheduler', name: 'old' }],
    })
    for (const kind of ['DONE', 'UNREG_BPF', 'SYSRQ'])
      expect(departed(kind)).toMatchObject({
        weight: 'fact',
        sentence: `Scheduler old has left (${kind}; its owner holds on to it).`,
      })
  })
})

describe('queues', () => {
  const queue = (name: string, depth: number) => ({ name, depth, id: BigInt(depth) })
  const said = (list: readonly object[], isWhole = true) =>
    queueSentences(facts({ queues: isWhole ? Found.all(list) : Found.some(list, 'lost') }))
  const sentence = (list: readonly object[], isWhole = true) => said(list, isWhole)[0]?.sentence

  it('that hold nothing are told to be empty where all were seen', () => {
    expect(sentence([])).toBeUndefined()
    expect(sentence([], false)).toBeUndefined()
    expect(sentence([queue('a', 0)])).toBe('The only DSQ is empty.')
    expect(sentence([queue('a', 0), queue('b', 0)])).toBe('All 2 DSQs are empty.')
    expect(sentence([queue('a', 0)], false)).toBe('At least 1 DSQ is empty; others could not be read.')
    expect(sentence([queue('a', 0), queue('b', 0)], false)).toBe(
      'At least 2 DSQs are empty; others could not be read.',
    )
    expect(said([queue('a', 0)])[0]?.facts).toEqual({ queues: 1 })
  })

  it('are told by the fullest, and three others', () => {
    expect(sentence([queue('a', 1), queue('b', 0)])).toBe('DSQ a holds 1 task; all others are empty.')
    expect(sentence([queue('a', 1)], false)).toBe('DSQ a holds 1 task; others could not be read.')
    const five = [queue('a', 1), queue('b', 9), queue('c', 3), queue('d', 4), queue('e', 2)]
    expect(sentence(five)).toBe('DSQ b holds 9 tasks, more than any other (d 4, c 3, e 2, and 1 more).')
    expect(sentence(five.slice(0, 4), false)).toBe(
      'DSQ b holds 9 tasks, others that could be read hold fewer (d 4, c 3, a 1).',
    )
    expect(said(five)[0]).toMatchObject({
      facts: { depths: { b: 9, d: 4, c: 3, e: 2, a: 1 } },
      about: [
        { kind: 'queue', name: 'b', id: 9n },
        { kind: 'queue', name: 'd' },
        { kind: 'queue', name: 'c' },
        { kind: 'queue', name: 'e' },
      ],
    })
    expect(said(five)[0]?.about).toHaveLength(4)
  })
})
