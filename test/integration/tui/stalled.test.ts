import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Session } from '../../../src/session/session.js'
import { type StalledDemo, setWatchdog, stalledDemo } from '../support/stalled-demo.js'
import { TuiTerminal, tabs } from '../support/tui.js'

/** What a person does with a guest whose scheduler has forgotten some tasks, and with a dump of it. */
describe('the terminal UI on a stall', () => {
  let guest: StalledDemo
  let vm: Session
  let terminal: TuiTerminal

  beforeAll(async () => {
    terminal = new TuiTerminal()
    guest = await stalledDemo('6.18', true)
    vm = guest.session
    await vm.dump(join(terminal.directory, 'vmcore'))
    setWatchdog(vm, 600_000)
    // One vCPU stands where its next instructions are known to go on.
    await vm.runUntil('schedule')
  })

  afterAll(async () => {
    terminal?.[Symbol.dispose]()
    await vm?.close()
    guest?.remove()
  })

  /** The name and pid of the task that waits longest, and the queue that it waits on. */
  const waiting = (): { name: string; pid: number; queue: string } => {
    // Not always the first: tasks keep the time since when they are ready when they queue up again.
    const queued = new Set(vm.sched.queue(0x79)?.tasks.map(({ pid }) => pid))
    const [task] = vm.sched.runqueues
      .flatMap(({ schedExt }) => schedExt?.runnable ?? [])
      .filter(({ pid, isCurrent }) => queued.has(pid) && !isCurrent)
      .sort((a, b) => (b.waitingMs ?? -1) - (a.waitingMs ?? -1))
    if (task === undefined) throw new Error('nothing waits on the queue of stalled tasks')
    return { name: task.name, pid: task.pid, queue: '0x79' }
  }

  const epoch = (): number => vm.machine?.epoch ?? 0

  /** Waits until this session has heard of a stop that came after another one: the guest is controlled by another process. */
  const stops = (before: number): Promise<string> =>
    terminal.waitFor(() => vm.state === 'frozen' && epoch() > before)

  async function isTold(): Promise<void> {
    const { name, pid, queue } = waiting()
    await terminal.tab('1')
    terminal.press('Home')
    const told = `! ${name} \\(pid ${pid}\\) has been ready for [\\d.]+ s and waits on DSQ ${queue}, (first|behind \\d others?) of \\d`
    await terminal.waitFor(new RegExp(told))
    await terminal.waitFor(
      new RegExp(`! No task ever left DSQ ${queue}: \\d tasks came in, all are still there`),
    )
  }

  async function isFollowed(): Promise<void> {
    const { name, pid, queue } = waiting()
    await terminal.tab('3')
    await terminal.filter('scx_task_map', /scx_task_map +task_storage[\s\S]* 1\/1$|1\/1$/m)
    terminal.press('Enter')
    await terminal.waitFor(/Maps › scx_task_map {2}/)
    await terminal.filter(`(${pid})`, /1\/1$/m)
    terminal.press('Tab')
    await terminal.find('data', / +data +0x/)
    terminal.press('Enter')
    await terminal.waitFor(/Maps › scx_task_map › scx_task_allocator\[\d+\] {2}/)
    await terminal.waitFor(new RegExp(`pid +${pid}\\b`))
    await terminal.find('task struct task_struct', / +task +0x/)
    terminal.press('Enter')
    await terminal.waitFor(new RegExp(` › scx_task_allocator\\[\\d+\\] › ${name} \\(pid ${pid}\\) {2}`))
    await terminal.find('on DSQ', new RegExp(` +on DSQ +${queue}`))
    terminal.press('Enter')
    await terminal.waitFor(new RegExp(` › ${name} \\(pid ${pid}\\) › DSQ ${queue} {2}`))
    await terminal.waitFor(new RegExp(`${name} \\(${pid}\\)`))
    for (const place of [
      new RegExp(` › ${name} \\(pid ${pid}\\) {2}`),
      /Maps › scx_task_map › scx_task_allocator\[\d+\] {2}/,
      /Maps › scx_task_map {2}/,
      /^ Maps {2}/m,
    ]) {
      await terminal.back()
      await terminal.waitFor(place)
    }
  }

  describe('in a dump', () => {
    beforeAll(() => terminal.start('vmcore'))
    afterAll(() => terminal.quit())

    it('opens every tab', async () => {
      for (const [key, shown] of tabs) {
        await terminal.tab(key)
        await terminal.waitFor(shown)
      }
    })

    it('names the stall: the task, how long, and the queue', isTold)

    it('follows map, task context, arena pointer, allocator slot, task and queue, and comes back', isFollowed)

    it('filters, sorts and exports', async () => {
      await terminal.tab('8')
      await terminal.filter('demo_worker', /\/demo_worker +1\/4$/m)
      terminal.press('S')
      const sorted = await terminal.waitFor(/PID▼/)
      const pids = [...sorted.matchAll(/^[› ] +(\d+) +\d+ .*demo_worker/gm)].map(([, pid]) => Number(pid))
      expect(pids).toHaveLength(4)
      expect(pids).toEqual([...pids].sort((a, b) => b - a))
      terminal.press('e')
      await terminal.waitFor(/── Export this list as/)
      terminal.press('c')
      await terminal.waitFor(/write to file: Tasks\.csv/)
      terminal.press('Enter')
      await terminal.waitFor(/4 rows written to Tasks\.csv/)
      const [titles, ...lines] = readFileSync(join(terminal.directory, 'Tasks.csv'), 'utf8')
        .trim()
        .split('\r\n')
      expect(titles).toMatch(/^PID,/)
      expect(lines.map((line) => Number(line.split(',')[0]))).toEqual(pids)
    })

    it('fits 80 columns and 24 lines, and 120 and 40 again', async () => {
      await terminal.tab('7')
      terminal.resize(80, 24)
      const small = await terminal.waitFor(
        (screen) => screen.split('\n').length === 25 && /7\[Sched\][\s\S]*\? help {2}q quit *$/m.test(screen),
      )
      for (const line of small.split('\n')) expect([...line].length).toBeLessThanOrEqual(80)
      terminal.resize(120, 40)
      await terminal.waitFor((screen) => screen.split('\n').length === 41 && /7\[Scheduler\]/.test(screen))
    })

    it('runs a line of code, and says that a dump does not run', async () => {
      await terminal.code('vm.sched.queue(0x79)!.depth', new RegExp(`^ ${vm.sched.queue(0x79)?.depth}$`, 'm'))
      terminal.press('a')
      await terminal.waitFor(/vmcore is a dump: it does not run/)
    })
  })

  describe('in the guest', () => {
    beforeAll(() => terminal.start(`@${vm.machine?.record.name}`))
    afterAll(() => terminal.quit())

    it('names the stall: the task, how long, and the queue', isTold)

    it('follows map, task context, arena pointer, allocator slot, task and queue, and comes back', isFollowed)

    it('steps one vCPU, the others standing still, and marks what changed', async () => {
      const cpu = vm.vcpus.findIndex(({ where }) => where === 'schedule')
      const before = vm.vcpus.map(({ registers }) => registers)
      await terminal.tab('2')
      for (let n = 0; n < cpu; n++) terminal.press('v', 'j')
      const rip = (): string => `0x${vm.vcpus[cpu]?.registers.rip?.toString(16)}`
      const was = rip()
      terminal.press('Tab')
      await terminal.find('rip', new RegExp(` +rip +${was}`))
      const stop = epoch()
      terminal.press('N')
      await terminal.waitFor(new RegExp(`vCPU ${cpu} executed 10 instructions, now at \\w+`))
      await terminal.waitFor(/~ \d+ changed/)
      await stops(stop)
      expect(rip()).not.toBe(was)
      await terminal.waitFor(new RegExp(`^›~ +rip +${rip()} +\\(was ${was}\\)`, 'm'))
      await terminal.waitFor(new RegExp(`^[› ]~${cpu} \\w+`, 'm'))
      expect(vm.vcpus[1 - cpu]?.registers).toEqual(before[1 - cpu])
      terminal.press('d')
      await terminal.waitFor(new RegExp(`vCPU ${cpu} rip +${was} .*${rip()}`))
      const count = Number(/~ ([\d,]+) changed/.exec(terminal.screen)?.[1]?.replaceAll(',', ''))
      expect(count).toBeGreaterThan(0)
      // The list stays open, and is true of the next stop too.
      const second = rip()
      const next = epoch()
      terminal.press('n')
      await stops(next)
      await terminal.waitFor(new RegExp(`vCPU ${cpu} rip +${second} .*${rip()}`))
      await terminal.filter(`vCPU ${cpu} rip`, / 1\/1$/m)
      terminal.press('Enter')
      await terminal.waitFor(/ › changes › /)
      await terminal.back()
      await terminal.back()
    })

    it('stops when the field under the cursor is written', async () => {
      await terminal.tab('7')
      await terminal.find('CPU 0 runs', / +CPU 0 +runs/)
      terminal.press('Enter')
      await terminal.waitFor(/› rq of CPU 0 {2}/)
      await terminal.find('clock u64', / *~? *clock +\d+/)
      const clock = (): string => {
        const address = vm.sched.runqueues[0]?.address ?? 0n
        return String((vm.at(address, 'struct rq') as unknown as { clock: bigint }).clock)
      }
      const was = clock()
      await terminal.waitFor(new RegExp(`^› +clock +${was} `, 'm'))
      const stop = epoch()
      terminal.press('w')
      await terminal.waitFor(/watchpoint on vCPU \d/)
      await stops(stop)
      expect(clock()).not.toBe(was)
      await terminal.waitFor(new RegExp(`^›~ +clock +${clock()} +\\(was ${was}\\)`, 'm'))
    })

    it('runs until a symbol is reached', async () => {
      const stop = epoch()
      terminal.press('u')
      await terminal.waitFor(/^ run until/m)
      terminal.type('schedule')
      terminal.press('Enter')
      await terminal.waitFor(/breakpoint on vCPU \d, at schedule$/m)
      await stops(stop)
      expect(vm.vcpus.map(({ where }) => where)).toContain('schedule')
    })

    it('shows how long a run takes, and gives it up', async () => {
      const stop = epoch()
      terminal.press('u')
      await terminal.waitFor(/^ run until/m)
      terminal.type('panic')
      terminal.press('Enter')
      await terminal.waitFor(/running until panic, [\d.]+ m?s; Esc ends it/)
      terminal.press('Escape')
      await terminal.waitFor(/running until panic: ended/)
      await terminal.waitFor(/FROZEN {2}guest stopped \d/)
      await stops(stop)
    })

    it('goes back to a checkpoint (task 30)', async () => {
      // A second attempt finds what the first one saved.
      for (const { name } of await vm.checkpoints()) await vm.deleteCheckpoint(name)
      const jiffies = vm.variable('jiffies_64')
      terminal.press('c')
      await terminal.waitFor(/^ save a checkpoint called/m)
      terminal.type('here')
      terminal.press('Enter')
      await terminal.waitFor(/saved as here/)
      terminal.press('u')
      await terminal.waitFor(/^ run until/m)
      terminal.type('write jiffies_64')
      terminal.press('Enter')
      await terminal.waitFor(/watchpoint on vCPU \d/)
      await terminal.waitFor(() => vm.variable('jiffies_64') !== jiffies)
      terminal.press('C')
      await terminal.waitFor(/── Go back to/)
      terminal.press('Enter')
      await terminal.waitFor(/the guest is as it was at here/)
      await terminal.waitFor(() => vm.variable('jiffies_64') === jiffies)
    })

    it('shows a running guest live, with rates, and freezes it', async () => {
      await terminal.tab('4')
      await terminal.filter('demo_running', /demo_running +struct_ops/)
      terminal.press('f')
      await terminal.waitFor(/RUNNING {2}live/)
      await terminal.waitFor(() => vm.state === 'running')
      await terminal.waitFor(/demo_running +struct_ops.* \d[\d,.]* +\d+\.\d\d /)
      terminal.press('f')
      await terminal.waitFor(/FROZEN/)
      await terminal.waitFor(() => vm.state === 'frozen')
    })
  })
})
