import { describe, expect } from 'vitest'
import type { Session } from '../../../../src/session/session.js'
import { programsView } from '../../../../src/ui/tui/panes/programs.js'
import { now, SchedGuest } from '../../../sched/sched-guest.js'
import { openedOn } from '../../../session/support/sessions.js'
import { everyProgramPart } from '../../../support/every-program-part.js'
import { fakeSession, TestScreen } from '../support/screen.js'
import { codeWorld, screenOf } from './code-world.js'
import { task } from './task.js'

/** Tasks 10 and 11 on DSQ 0x77, the second first; 12 runs on CPU 0. Task 10 waits longest. */
function queues() {
  const made = new SchedGuest('late')
  made.addTask(10, { 'scx.runnable_at': now - 400n, 'scx.weight': 300 })
  made.addTask(11, { 'scx.runnable_at': now - 20n })
  made.addTask(12, { on_cpu: 1 })
  made.objects.set('rq', made.rq(0), { curr: made.task(12), nr_running: 3 })
  made.userQueues([{ id: 0x77n, tasks: [11, 10] }])
  made.runnable(0, [10, 11])
  made.kernel()
  return { made, ...openedOn(made.guest) }
}

/** Lets the guest run for a second, and looks again. */
async function lookAgain(screen: TestScreen): Promise<void> {
  screen.cockpit.rates.clock += 1000
  screen.cockpit.refresh(true)
  screen.cockpit.changed()
  await screen.rest()
}

describe('what authors of schedulers do', () => {
  task(17, 'read the machine code of a BPF program under the source lines that it comes from', async () => {
    const { guest } = everyProgramPart()
    guest.finish()
    using screen = await screenOf(openedOn(guest).vm)
    await screen.type('4\r')
    screen.cockpit.page.list.setFilter('jited', 30)
    await screen.type('\r')
    expect(screen.text).toMatch(/› jited/)
    expect(screen.text).toMatch(/return 1;/)
    expect(screen.text).toMatch(/\+0x0 /)
  })

  task(18, 'see who waits, for how long and why', async () => {
    using screen = await screenOf(queues().vm)
    expect(screen.text).toMatch(/waiting .*task-10 \(pid 10\) has been ready for 4 s/)
    screen.cockpit.page.list.setFilter('task-10', 30)
    await screen.type('\r')
    expect(screen.text).toMatch(/Overview › task-10 \(pid 10\)/)
    expect(screen.text).toMatch(/on DSQ +0x77/)
  })

  task(19, 'order tasks by how long they wait, by class, weight, queue or runtime', async () => {
    using screen = await screenOf(queues().vm, { columns: 200 })
    await screen.type('8')
    expect(screen.text).toMatch(/CLASS +WEIGHT +WAIT +DSQ +RUNTIME/)
    await screen.type('s')
    const { overlay } = screen.cockpit
    const items = overlay?.kind === 'menu' ? overlay.items.map(({ label }) => label) : []
    await screen.type('j'.repeat(items.indexOf('WAIT')))
    await screen.type('\r')
    await screen.type('S')
    expect(screen.text).toMatch(/WAIT▼/)
    const waiting = screen.lines.filter((line) => /task-1[01] +ext/.test(line))
    expect(waiting[0]).toMatch(/task-10 .*ext +300 +4 s +0x77 /)
    expect(waiting[1]).toMatch(/task-11 .*ext +100 +200 ms +0x77 /)
    // Who runs does not wait.
    expect(screen.lines.find((line) => /task-12 +ext/.test(line))).toMatch(/ext +100 +- +- /)
  })

  task(20, 'see the tasks of a DSQ in their order', async () => {
    using screen = await screenOf(queues().vm)
    await screen.type('7')
    expect(screen.text).toMatch(/▾ 0x77 +2 tasks[^\n]*\n +task-11 \(11\)[^\n]*\n +task-10 \(10\)/)
    await screen.type('g0x77\r')
    expect(screen.text).toMatch(/Scheduler › DSQ 0x77/)
    expect(screen.text).toMatch(/task-11 \(11\)[^\n]*\n[^\n]*task-10 \(10\)/)
  })

  // Task 21 is walked in a real terminal.

  task(22, 'see what BPF keeps of a task, and go there', async () => {
    using screen = await screenOf(codeWorld().vm)
    await screen.type('gdemo_task\r')
    screen.cockpit.page.list.setFilter('BPF keeps', 30)
    await screen.type('l\x1b')
    await screen.rest()
    expect(screen.text).toMatch(/▾ BPF keeps[^\n]*\n[^\n]*by_pid/)
    await screen.type('jj\r')
    expect(screen.text).toMatch(/demo_task \(pid 7\) › by_pid/)
    expect(screen.text).toMatch(/99/)
  })

  task(23, 'see how deep a queue was at the last looks', async () => {
    const { vm, made, control } = queues()
    control.state = 'running'
    using screen = await screenOf(vm)
    await screen.type('7')
    const nr = made.member(vm.sched.queue(0x77)?.address ?? 0n, 'scx_dispatch_q', 'nr')
    made.guest.u32(nr, 8)
    await lookAgain(screen)
    made.guest.u32(nr, 4)
    await lookAgain(screen)
    expect(screen.text).toMatch(/0x77 +4 tasks +[▁▂▃]█[▄▅] /)
  })

  task(24, 'watch a guest that runs in figures: CPUs, queues, who waits longest', async () => {
    const { vm, control } = queues()
    control.state = 'running'
    using screen = await screenOf(vm)
    await lookAgain(screen)
    expect(screen.text).toMatch(/CPU 0 +task-12 \(12\), 3 ready +██/)
    expect(screen.text).toMatch(/DSQ 0x77 +2 deep +██/)
    expect(screen.text).toMatch(/longest wait +4 s, task-10 \(10\)/)
    control.state = 'frozen'
    control.epoch++
    await lookAgain(screen)
    expect(screen.text).toMatch(/has been ready for/)
  })

  task(25, 'see who is on each CPU while the guest runs', async () => {
    const { vm, control, made } = queues()
    control.state = 'running'
    using screen = await screenOf(vm)
    await screen.type('2')
    expect(screen.text).toMatch(/CPU 0 +task-12 \(12\)/)
    made.objects.set('rq', made.rq(0), { curr: made.task(10) })
    await lookAgain(screen)
    expect(screen.text).toMatch(/CPU 0 +task-10 \(10\)/)
  })

  task(26, 'see how often programs run and what share of a CPU they take', async () => {
    const program = {
      ...{ id: 3, name: 'enqueue', type: 'struct_ops', tag: 'ab', xlatedSize: 8, verifiedInstructions: 1 },
      ...{ mapIds: [], structOps: [], recursionMisses: 0n, loadTime: 0n, address: 0n, jitedAddress: 0n },
      ...{ runCount: 100n, runTime: 5_000_000n, jitedSize: { whole: true, value: 8 } },
    }
    const vm = fakeSession({
      state: 'frozen',
      more: {
        progs: [program],
        problems: [],
        kernel: { release: '6.18', space: {}, findSymbol: () => undefined },
      },
    })
    using screen = new TestScreen(
      [{ name: 'programs', title: 'Programs', short: 'Prog', open: programsView }],
      {
        session: vm as Session,
        columns: 160,
      },
    )
    for (const runs of [350n, 350n]) {
      program.runCount += runs
      program.runTime += 250_000_000n
      await lookAgain(screen)
    }
    expect(screen.text).toMatch(/enqueue .* 350 +25\.00 +.*██/)
  })

  task(27, 'read the kernel log, also while the guest runs', async () => {
    const { vm, control } = codeWorld()
    control.state = 'running'
    using screen = await screenOf(vm)
    await screen.type('L')
    expect(screen.text).toMatch(/Overview › Kernel log/)
    expect(screen.text).toMatch(/the first line[^\n]*\n[^\n]*BUG: it broke/)
  })

  // Task 28 is a test of the screen, task 30 of a real terminal.

  task(29, 'choose the columns of a list, which are kept', async () => {
    const kept: unknown[] = []
    const settings = { keepColumns: (hidden: unknown) => kept.push(hidden) }
    using screen = await screenOf(queues().vm, { settings })
    await screen.type('8')
    expect(screen.text).toMatch(/PID +TGID +PPID/)
    await screen.type('|j\r')
    expect(screen.text).toMatch(/\[ \] TGID/)
    await screen.type('\x1b')
    await screen.rest()
    expect(screen.text).toMatch(/PID +PPID/)
    expect(screen.text).not.toMatch(/TGID/)
    expect(Object.values(kept[0] as object)).toEqual([['TGID']])
    using next = await screenOf(queues().vm, { settings: { hidden: kept[0] as never } })
    await next.type('8')
    expect(next.text).toMatch(/PID +PPID/)
  })
})
