import { describe, expect, it } from 'vitest'
import { Sched } from '../../src/sched/sched.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { writeLog } from '../support/kernel-objects.js'

function exits(...texts: string[]) {
  const guest = new KernelGuest()
  writeLog(
    guest,
    texts.map((text, i) => ({ text, info: { ts_nsec: BigInt(i) } })),
    {},
  )
  const sched = new Sched(guest.kernel())
  const exits = sched.exitLog
  return { exits, problems: sched.problems }
}

describe('schedulers that left, in the kernel log', () => {
  it('have their reason, message, task and backtrace, in order of time', () => {
    const found = exits(
      'something else',
      'sched_ext: BPF scheduler "first" disabled (unregistered from user space)',
      'sched_ext: BPF scheduler "scx_demo" disabled (runnable task stall)',
      'sched_ext: scx_demo: demo_worker/1[188] failed to run for 30.028s',
      '   scx_watchdog_workfn+0x15a/0x1f0',
      '   process_one_work+0x18f/0x340',
      'sched_ext: BPF scheduler "late" disabled (scx_bpf_error)',
      'sched_ext: late: a "message" of its own',
    )
    expect(found.problems).toEqual([])
    expect(found.exits).toEqual([
      {
        scheduler: 'first',
        kind: 'normal',
        reason: 'unregistered from user space',
        message: '',
        task: undefined,
        backtrace: [],
        time: 1n,
      },
      {
        scheduler: 'scx_demo',
        kind: 'stall',
        reason: 'runnable task stall',
        message: 'demo_worker/1[188] failed to run for 30.028s',
        task: { name: 'demo_worker/1', pid: 188 },
        backtrace: ['scx_watchdog_workfn+0x15a/0x1f0', 'process_one_work+0x18f/0x340'],
        time: 2n,
      },
      {
        scheduler: 'late',
        kind: 'error',
        reason: 'scx_bpf_error',
        message: 'a "message" of its own',
        task: undefined,
        backtrace: [],
        time: 6n,
      },
    ])
  })

  it('of which the watchdog itself complains are stalls without a task', () => {
    const [exit] = exits(
      'sched_ext: BPF scheduler "a" disabled (runnable task stall)',
      'sched_ext: a: watchdog failed to check in for 2.000s',
    ).exits
    expect(exit).toMatchObject({ kind: 'stall', task: undefined })
  })
})
