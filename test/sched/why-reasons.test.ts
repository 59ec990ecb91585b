import { describe, expect, it } from 'vitest'
import { Found } from '../../src/found.js'
import { extReasons } from '../../src/sched/why-ext.js'
import { holdingReasons, runqueueReasons } from '../../src/sched/why-runqueue.js'
import { sleepReasons } from '../../src/sched/why-sleep.js'
import { divertedReasons, grantReasons } from '../../src/sched/why-sub.js'
import { watchdogReasons } from '../../src/sched/why-watchdog.js'
import { placeOn, runqueueOf, sceneOf } from './support/scenes.js'

type Finding = ReturnType<typeof sleepReasons>

const told = ({ reasons }: Pick<Finding, 'reasons'>): string[] => reasons.map(({ sentence }) => sentence)
/** With the verdict before the sentences. */
const said = (finding: Finding): string[] => [finding.verdict ?? 'none', ...told(finding)]

describe('a task that runs, or will not', () => {
  it('runs where a CPU has it, and may where a runqueue could not be read', () => {
    const running = sceneOf({ running: runqueueOf(2) })
    expect(said(sleepReasons(running))).toEqual(['running', 'victim (pid 7) is running on CPU 2.'])
    expect(sleepReasons(running).reasons[0]?.facts).toEqual({ cpu: 2, on_cpu: 0 })
    const task = { pid: 7, name: 'victim', cpu: 2, isRunning: true, state: 'R' }
    const unread = { task: { ...task, isRunning: undefined } }
    const other = sleepReasons(sceneOf({ running: runqueueOf(2) }, { details: unread }))
    expect(other.reasons[0]?.facts).toEqual({ cpu: 2, on_cpu: undefined })
    const unknown = (own: object) =>
      sleepReasons(sceneOf({ running: 'unknown' }, { details: { task: { ...task, ...own } } }))
    expect(said(unknown({}))).toEqual([
      'running',
      'victim (pid 7) runs, or is being switched out, on CPU 2, whose runqueue could not be read.',
    ])
    expect(unknown({}).reasons[0]?.facts).toEqual({ cpu: 2, on_cpu: 1 })
    expect(told(unknown({ cpu: undefined }))[0]).toMatch(/on CPU \(unknown\), whose/)
    expect(said(unknown({ isRunning: false }))).toEqual(['none'])
    expect(said(sleepReasons(sceneOf({}, { details: { task } })))).toEqual(['none'])
  })

  it('has ended; a zombie waits for its parent', () => {
    const ended = (state: string, parent: object | undefined) =>
      sleepReasons(
        sceneOf({}, { details: { exitState: 32, parent, task: { pid: 7, name: 'victim', state } } }),
      )
    expect(said(ended('Z', { pid: 1, name: 'init' }))).toEqual([
      'ended',
      'victim (pid 7) has ended, and its parent init (pid 1) has not asked how.',
    ])
    expect(told(ended('Z', undefined))[0]).toMatch(/its parent \(unknown\) has not asked how/)
    expect(told(ended('X', { pid: 1, name: 'init' }))).toEqual(['victim (pid 7) has ended.'])
    expect(ended('X', undefined).reasons[0]?.facts).toEqual({ exit_state: 32 })
  })

  it('is new, or is being woken', () => {
    const inState = (state: number) => sleepReasons(sceneOf({}, { details: { state, onRunqueue: 0 } }))
    expect(said(inState(0x800))).toEqual([
      'sleeping',
      'victim (pid 7) is being created and has not been woken for the first time.',
    ])
    expect(inState(0x800).reasons[0]?.facts).toEqual({ __state: '0x800' })
    expect(said(inState(0x200))).toEqual([
      'moving',
      'victim (pid 7) is being woken: the waking CPU has not put it on a runqueue yet.',
    ])
    expect(inState(0x200).reasons[0]?.facts).toEqual({ __state: '0x200' })
  })

  it('is ready as long as it is on a runqueue, whatever it is about to do', () => {
    expect(said(sleepReasons(sceneOf({}, { details: { state: 1, onRunqueue: 1 } })))).toEqual(['none'])
    expect(said(sleepReasons(sceneOf({}, { details: { state: 0, onRunqueue: 0 } })))).toEqual(['none'])
  })

  it.each([
    [0x1, 'sleeping', 'it sleeps'],
    [0x2, 'sleeping', 'it sleeps uninterruptibly'],
    [0x4, 'stopped', 'a signal or a debugger stopped it'],
    [0x8, 'stopped', 'a debugger traces it and has stopped it'],
    [0x40, 'sleeping', 'it is a parked kernel thread'],
    [0x402, 'sleeping', 'it is idle and waits for work'],
    [0x1000, 'sleeping', 'it waits for a real-time lock'],
    [0x2000, 'sleeping', 'it is not runnable'],
  ])('sleeps in state %i', (state, verdict, how) => {
    const details = { state, onRunqueue: 0, task: { address: 0x10n, pid: 7, name: 'victim', state: 'S' } }
    const finding = sleepReasons(sceneOf({}, { details }))
    expect(said(finding)).toEqual([
      verdict,
      `victim (pid 7) does not want to run: ${how}, in what could not be read (state S). No scheduler is to blame.`,
    ])
    expect(finding.reasons[0]?.facts).toEqual({ state: 'S', __state: `0x${state.toString(16)}`, on_rq: 0 })
  })

  it('waits for a mutex, and is frozen, with its cgroup or alone', () => {
    const asleep = (details: object) =>
      sleepReasons(
        sceneOf(
          {},
          {
            details: {
              state: 2,
              onRunqueue: 0,
              task: { address: 0x10n, pid: 7, name: 'v', state: 'D' },
              ...details,
            },
          },
        ),
      )
    expect(told(asleep({ blockedOn: 0xabcn })).slice(1)).toEqual(['It waits for the mutex at 0xabc.'])
    expect(asleep({ blockedOn: 0xabcn }).reasons[1]?.facts).toEqual({ blocked_on: '0xabc' })
    const frozen = (cgroup: object | undefined) => asleep({ isFrozen: true, cgroup })
    expect(frozen(undefined).verdict).toBe('frozen')
    expect(told(frozen(undefined))[1]).toBe('It is frozen; its cgroup could not be read.')
    expect(told(frozen({ isFrozen: false, path: '/x' }))[1]).toBe('It is frozen.')
    expect(told(frozen({ isFrozen: true, path: '/x' }))[1]).toBe('It is frozen with its cgroup /x.')
    expect(told(frozen({ isFrozen: true }))[1]).toBe(
      'It is frozen with its cgroup, whose path could not be read.',
    )
    expect(frozen({ isFrozen: true, path: '/x' }).reasons[1]?.facts).toEqual({ frozen: true, cgroup: '/x' })
  })
})

describe('where a ready task of sched_ext is', () => {
  const first = (parts: object, more = {}) => {
    const finding = extReasons(sceneOf(parts as never, more))
    return [finding.verdict, finding.reasons[0]?.sentence]
  }

  it('is unknown where its entity could not be read, and not asked of other classes', () => {
    expect(first({ entity: undefined })).toEqual([
      'unknown',
      'victim (pid 7) is ready; what sched_ext keeps of it could not be read.',
    ])
    const fair = (isBoosted: boolean | undefined) =>
      said(extReasons(sceneOf({}, { details: { schedClass: 'fair', isBoosted } })))
    expect(fair(false)).toEqual(['none'])
    expect(fair(undefined)).toEqual(['none'])
    expect(fair(true)[0]).toBe('waiting')
  })

  it('is on a queue that could not be read', () => {
    expect(first({ queued: 'unknown' }, { entity: { queueAddress: 0xabcn } })).toEqual([
      'queued',
      'victim (pid 7) has been ready for 100 ms and is on the DSQ at 0xabc, which could not be read.',
    ])
  })

  it('is in the hands of the scheduler, being handed over, or nowhere', () => {
    expect(first({}, { entity: { opsState: 'QUEUED', runnableMs: undefined } })).toEqual([
      'held',
      'victim (pid 7) is ready (since when is unknown) and is on no DSQ: ops.enqueue() of made_up took it and has not dispatched it. Only the maps and the arena memory of the scheduler can say where it keeps it.',
    ])
    for (const opsState of ['QUEUEING', 'DISPATCHING'])
      expect(first({}, { entity: { opsState } })).toEqual([
        'moving',
        `victim (pid 7) has been ready for 100 ms and is being handed over (ops_state ${opsState}): it stood still in the middle of that.`,
      ])
    expect(first({})).toEqual(['waiting', 'victim (pid 7) has been ready for 100 ms, on no DSQ.'])
    const [reason] = extReasons(sceneOf({}, { entity: { queueAddress: 0x9n } })).reasons
    expect(reason?.facts).toEqual({ ops_state: 'NONE', dsq: '0x9', runnableMs: 100 })
  })

  it('is on a queue of the scheduler, at a place', () => {
    const on = (position: number | undefined) => first({ queued: placeOn({}, position) })
    const rest = 'of 2: it runs only when ops.dispatch() of made_up moves it to a CPU.'
    const start = 'victim (pid 7) has been ready for 100 ms and waits on DSQ 0x77,'
    expect(on(0)).toEqual(['queued', `${start} first ${rest}`])
    expect(on(1)).toEqual(['queued', `${start} behind 1 other ${rest}`])
    expect(on(2)).toEqual(['queued', `${start} behind 2 others ${rest}`])
    expect(first({ queued: { ...placeOn(), position: undefined } })).toEqual([
      'queued',
      `${start} at a place that could not be read, one ${rest}`,
    ])
    expect(extReasons(sceneOf({ queued: placeOn({}, 1) })).reasons[0]?.facts).toEqual({
      dsq: '0x77',
      id: '0x77',
      kind: 'user',
      position: 1,
      depth: 2,
      runnableMs: 100,
    })
    expect(told(extReasons(sceneOf({ queued: placeOn({ sequence: 2 }) })))[1]).toBe(
      'No task ever left DSQ 0x77: 2 tasks came in, all are still there. made_up does not dispatch from it.',
    )
    expect(told(extReasons(sceneOf({ queued: placeOn({ sequence: 3 }) })))).toHaveLength(1)
  })

  it('is on the queue of a CPU, or on one that all look at', () => {
    const local = placeOn({ name: 'local of CPU 2', kind: 'local', cpu: 2, depth: 1 })
    expect(first({ queued: local })[1]).toBe(
      'victim (pid 7) has been ready for 100 ms and is first of 1 on DSQ local of CPU 2, which runs load-2 (pid 102).',
    )
    expect(first({ queued: local, runqueues: Found.all([runqueueOf(0)]) })[1]).toMatch(
      /on DSQ local of CPU 2, of which could not be read what it runs\.$/,
    )
    expect(first({ queued: placeOn({ name: 'global of node 0', kind: 'global' }) })[1]).toBe(
      'victim (pid 7) has been ready for 100 ms and is first of 2 on DSQ global of node 0, which CPUs look at when their own queue is empty.',
    )
    const refused = (allowedCpus: readonly number[] | undefined) =>
      told(extReasons(sceneOf({ queued: local, usable: allowedCpus }, { details: { allowedCpus } }))).slice(1)
    expect(refused([0])).toEqual(['It may not run on CPU 2, on whose queue it is.'])
    expect(refused([0, 2])).toEqual([])
    expect(refused(undefined)).toEqual([])
  })
})

describe('whether others get their turn', () => {
  const rest = (parts: object, more = {}) => told(extReasons(sceneOf(parts as never, more))).slice(1)
  const waiting = (pid: number, waitingMs: number | undefined, scheduler: bigint | undefined = 0x5000n) => ({
    pid,
    name: `w-${pid}`,
    waitingMs,
    scheduler,
  })

  it('names CPUs that idle, at least those that are known', () => {
    const idle = (...cpus: readonly number[]) =>
      Found.all([0, 2].map((cpu) => runqueueOf(cpu, { schedClass: cpus.includes(cpu) ? 'idle' : 'ext' })))
    expect(rest({ runqueues: idle(0) })).toEqual([
      'CPU 0, which it may use, is idle meanwhile: nothing dispatches it there.',
    ])
    expect(rest({ runqueues: idle(0, 2) })).toEqual([
      'CPUs 0,2, which it may use, are idle meanwhile: nothing dispatches it there.',
    ])
    expect(rest({ runqueues: idle(0), usable: [2] })).toEqual([])
    expect(rest({ runqueues: idle(0), usable: undefined })).toEqual([])
    expect(rest({ runqueues: Found.all([runqueueOf(0, { schedClass: 'idle' })]) })).toEqual([
      'At least CPU 0, which it may use, is idle meanwhile: nothing dispatches it there.',
    ])
    const [, reason] = extReasons(sceneOf({ runqueues: idle(0) })).reasons
    expect(reason?.facts).toEqual({ idleCpus: [0], allowed: [0, 2] })
  })

  it('counts those that run and those that became ready long after', () => {
    const old = { entity: { runnableMs: 2000 } }
    const others = Found.all([
      waiting(7, 1),
      waiting(8, 199),
      waiting(9, 200),
      waiting(10, undefined),
      waiting(11, 1, 0x6000n),
    ])
    expect(rest({ waiting: others }, old)).toEqual([
      'made_up dispatches others and not this one: 2 CPUs run tasks of it, and of 3 other waiting tasks 1 became ready in a tenth of its time or less.',
    ])
    expect(extReasons(sceneOf({ waiting: others }, old)).reasons[1]?.facts).toEqual({
      extRunning: 2,
      waiting: 3,
      shortWaiting: 1,
    })
    // Of some nothing is known, or there may be more: no figure is made up.
    const someUnknown = Found.some([waiting(8, 1), waiting(9, 1900)], 'lost')
    expect(rest({ waiting: someUnknown }, old)).toEqual([
      'made_up dispatches others and not this one: 2 CPUs run tasks of it, and of at least 2 other waiting tasks at least 1 became ready in a tenth of its time or less.',
    ])
    expect(rest({ waiting: Found.some([], 'lost') }, old)).toEqual([
      'made_up dispatches others and not this one: 2 CPUs run tasks of it, and of an unknown number of other waiting tasks an unknown number became ready in a tenth of its time or less.',
    ])
    const oneRuns = Found.all([runqueueOf(0), runqueueOf(2, { schedClass: 'fair' })])
    expect(rest({ runqueues: oneRuns }, old)[0]).toMatch(
      /: 1 CPU runs tasks of it, and of 0 other waiting tasks 0 /,
    )
  })

  it('is not asked of one that has not waited for a second, nor where a higher class holds the CPUs', () => {
    expect(rest({}, { entity: { runnableMs: 999 } })).toEqual([])
    expect(rest({}, { entity: { runnableMs: 1000 } })).toHaveLength(1)
    expect(rest({}, { entity: { runnableMs: undefined } })).toEqual([])
    const held = Found.all([0, 2].map((cpu) => runqueueOf(cpu, { schedClass: 'rt' })))
    expect(rest({ runqueues: held }, { entity: { runnableMs: 2000 } })).toEqual([])
    const fair = Found.all([runqueueOf(0, { schedClass: 'idle' }), runqueueOf(2, { schedClass: undefined })])
    // Nobody of it is known to run or to wait for less: nothing is said.
    expect(rest({ runqueues: fair, usable: [] }, { entity: { runnableMs: 2000 } })).toEqual([])
    expect(rest({ possible: [] }, { entity: { runnableMs: 2000 } })).toEqual([])
  })
})

describe('what is wrong with the scheduler, and what is on its way', () => {
  const rest = (parts: object, more = {}) => told(extReasons(sceneOf(parts as never, more))).slice(1)

  it('is told each in a sentence, and not at all where all is well or unknown', () => {
    expect(rest({})).toEqual([])
    expect(rest({ ext: { state: 'disabling' } })).toEqual([
      'sched_ext is disabling: no BPF scheduler decides.',
    ])
    expect(rest({ ext: { state: undefined } })).toEqual([])
    expect(rest({ scheduler: undefined })).toEqual([])
    const exit = { kindValue: 1026, kind: 'ERROR_STALL', reason: 'stalled', message: 'task 3' }
    expect(rest({}, { scheduler: { exit } })).toEqual([
      'Scheduler made_up is on its way out (ERROR_STALL: stalled: task 3).',
    ])
    expect(rest({}, { scheduler: { exit: { ...exit, reason: '', message: '' } } })).toEqual([
      'Scheduler made_up is on its way out (ERROR_STALL).',
    ])
    expect(rest({}, { scheduler: { exit: { ...exit, kindValue: 0 } } })).toEqual([])
    expect(rest({}, { scheduler: { aborting: true, bypassDepth: 1 } })).toEqual([
      'Scheduler made_up is being aborted.',
      'The scheduler is bypassed: the kernel runs tasks in order of arrival and asks nobody.',
    ])
    expect(rest({}, { scheduler: { bypassDepth: undefined, aborting: undefined } })).toEqual([])
    expect(rest({}, { entity: { state: 'READY' } })).toEqual(['sched_ext has not enabled the task (READY).'])
    expect(rest({}, { entity: { state: undefined } })).toEqual([])
  })

  it('is a move to another CPU or queue', () => {
    expect(rest({}, { entity: { holdingCpu: 0, stickyCpu: 0, directQueue: 'GLOBAL' } })).toEqual([
      'CPU 0 is moving it to another runqueue right now.',
      'It must go to CPU 0 next.',
      'A direct dispatch to GLOBAL was decided and has not happened yet.',
    ])
    const deferred = Found.all([{ address: 0x7000n }])
    const deferring = runqueueOf(2, { schedExt: { deferred } })
    expect(rest({ runqueues: Found.all([runqueueOf(0), deferring]) })).toEqual([
      'Its dispatch waits in the deferred list of CPU 2.',
    ])
    expect(extReasons(sceneOf({ runqueues: Found.all([deferring]) })).reasons.at(-1)?.facts).toEqual({
      deferredOn: 2,
    })
    expect(
      rest({
        runqueues: Found.all([runqueueOf(2, { schedExt: { deferred: Found.all([{ address: 0x8000n }]) } })]),
      }),
    ).toEqual([])
  })
})

describe('CPUs that tasks of a higher class hold', () => {
  const run = (...classes: readonly (string | undefined)[]) =>
    Found.all(classes.map((schedClass, i) => runqueueOf(i * 2, { schedClass })))

  it('are named where all that the task may use are held', () => {
    expect(told(holdingReasons(sceneOf({ runqueues: run('rt', 'fair') })))).toEqual([
      'victim (pid 7) is ready, and every CPU that it may use runs a task of a higher class: CPU 0 load-0 (pid 100) of class rt, CPU 2 load-2 (pid 102) of class fair.',
    ])
    expect(holdingReasons(sceneOf({ runqueues: run('rt', 'fair') })).reasons[0]?.facts).toEqual({
      cpus: [
        { cpu: 0, class: 'rt' },
        { cpu: 2, class: 'fair' },
      ],
    })
    for (const classes of [
      ['rt', 'ext'],
      ['rt', 'idle'],
      ['rt', undefined],
      ['rt', 'strange'],
    ])
      expect(told(holdingReasons(sceneOf({ runqueues: run(...classes) })))).toEqual([])
    // What one of them runs is not known, or which those are.
    expect(told(holdingReasons(sceneOf({ runqueues: run('rt') })))).toEqual([])
    expect(told(holdingReasons(sceneOf({ runqueues: run('rt', 'rt'), usable: undefined })))).toEqual([])
    expect(told(holdingReasons(sceneOf({ runqueues: run('rt', 'rt'), usable: [] })))).toEqual([])
    // The first class comes before all others, and none before itself.
    const higher = (schedClass: string, own: string | undefined) =>
      told(
        holdingReasons(sceneOf({ runqueues: run(schedClass, schedClass) }, { details: { schedClass: own } })),
      ).length > 0
    expect([
      higher('stop', 'dl'),
      higher('stop', 'stop'),
      higher('dl', 'stop'),
      higher('rt', undefined),
    ]).toEqual([true, false, false, false])
  })

  it('are named where the task stands on the queue of one', () => {
    const queued = placeOn({ kind: 'local', cpu: 2 })
    expect(told(holdingReasons(sceneOf({ queued, runqueues: run('idle', 'rt') })))).toEqual([
      'CPU 2, on whose queue victim (pid 7) stands, runs load-2 (pid 102) of class rt, which comes before ext.',
    ])
    expect(holdingReasons(sceneOf({ queued, runqueues: run('idle', 'rt') })).reasons[0]?.facts).toEqual({
      cpu: 2,
      class: 'rt',
    })
    expect(told(holdingReasons(sceneOf({ queued, runqueues: run('rt', 'ext') })))).toEqual([])
    expect(
      told(
        holdingReasons(sceneOf({ queued, runqueues: Found.all([runqueueOf(2, { current: undefined })]) })),
      ),
    ).toEqual([])
    expect(told(holdingReasons(sceneOf({ queued: placeOn(), runqueues: run('idle', 'rt') })))).toEqual([])
  })
})

describe('runqueue, class and CPUs', () => {
  const rest = (parts: object, details: object = {}) =>
    told(runqueueReasons(sceneOf(parts as never, { details: details as never })))

  it('keep tasks of other classes waiting', () => {
    expect(
      rest({ own: runqueueOf(2, { schedClass: 'rt', runnableTasks: 3 }) }, { schedClass: 'fair' }),
    ).toEqual([
      'victim (pid 7) is ready in class fair on CPU 2, which runs load-2 (pid 102) (rt); 3 tasks share that CPU.',
    ])
    expect(rest({ own: runqueueOf(2, { schedClass: undefined }) }, { schedClass: 'fair' })[0]).toMatch(
      /\(of an unknown class\); 1 task share/,
    )
    expect(rest({ own: runqueueOf(2, { current: undefined }) }, { schedClass: 'fair' })).toEqual([
      'victim (pid 7) is ready in class fair on CPU 2, of which could not be read what it runs; 1 task share that CPU.',
    ])
    expect(rest({ own: undefined }, { schedClass: 'fair' })).toEqual([
      'victim (pid 7) is ready in class fair; the runqueue of its CPU could not be read.',
    ])
    expect(rest({ own: runqueueOf(2) }, { schedClass: undefined })).toEqual([
      'victim (pid 7) is ready; of which class it is could not be read.',
    ])
    expect(rest({ own: runqueueOf(2) })).toEqual([])
    const own = runqueueOf(2, { runnableTasks: 3 })
    expect(runqueueReasons(sceneOf({ own }, { details: { schedClass: 'fair' } })).reasons[0]?.facts).toEqual({
      class: 'fair',
      cpu: 2,
      nr_running: 3,
      on_rq: 1,
    })
  })

  it('are those that were lent, or that the task is between', () => {
    expect(rest({}, { schedClass: 'rt', isBoosted: true })[1]).toBe(
      'Priority inheritance moved it from ext to rt.',
    )
    expect(rest({}, { onRunqueue: 2 })).toEqual(['It is migrating to another CPU.'])
    expect(rest({}, { onRunqueue: 0 })).toEqual([
      'It is runnable by its state and on no runqueue: everything stood still while it was being woken or moved.',
    ])
    expect(rest({}, { onRunqueue: 0, state: 1 })).toEqual([])
  })

  it('are not all that there are', () => {
    expect(rest({ usable: [2] }, { allowedCpus: [2] })).toEqual(['It may use only CPU 2 of 0,2.'])
    expect(rest({ usable: [] }, { allowedCpus: [4, 5] })).toEqual([
      'None of the CPUs that it may use (4-5) is online.',
    ])
    expect(rest({ usable: [] }, { allowedCpus: [] })).toEqual([
      'None of the CPUs that it may use (none) is online.',
    ])
    expect(rest({ usable: undefined }, { allowedCpus: undefined })).toEqual([])
    expect(rest({ usable: undefined }, { allowedCpus: [0] })).toEqual(['It may use only CPU 0 of 0,2.'])
    expect(rest({}, { migrationDisabled: true })).toEqual(['It has migration disabled: only CPU 2 will do.'])
    expect(rest({}, { migrationDisabled: true, task: { pid: 7, name: 'v', cpu: undefined } })).toEqual([
      'It has migration disabled: only CPU (unknown) will do.',
    ])
    expect(
      runqueueReasons(sceneOf({ usable: [2] }, { details: { allowedCpus: [2] } })).reasons[0]?.facts,
    ).toEqual({
      allowed: '2',
      usable: '2',
      cpus: '0,2',
    })
  })
})

describe('the watchdog', () => {
  const of = (parts: object, runnableMs: number | undefined = 10_000) =>
    told(watchdogReasons(sceneOf(parts as never, { entity: { runnableMs } })))
  const watchdog = (own: object) => ({
    watchdog: { timeoutMs: 30_000, ageMs: 100, intervalMs: 15_000, ...own },
  })

  it('says when it acts, from a tenth of its time on', () => {
    expect(of({})).toEqual([
      'The watchdog ejects made_up when the task has waited for 30 s: in 20 s, or up to 15 s later, when it looks.',
    ])
    expect(of(watchdog({ intervalMs: undefined }))).toEqual([
      'The watchdog ejects made_up when the task has waited for 30 s: in 20 s, or later, when it looks next.',
    ])
    expect(of({}, 2999)).toEqual([])
    expect(of({}, 3000)).toHaveLength(1)
    expect(of({}, 29_999)[0]).toMatch(/: in 1 ms, or/)
    expect(of({}, 30_000)).toEqual([
      'The task has waited longer than the watchdog allows (30 s): it ejects made_up when it looks next.',
    ])
    expect(of({}, 40_000)).toHaveLength(1)
  })

  it('says nothing of what is not known, and without a scheduler', () => {
    expect(told(watchdogReasons(sceneOf({ entity: undefined })))).toEqual([])
    expect(of(watchdog({ timeoutMs: undefined }))).toEqual([])
    expect(of({ ext: { state: 'disabled' } })).toEqual([])
    expect(told(watchdogReasons(sceneOf({}, { entity: { runnableMs: undefined } })))).toEqual([])
  })

  it('may not get to run itself', () => {
    expect(of(watchdog({ ageMs: 30_001 }))[1]).toBe(
      'The watchdog itself has not looked for 30 s: its worker does not get to run.',
    )
    expect(of(watchdog({ ageMs: 30_000 }))).toHaveLength(1)
    expect(of(watchdog({ ageMs: undefined }))).toHaveLength(1)
    expect(watchdogReasons(sceneOf({}, { entity: { runnableMs: 10_000 } })).reasons[0]?.facts).toEqual({
      runnableMs: 10_000,
      timeoutMs: 30_000,
      watchdogAgeMs: 100,
      intervalMs: 15_000,
    })
  })
})

describe('what a sub-scheduler may not do', () => {
  const below = { isRoot: false, cgroupPath: '/jobs' }
  const granted = (scheduler: object, parts: object = {}) =>
    grantReasons(sceneOf(parts as never, { scheduler: { ...below, ...scheduler } as never })).map(
      ({ sentence }) => sentence,
    )

  it('is known where it was granted nothing that is of use', () => {
    const cids = {
      cids: [
        { cid: 0, cpu: 2 },
        { cid: 1, cpu: 0 },
        { cid: 2, cpu: 4 },
      ],
      shards: [],
    }
    const caps = (enq: readonly number[], preempt: readonly number[] = []) => [
      { name: 'enq', cids: enq },
      { name: 'preempt', cids: preempt },
      { name: 'perf', cids: [0, 1] },
    ]
    const start = 'made_up is the scheduler of cgroup /jobs and may queue tasks (capability enq)'
    expect(granted({ caps: caps([2]) }, { cids })).toEqual([
      `${start} on CPU 4 only: none of the CPUs that this task may use was granted to it.`,
    ])
    expect(granted({ caps: caps([0]) }, { cids })).toEqual([])
    expect(granted({ caps: caps([], [1]) }, { cids })).toEqual([])
    const ecaps = (enq: readonly number[], immediate: readonly number[] = []) => [
      { name: 'enq', cpus: enq },
      { name: 'enq_immed', cpus: immediate },
    ]
    expect(granted({ ecaps: ecaps([]), cgroupPath: undefined })).toEqual([
      'made_up is the scheduler of cgroup of unknown path and may queue tasks (capability enq) on no CPU at all: on none of the CPUs that this task may use.',
    ])
    expect(granted({ ecaps: ecaps([4], [0, 2, 4]) })).toEqual([
      `${start} on CPU 4 only: on none of the CPUs that this task may use; on CPUs 0,2 it may only queue what runs at once (SCX_ENQ_IMMED).`,
    ])
    expect(granted({ ecaps: ecaps([]), caps: caps([0]) }, { cids })[0]).toMatch(
      /on no CPU at all: what was granted to it on CPU 2 is not in force there yet/,
    )
  })

  it('is not said of the root, of what is not known, nor without a CPU', () => {
    const ecaps = [{ name: 'enq', cpus: [] }]
    expect(granted({ ecaps, isRoot: true })).toEqual([])
    expect(granted({ ecaps, isRoot: undefined })).toEqual([])
    expect(granted({ ecaps }, { usable: undefined })).toEqual([])
    expect(granted({ ecaps }, { usable: [] })).toEqual([])
    expect(granted({ ecaps: undefined, caps: undefined })).toEqual([])
    expect(grantReasons(sceneOf({ scheduler: undefined }))).toEqual([])
  })

  it('keeps tasks on queues of the kernel’s own', () => {
    const on = (kind: string, parts: object = {}, entity: object = {}, cpu: number | undefined = 2) =>
      divertedReasons(
        sceneOf(parts as never, { entity: entity as never }),
        placeOn({ kind, cpu }) as never,
      ).map(({ sentence }) => sentence)
    expect(on('reject')[0]).toMatch(
      /^made_up dispatched it to CPU 2 and lacks a capability there: the kernel turns it away/,
    )
    expect(on('reject', {}, { missingCaps: [] })[0]).toMatch(/lacks a capability there/)
    expect(on('reject', {}, { missingCaps: ['enq', 'perf'] })[0]).toMatch(
      /lacks the capability enq and perf there/,
    )
    const rescue = (own: object | undefined) => ({
      runqueues: Found.all([
        runqueueOf(0),
        runqueueOf(2, { schedExt: { rescue: own, deferred: Found.all([]) } }),
      ]),
    })
    expect(on('rescue', rescue({ task: undefined, budget: 1_540_000n }))[0]).toMatch(
      /; nobody is being rescued, and 1\.5 ms of CPU time may be spent on it now\.$/,
    )
    expect(on('rescue', rescue({ task: { pid: 8, name: 'x' }, budget: 0n }))[0]).toMatch(
      /; now x \(pid 8\) is being rescued\.$/,
    )
    expect(on('rescue', rescue(undefined))[0]).toMatch(/with a small share of the CPU\.$/)
    expect(on('local')).toEqual([])
    expect(divertedReasons(sceneOf(), placeOn({ kind: 'reject', cpu: undefined }) as never)).toEqual([])
    expect(
      divertedReasons(
        sceneOf(rescue({ task: undefined, budget: 5n }) as never),
        placeOn({ kind: 'rescue', cpu: 2 }) as never,
      )[0]?.facts,
    ).toEqual({
      cpu: 2,
      rescuing: null,
      budget: '5',
    })
  })
})
