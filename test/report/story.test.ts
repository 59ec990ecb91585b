import { describe, expect, it } from 'vitest'
import type { BpfProgram } from '../../src/bpf/program.js'
import { Found } from '../../src/found.js'
import { storyOf, tellStory } from '../../src/report/story.js'
import type { StoryScene } from '../../src/report/story-scene.js'
import { schedFacts } from '../../src/sched/sched.js'
import { Session } from '../../src/session/session.js'
import { now, SchedGuest } from '../sched/sched-guest.js'
import type { Shape } from '../sched/sched-types.js'

/** Tasks 10 to 12 wait on DSQ 0x99, 13 on none, 14 on 0x77 and not for long. */
function stalled(shape: Shape): SchedGuest {
  const guest = new SchedGuest(shape)
  const since = (ticks: bigint) => ({ 'scx.runnable_at': now - ticks })
  guest.addTask(10, since(700n))
  guest.addTask(11, since(1200n))
  guest.addTask(12, since(690n))
  guest.addTask(13, { ...since(500n), 'scx.ops_state': 2 })
  guest.addTask(14, since(1n))
  guest.userQueues([
    { id: 0x77n, tasks: [14] },
    { id: 0x99n, tasks: [10, 11, 12] },
  ])
  guest.runnable(0, [10, 11, 13])
  guest.runnable(2, [12, 14])
  return guest
}

function sceneOf(guest: SchedGuest, more: Partial<StoryScene> = {}): StoryScene {
  const kernel = guest.kernel()
  return {
    kernel,
    sched: schedFacts(kernel),
    cpus: kernel.cpus.possible,
    tasks: Found.all([]),
    programs: Found.all([]),
    countsRuns: false,
    allocators: Found.all([]),
    log: Found.all([]),
    panic: undefined,
    unread: [],
    ...more,
  }
}

describe.each(['early', 'late'] as const)('the story of a stall, scheduler of the %s shape', (shape) => {
  const { sentences } = storyOf(sceneOf(stalled(shape)))
  const waiting = sentences.filter(({ topic }) => topic === 'waiting')

  it('names the longest waiting task, how long, on which queue, and why', () => {
    const [first] = waiting
    expect(first?.weight).toBe('trouble')
    expect(first?.sentence).toBe(
      'task-11 (pid 11) has been ready for 12 s and waits on DSQ 0x99, behind 1 other of 3: it runs only when ops.dispatch() of made_up moves it to a CPU.',
    )
    expect(first?.about).toEqual([
      { kind: 'task', pid: 11, name: 'task-11' },
      { kind: 'queue', name: '0x99', id: 0x99n },
    ])
    expect(first?.facts).toMatchObject({ dsq: '0x99', depth: 3, position: 1, runnableMs: 12_000 })
  })

  it('names those that wait there too, and explains each other place once', () => {
    const texts = waiting.map(({ sentence }) => sentence)
    expect(texts).toContain(
      'task-10 (pid 10) and task-12 (pid 12) have waited on DSQ 0x99 too, for 6.9 s to 7 s.',
    )
    expect(texts.filter((text) => text.startsWith('task-13 (pid 13) has been ready for 5 s'))).toHaveLength(1)
    // One that has just become ready is not worth a word.
    expect(texts.join()).not.toMatch(/task-14/)
  })

  it('says when the watchdog acts, where work piles up, and that CPUs idle', () => {
    const text = sentences.map(({ sentence }) => sentence).join('\n')
    expect(text).toMatch(/The watchdog ejects made_up when the task has waited for 30 s: in 18 s/)
    expect(text).toMatch(/DSQ 0x99 holds 3 tasks, more than any other \(0x77 1\)\./)
    expect(text).toMatch(/CPUs 0,2 are idle\./)
  })

  it('is plain JSON', () => {
    const story = storyOf(sceneOf(stalled(shape)))
    const [first] = JSON.parse(JSON.stringify(story)) as Record<string, unknown>[]
    expect(first).toMatchObject({ topic: 'scheduler', weight: 'fact' })
    expect(story.toString().split('\n')).toHaveLength(story.sentences.length)
  })
})

describe('a story', () => {
  it('tells of a scheduler that is bypassed, and of none that is not', () => {
    const said = (shape: Shape, depth: number | undefined): string[] => {
      const guest = new SchedGuest(shape)
      if (depth !== undefined) guest.objects.set('scx_sched', guest.sched, { bypass_depth: depth })
      return storyOf(sceneOf(guest))
        .sentences.filter(({ sentence }) => /bypass/.test(sentence))
        .map(({ weight, sentence, facts }) => `${weight} ${JSON.stringify(facts)}: ${sentence}`)
    }
    const sentence =
      'Scheduler made_up is bypassed: the kernel runs tasks in order of arrival and asks nobody.'
    expect(said('late', 1)).toEqual([`trouble {"bypass_depth":1}: ${sentence}`])
    expect(said('late', 3)).toEqual([`trouble {"bypass_depth":3}: ${sentence}`])
    expect(said('late', 0)).toEqual([])
    expect(said('early', undefined)).toEqual([])
  })

  it('tells that nobody waits for long', () => {
    const guest = new SchedGuest('late')
    guest.addTask(10, { 'scx.runnable_at': now - 2n })
    guest.userQueues([{ id: 0x5n, tasks: [10] }])
    guest.runnable(2, [10])
    const { sentences } = storyOf(sceneOf(guest))
    expect(sentences.filter(({ weight }) => weight === 'trouble')).toEqual([])
    expect(sentences.find(({ topic }) => topic === 'waiting')?.sentence).toBe(
      'No task waits for long: of 1 ready task, task-10 (pid 10) waits longest on DSQ 0x5, for 20 ms.',
    )
  })

  it('names the busiest programs and those that were skipped', () => {
    const program = (id: number, name: string, runCount: bigint, runTime: bigint, recursionMisses = 0n) =>
      ({ id, name, runCount, runTime, recursionMisses }) as BpfProgram
    const programs = [
      program(1, 'quick', 1000n, 5_000_000n),
      program(2, 'slow', 10n, 90_000_000n, 30n),
      program(3, 'unused', 0n, 0n),
    ]
    const { sentences } = storyOf(
      sceneOf(new SchedGuest('late'), { programs: Found.all(programs), countsRuns: true }),
    )
    const [busiest, skipped] = sentences.filter(({ topic }) => topic === 'programs')
    expect(busiest?.sentence).toMatch(/slow \(90 ms in 10 runs, 9 ms each\), quick \(5 ms in 1000 runs/)
    expect(busiest?.sentence).not.toMatch(/unused/)
    expect(skipped?.sentence).toMatch(
      /^slow was skipped 30 times because it ran already, 75.00 % of its runs/,
    )
  })

  it('repeats what the kernel complained about, and not what only sounds like it', () => {
    const record = (text: string, level = 6, facility = 0) => ({
      sequence: 1n,
      time: 7_000_000_000n,
      facility,
      level,
      text,
    })
    const log = [
      record('if necessary, report a bug'),
      record('BUG: unable to handle page fault\nmore', 1),
      // Written by a process, whatever it claims (devkmsg_write gives it LOG_USER or what it asks for, never 0).
      record('BUG: nothing at all', 0, 1),
    ]
    const { sentences } = storyOf(sceneOf(new SchedGuest('late'), { log: Found.all(log) }))
    expect(sentences.find(({ topic }) => topic === 'log')?.sentence).toBe(
      'The kernel complained after 7 s: BUG: unable to handle page fault',
    )
  })

  it('is told although parts cannot be read, with the reasons', () => {
    const guest = stalled('late')
    guest.objects.set('rq', guest.rq(0), { 'scx.runnable_list.next': 0x1000 })
    guest.kernel()
    const memory = guest.guest.memory
    const vm = new Session({
      name: 'made',
      memory,
      control: undefined,
      vcpus: () => [],
      problems: [],
      facts: {},
    })
    const problems = tellStory(vm).sentences.filter(({ topic }) => topic === 'problems')
    expect(problems[0]?.sentence).toMatch(/could not be read: /)
    expect(String(problems[0]?.facts.problems)).toMatch(/runnable_list of CPU 0/)
  })
})

it('sentences say names of the guest so that nothing acts on what shows them', () => {
  const guest = stalled('late')
  guest.objects.set('scx_sched', guest.sched, { 'ops.name': 'a\r\u001b[2J' })
  const { sentences } = storyOf(sceneOf(guest))
  const about = sentences
    .map(({ sentence }) => sentence)
    .filter((sentence) => sentence.includes('a\\r\\x1b[2J'))
  expect(about.length).toBeGreaterThan(0)
  for (const { sentence } of sentences) expect([...sentence].every((one) => one >= ' ')).toBe(true)
})
