import { Session } from '../../../src/session/session.js'
import { SchedGuest } from '../../sched/sched-guest.js'
import { addArray, addProgram } from '../../support/bpf-objects.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { writeTasks } from '../../support/kernel-objects.js'

/** A dump of made memory. */
export function sessionOf(memory: KernelGuest['memory']): Session {
  return new Session({
    name: 'made',
    memory,
    control: undefined,
    vcpus: () => [
      { index: 0, registers: { rip: 0xffffffff84200010n, rsp: 0x1000n }, halted: false, privilege: 0 },
    ],
    problems: [],
    facts: {},
  })
}

/** Two arrays, a program and some tasks. */
export function bpfWorld(values: readonly number[] = [1, 2, 3]): KernelGuest {
  const guest = new KernelGuest()
  writeTasks(guest, [
    { pid: 1, comm: 'init' },
    { pid: 7, comm: '<b>bold</b>' },
  ])
  const bytes = values.map((value) => {
    const element = Buffer.alloc(8)
    element.writeBigUInt64LE(BigInt(value))
    return element
  })
  addArray(guest, { id: 3, name: 'counters', valueSize: 8, maxEntries: values.length }, bytes)
  addArray(guest, { id: 4, name: '"><script>x', valueSize: 8, maxEntries: 1 })
  addProgram(guest, { id: 6, name: 'demo_enqueue' })
  guest.finish()
  return guest
}

/** A scheduler with tasks on queues; no BPF objects at all. */
export function schedWorld(): SchedGuest {
  const guest = new SchedGuest('late')
  for (const pid of [10, 11, 12]) guest.addTask(pid)
  guest.userQueues([{ id: 0x77n, tasks: [11, 10] }])
  guest.runnable(0, [10, 11])
  return guest
}
