import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../src/errors.js'
import { Found } from '../../src/found.js'
import type { StoryScene } from '../../src/report/story-scene.js'
import { waitingSentences } from '../../src/report/story-waiting.js'
import type { Explanation } from '../../src/sched/why.js'

const because = (pid: number) =>
  ({ reasons: [{ sentence: `${pid} because.`, facts: { pid } }] }) as unknown as Explanation
const lost = (): Explanation => {
  throw new CryoscopeError('unreadable', 'lost')
}

const waiting = (pid: number, waitingMs: number | undefined, queueAddress = 0x100n) => ({
  address: BigInt(pid),
  pid,
  name: `w${pid}`,
  cpu: 1,
  waitingMs,
  queueAddress,
})
const queue = (name: string, address: bigint, tasks: readonly number[] = []) => ({
  name,
  id: address,
  address,
  tasks: Found.all(tasks.map((pid) => ({ address: BigInt(pid) }))),
})
const scene = (
  list: Found<object> | readonly object[],
  parts: object = {},
  tasks: Found<object> = Found.all([]),
): StoryScene =>
  ({
    tasks,
    sched: {
      state: 'enabled',
      waiting: list instanceof Found ? list : Found.all(list),
      watchdog: { timeoutMs: 30_000 },
      queues: Found.all([queue('0x1', 0x100n), queue('0x2', 0x200n)]),
      ...parts,
    },
  }) as unknown as StoryScene
const told = (made: StoryScene, explain = because) =>
  waitingSentences(made, explain).map(({ weight, sentence }) => `${weight}: ${sentence}`)

describe('who waits too long', () => {
  it('is who has waited for a second, or a tenth of what the watchdog allows', () => {
    expect(told(scene([waiting(7, 1000)]))).toEqual(['trouble: 7 because.'])
    expect(told(scene([waiting(7, 999)]))[0]).toMatch(/^fact: No task waits for long/)
    expect(told(scene([waiting(7, 500)], { watchdog: { timeoutMs: 5000 } }))).toEqual(['trouble: 7 because.'])
    expect(told(scene([waiting(7, 499)], { watchdog: { timeoutMs: 5000 } }))[0]).toMatch(/^fact/)
    expect(told(scene([waiting(7, 1000)], { watchdog: { timeoutMs: undefined } }))).toEqual([
      'trouble: 7 because.',
    ])
    expect(waitingSentences({ ...scene([]), sched: undefined } as unknown as StoryScene, because)).toEqual([])
  })

  it('is explained once for each place; who waits there too is named', () => {
    const list = [
      waiting(1, 9000),
      waiting(2, 8000),
      waiting(3, 7000, 0n),
      waiting(4, 6000, 0n),
      waiting(5, 5000, 0x900n),
      waiting(6, 5000, 0x900n),
      waiting(7, 4000, 0x900n),
    ]
    expect(told(scene(list))).toEqual([
      'trouble: 1 because.',
      'trouble: w2 (pid 2) has waited on DSQ 0x1 too, for 8 s.',
      'trouble: 3 because.',
      'trouble: w4 (pid 4) has waited on no DSQ either, for 6 s.',
      'trouble: 5 because.',
      'trouble: w6 (pid 6) and w7 (pid 7) have waited on DSQs that could not be read, for 4 s to 5 s.',
    ])
    const sentences = waitingSentences(scene(list), because)
    expect(sentences[0]?.about).toEqual([
      { kind: 'task', pid: 1, name: 'w1' },
      { kind: 'queue', name: '0x1', id: 0x100n },
    ])
    expect(sentences[1]?.facts).toEqual({
      dsq: '0x1',
      tasks: [{ pid: 2, name: 'w2', waitingMs: 8000, cpu: 1 }],
    })
    expect(sentences[2]?.about).toEqual([{ kind: 'task', pid: 3, name: 'w3' }])
    expect(sentences[5]?.facts.dsq).toBeUndefined()
    // By the list of a queue before its own word.
    const listed = scene([waiting(1, 9000, 0x200n), waiting(2, 9000, 0x100n)], {
      queues: Found.all([queue('0x1', 0x100n, [1, 2])]),
    })
    expect(told(listed)[1]).toBe('trouble: w2 (pid 2) has waited on DSQ 0x1 too, for 9 s.')
  })

  it('is named up to six times, and at least where not all were seen', () => {
    const many = Array.from({ length: 9 }, (_, i) => waiting(i + 1, 5000))
    expect(told(scene(many))[1]).toBe(
      'trouble: w2 (pid 2), w3 (pid 3), w4 (pid 4), w5 (pid 5), w6 (pid 6), w7 (pid 7) and 2 more have waited on DSQ 0x1 too, for 5 s.',
    )
    expect(waitingSentences(scene(many), because)[1]?.about).toHaveLength(6)
    expect(told(scene(many.slice(0, 8)))[1]).toContain('w7 (pid 7) and 1 more have')
    expect(told(scene(many.slice(0, 7)))[1]).toContain('w6 (pid 6) and w7 (pid 7) have')
    expect(told(scene(Found.some(many.slice(0, 3), 'lost')))[1]).toMatch(
      /^trouble: At least w2 \(pid 2\) and w3 \(pid 3\) have/,
    )
  })

  it('is explained at four places, the others are counted', () => {
    const queues = Found.all(Array.from({ length: 6 }, (_, i) => queue(`q${i}`, BigInt(0x100 * (i + 1)))))
    const at = (count: number) =>
      Array.from({ length: count }, (_, i) => waiting(i + 1, 5000, BigInt(0x100 * (i + 1))))
    expect(told(scene(at(4), { queues }))).toHaveLength(4)
    expect(told(scene(at(5), { queues })).at(-1)).toBe(
      'trouble: Tasks wait for longer than 1 s in 1 more place.',
    )
    expect(told(scene(at(6), { queues })).at(-1)).toBe(
      'trouble: Tasks wait for longer than 1 s in 2 more places.',
    )
    expect(told(scene(Found.some(at(6), 'lost'), { queues })).at(-1)).toBe(
      'trouble: Tasks wait for longer than 1 s in at least 2 more places.',
    )
    expect(waitingSentences(scene(at(6), { queues }), because).at(-1)?.facts).toEqual({ places: 6, tasks: 6 })
  })

  it('is told also where why could not be read, or nothing is known of it', () => {
    const known = 'trouble: w7 (pid 7) has been ready for 5 s and does not run; why could not be read.'
    expect(told(scene([waiting(7, 5000)]), lost)).toEqual([known])
    expect(told(scene([waiting(7, 5000)]), () => ({ reasons: [] }) as unknown as Explanation)).toEqual([
      known,
    ])
    expect(waitingSentences(scene([waiting(7, 5000)]), lost)[0]?.facts).toEqual({
      pid: 7,
      waitingMs: 5000,
      cpu: 1,
    })
    const mistake = () => {
      throw new TypeError('x')
    }
    expect(() => told(scene([waiting(7, 5000)]), mistake)).toThrow(TypeError)
  })
})

describe('that nobody waits for long', () => {
  it('is told with who waits longest', () => {
    expect(told(scene([waiting(7, 20), waiting(8, 10)]))).toEqual([
      'fact: No task waits for long: of 2 ready tasks, w7 (pid 7) waits longest on DSQ 0x1, for 20 ms.',
    ])
    expect(told(scene([waiting(7, 20, 0n)]))).toEqual([
      'fact: No task waits for long: of 1 ready task, w7 (pid 7) waits longest, for 20 ms.',
    ])
    expect(told(scene([waiting(7, 20, 0x900n)]))[0]).toMatch(
      /waits longest on a DSQ that could not be read, for 20 ms\.$/,
    )
    expect(told(scene([]))).toEqual(['fact: No task of sched_ext waits for a CPU.'])
    expect(told(scene([], { state: 'disabled' }))).toEqual([])
    expect(waitingSentences(scene([waiting(7, 20)]), because)[0]).toMatchObject({
      facts: { waiting: 1, longestMs: 20 },
      about: [
        { kind: 'task', pid: 7 },
        { kind: 'queue', name: '0x1' },
      ],
    })
  })

  it('is not claimed of what was not seen', () => {
    expect(told(scene(Found.some([], 'lost')))).toEqual([
      'fact: Whether tasks of sched_ext wait for a CPU could not be read.',
    ])
    expect(told(scene(Found.some([waiting(7, 20)], 'lost')))).toEqual([
      'fact: Whether a task waits for long could not be read: of at least 1 ready task, w7 (pid 7) is known to wait on DSQ 0x1, for 20 ms.',
    ])
    expect(told(scene([waiting(7, undefined)]))).toEqual([
      'fact: 1 task of sched_ext waits for a CPU; for how long is unknown.',
    ])
    expect(told(scene([waiting(7, undefined), waiting(8, undefined)]))).toEqual([
      'fact: 2 tasks of sched_ext wait for a CPU; for how long is unknown.',
    ])
  })
})

describe('who sleeps uninterruptibly', () => {
  const task = (pid: number, state = 'D', isKernelThread = false) => ({
    pid,
    name: `t${pid}`,
    state,
    isKernelThread,
    cpu: 0,
  })
  const blocked = (tasks: readonly object[], isWhole = true, explain = because) =>
    told(scene([], { state: 'disabled' }, isWhole ? Found.all(tasks) : Found.some(tasks, 'lost')), explain)

  it('is explained where it is one, named where they are several', () => {
    expect(blocked([task(3), task(4, 'S'), task(5, 'D', true)])).toEqual(['notice: 3 because.'])
    expect(blocked([task(3), task(4)])).toEqual([
      'notice: 2 tasks sleep uninterruptibly: t3 (pid 3) and t4 (pid 4).',
    ])
    expect(blocked([task(3)], false)).toEqual(['notice: At least 1 task sleeps uninterruptibly: t3 (pid 3).'])
    expect(blocked([])).toEqual([])
    expect(blocked([task(3)], true, lost)).toEqual([
      'notice: t3 (pid 3) sleeps uninterruptibly; why could not be read.',
    ])
    const [one] = waitingSentences(scene([], { state: 'disabled' }, Found.all([task(3)])), because)
    expect(one).toMatchObject({
      facts: { tasks: [{ pid: 3, name: 't3' }], pid: 3 },
      about: [{ kind: 'task', pid: 3, name: 't3' }],
    })
  })
})
