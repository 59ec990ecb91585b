import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { midChange } from '../../src/sched/dispatch-queue.js'
import type { SchedState } from '../../src/sched/sched.js'
import { compareWithLog } from './support/compare-allocations.js'
import { saysLessWhenDamaged } from './support/compare-damage.js'
import { isTheSameFromADump, showsWhatTheDemoCounted, tellsOfTheStall } from './support/compare-report.js'
import { compareTaskStacks } from './support/compare-stacks.js'
import { testedKernels } from './support/demo-guest.js'
import { type StalledDemo, setWatchdog, stalledDemo } from './support/stalled-demo.js'

describe.each(testedKernels)('a stall on kernel $kernel', ({ kernel, kaslr }) => {
  let guest: StalledDemo

  beforeAll(async () => {
    guest = await stalledDemo(kernel, kaslr)
  })

  afterAll(async () => {
    await guest?.session.close()
    guest?.remove()
  })

  it('is explained: the queue, the age, and that the scheduler does not dispatch', () => {
    const { session } = guest
    const stalled = session.sched.queue(0x79)
    expect(stalled?.tasks.length).toBeGreaterThan(0)
    for (const { pid, name, waitingMs = 0 } of stalled?.tasks ?? []) {
      expect(name).toMatch(/^demo_worker/)
      expect(waitingMs).toBeGreaterThan(100)
      const { verdict, reasons, problems } = session.why(pid)
      expect({ verdict, problems }).toEqual({ verdict: 'queued', problems: [] })
      expect(reasons[0]?.sentence).toMatch(/has been ready for .* and waits on DSQ 0x79/)
      expect(reasons[0]?.facts).toMatchObject({ dsq: '0x79', depth: stalled?.depth, runnableMs: waitingMs })
      expect(reasons[1]?.sentence).toMatch(/No task ever left DSQ 0x79: .* does not dispatch from it/)
      expect(session.sched.task(pid).schedExt).toMatchObject({
        queueAddress: stalled?.address,
        flags: expect.arrayContaining(['QUEUED']),
      })
    }
    const waiting = session.sched.waiting[0]
    expect(waiting?.name).toMatch(/^demo_worker/)
    // The watchdog's kernel thread and the shell are served meanwhile.
    expect(session.why(1)).toMatchObject({ verdict: 'sleeping' })
    expect(session.why(1).toString()).toMatch(/sleeps in do_wait/)
    const running = session.sched.runqueues[0]?.current?.pid ?? -1
    expect(session.why(running).verdict).toBe('running')
  })

  it('has the stacks of sleeping tasks that /proc/PID/stack shows', () => {
    compareTaskStacks(guest.session, guest.stacks)
  })

  it('is told less of, and never otherwise, where pages are lost', () =>
    saysLessWhenDamaged(guest.session, 20))

  it('counts the runs of programs, which go on', async () => {
    const { session } = guest
    const before = session.prog('demo_enqueue')
    expect(before.countsRuns).toBe(true)
    await session.advance({ ms: 200 })
    const after = session.prog('demo_enqueue')
    expect(after.runCount).toBeGreaterThan(before.runCount ?? 0n)
    expect(after.runTime).toBeGreaterThan(before.runTime ?? 0n)
  })

  it('is told by the report, which names the task, how long it has waited and where', () =>
    tellsOfTheStall(guest.session))

  it('changes in the report from stop to stop as the scheduler counts', () =>
    showsWhatTheDemoCounted(guest.session))

  it('has the same report from a dump', () => isTheSameFromADump(guest.session))

  it('has the tasks on the queue that the scheduler saw there, in the order in which it put them there', () => {
    const { session } = guest
    const queue = session.sched.queue(0x79)
    const pids = queue?.tasks.map(({ pid }) => pid) ?? []
    const records = session.map('scx_demo.bss').variables as unknown as {
      stall_records: readonly { depth: number; pids: readonly number[] }[]
    }
    const seen = session.kernel.cpus.possible.map((cpu) => {
      const { depth = 0, pids = [] } = records.stall_records[cpu] ?? {}
      return Array.from({ length: depth }, (_, i) => pids[i])
    })
    // A CPU may stand in the midst of its counting, and each looked some time ago; nobody left since.
    for (const part of seen) expect(part).toEqual(pids.slice(0, part.length))
    expect(seen).toContainEqual(pids)

    const stamps = new Map<number, bigint>()
    for (const { value } of session.map('scx_task_map').entries()) {
      const stored = value?.value as unknown as { pid: number; last_enqueued_at: bigint }
      stamps.set(stored.pid, stored.last_enqueued_at)
    }
    const times = pids.map((pid) => stamps.get(pid) ?? 0n)
    expect(times.every((time, i) => time > (times[i - 1] ?? 0n))).toBe(true)
  })

  it('has allocations that are what the scheduler logged of them', async () => {
    const { session } = guest
    session.write({ map: 'control', key: 0 }, { pause: 1 })
    await session.advance({ ms: 50 })
    expect(session.sched.queue(0x79)?.depth).toBeGreaterThan(0)
    compareWithLog(session)
    session.write({ map: 'control', key: 0 }, { pause: 0 })
  })

  it('has a place of an iterator in its queue, which is no task', async () => {
    const { session } = guest
    let queue = session.sched.queue(0x79)
    for (let i = 0; i < 10 && queue?.cursors === 0; i++) {
      expect((await session.runUntil('bpf_iter_scx_dsq_next')).reason).toBe('breakpoint')
      queue = session.sched.queue(0x79)
    }
    expect(queue?.cursors).toBeGreaterThan(0)
    expect(queue?.tasks).toHaveLength(queue?.depth ?? -1)
    for (const { name } of queue?.tasks ?? []) expect(name).toMatch(/^demo_worker/)
    expect(session.sched.snapshot().problems.filter(isOdd)).toEqual([])
  })

  it('goes on beyond its limit when the watchdog of the frozen guest is given more time', async () => {
    const { session } = guest
    const { timeoutMs } = session.sched.watchdog
    expect(timeoutMs).toBe(30_000)
    setWatchdog(session, 600_000)
    expect(session.sched.watchdog.timeoutMs).toBe(600_000)
    const waited = session.sched.waiting[0]?.waitingMs ?? 0
    await session.advance({ ms: Math.max(31_000 - waited, 100) })
    expect(session.sched.waiting[0]?.waitingMs).toBeGreaterThan(30_000)
    expect(session.sched.state).toBe('enabled')
    expect(session.sched.exitLog).toEqual([])
  })

  it('ends when the watchdog is given less: bypassed, then in an exit that the kernel log keeps', async () => {
    const { session } = guest
    setWatchdog(session, 1000)
    expect((await session.runUntil('scx_disable_workfn', { timeoutMs: 60_000 })).reason).toBe('breakpoint')
    const bypassed: SchedState[] = []
    for (let i = 0; i < 4000 && session.sched.exitLog.length === 0; i++) {
      await session.advance({ ms: 1 })
      const [scheduler] = session.sched.schedulers
      if ((scheduler?.bypassDepth ?? 0) > 0) bypassed.push(session.sched.snapshot())
    }
    // While the scheduler is bypassed, tasks are queued elsewhere; where, depends on the kernel.
    expect(bypassed.length).toBeGreaterThan(0)
    for (const { problems } of bypassed) expect(problems.filter(isOdd)).toEqual([])
    const bypassQueues = bypassed.flatMap(({ queues }) => queues.filter(({ kind }) => kind === 'bypass'))
    const used = bypassQueues.filter(({ tasks }) => tasks.length > 0)
    expect(used.length > 0).toBe(bypassQueues.length > 0)
    expect(session.sched.exitLog).toMatchObject([
      { scheduler: 'scx_demo', kind: 'stall', reason: 'runnable task stall' },
    ])
    await session.advance({ ms: 1000 })
    expect(session.sched.state).toBe('disabled')
    expect(session.sched.snapshot().problems.filter(isOdd)).toEqual([])
  }, 240_000)
})

/** A stop can come in the midst of a change; that is told, and nothing is wrong with it. */
function isOdd({ why }: { readonly why: string }): boolean {
  return !why.includes(midChange)
}
