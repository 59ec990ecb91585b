import { describe, expect, it } from 'vitest'
import { listed } from '../../src/frame/list.js'
import { findTask } from '../../src/kernel/tasks.js'
import { Problems } from '../../src/problems.js'
import { Session } from '../../src/session/session.js'
import { taskContext } from '../../src/session/task-context.js'
import type { Vcpu } from '../../src/session/vcpu.js'
import { now, SchedGuest } from '../sched/sched-guest.js'
import { addHash } from '../support/bpf-objects.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { writeLog, writeTasks } from '../support/kernel-objects.js'
import { openedOn, sessionWith } from './support/sessions.js'

const number = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return new Uint8Array(bytes)
}

/** Tasks 10 to 12, of which 11 and 10 wait on a queue. */
function scheduled() {
  const guest = new SchedGuest('late')
  for (const pid of [10, 11, 12]) guest.addTask(pid, { 'scx.runnable_at': now - 700n })
  const [queue = 0n] = guest.userQueues([{ id: 0x77n, tasks: [11, 10] }])
  guest.runnable(0, [10, 11])
  guest.kernel()
  const { vm } = openedOn(guest.guest)
  /** Without maps and arenas, of which this kernel knows nothing. */
  const context = (pid: number) => {
    const problems = new Problems()
    const { kernel } = vm
    return {
      problems,
      found: taskContext({ kernel, maps: listed([]), arenas: listed([]) }, findTask(kernel, pid), problems),
    }
  }
  return { guest, queue, vm, context }
}

describe('what BPF keeps of a task', () => {
  it('is its entries in maps, with how they are known to be its', () => {
    const { vm } = sessionWith((guest) => {
      writeTasks(guest, [{ pid: 42, comm: 'worker' }])
      const entry = (pid: number, value: number) => ({
        key: number(pid),
        value: Uint8Array.of(value, 0, 0, 0, 0, 0, 0, 0),
      })
      addHash(guest, { id: 5, name: 'by_pid', valueSize: 8, maxEntries: 8 }, [entry(42, 9), entry(41, 8)])
      addHash(guest, { id: 6, name: 'other', valueSize: 8, maxEntries: 8 }, [entry(40, 7)])
    })
    const context = vm.context(42)
    expect(context.task).toMatchObject({ pid: 42, name: 'worker' })
    expect([...context]).toHaveLength(1)
    expect([...context][0]).toMatchObject({
      kind: 'map_entry',
      map: 'by_pid',
      mapId: 5,
      how: 'its key is 42, which may be a pid: the map is called by_pid',
      bytes: Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0),
      queue: undefined,
      position: undefined,
    })
    expect(context.of('by_pid')).toHaveLength(1)
    expect(context.of('other')).toEqual([])
    expect(context.isWhole).toBe(true)
    expect(JSON.parse(JSON.stringify(context))).toMatchObject([
      { kind: 'map_entry', map: 'by_pid', mapId: 5 },
    ])
    expect(() => vm.context(99)).toThrow('there is no task with pid 99')
  })

  it('is the queue that it is on, and its place there', () => {
    const { context, queue } = scheduled()
    const on = (pid: number) => context(pid).found.items.seen.find(({ kind }) => kind === 'dsq')
    const at = `scx.dsq of its task_struct is 0x${queue.toString(16)}`
    expect(on(11)).toMatchObject({
      address: queue,
      position: 0,
      how: `${at}, and it is number 1 of the 2 there`,
      map: undefined,
    })
    expect(on(10)).toMatchObject({
      position: 1,
      how: `${at}, and it is number 2 of the 2 there`,
      queue: { name: '0x77', depth: 2 },
    })
    expect(on(12)).toBeUndefined()
  })

  it('may be a queue that is among none, which is said', () => {
    const { guest, context: contextOf } = scheduled()
    const nowhere = guest.objects.make('scx_dispatch_q', { id: 1 })
    guest.objects.set('task_struct', guest.task(12), { 'scx.dsq': nowhere })
    const { found: context, problems } = contextOf(12)
    expect(context.items.seen.at(-1)).toMatchObject({
      kind: 'dsq',
      address: nowhere,
      queue: undefined,
      position: undefined,
    })
    expect(context.isWhole).toBe(false)
    expect(context.problems.map(({ where, why }) => `${where}: ${why}`)).toContain(
      `DSQ at 0x${nowhere.toString(16)}: the task is on it, and it is among no queues that could be read`,
    )
    expect(problems.sentences.join()).toContain('it is among no queues that could be read')
  })

  it('is had from the task itself, as long as it is on the list', () => {
    const { vm, guest } = sessionWith((made) => {
      writeTasks(made, [{ pid: 42 }])
    })
    expect((vm.task(42) as unknown as { $bpf: { task: object } }).$bpf.task).toMatchObject({ pid: 42 })
    const stray = guest.objects.make('task_struct', { pid: 43 })
    const value = vm.at(stray, 'struct task_struct') as unknown as { $bpf: unknown }
    expect(() => value.$bpf).toThrow(
      `no task of the kernel's list lies at 0x${stray.toString(16)}; it may have ended.`,
    )
    const list = vm.at(stray, 'struct list_head') as unknown as { $bpf: unknown }
    expect(list.$bpf).toBeUndefined()
  })
})

describe('what the scheduler says of a task', () => {
  it('is asked of the session', () => {
    const { vm, guest } = scheduled()
    expect(vm.sched.queue(0x77)?.depth).toBe(2)
    expect(vm.why(11).toString()).toMatch(/task-11 \(pid 11\) has been ready for 7 s and waits on DSQ 0x77/)
    expect(vm.sched.task(10).task.address).toBe(guest.task(10))
  })
})

describe('the stack of a task', () => {
  const running = (vcpus: readonly Partial<Vcpu>[]) => {
    const guest = new SchedGuest('late')
    guest.addTask(7, { stack: 0 })
    const hog = guest.addTask(8, { on_cpu: 1, 'thread_info.cpu': 2 })
    guest.objects.set('rq', guest.rq(2), { curr: hog })
    guest.kernel()
    const { vm } = openedOn(guest.guest)
    Object.defineProperty(vm, 'vcpus', {
      get: () => vcpus.map((each) => ({ task: { address: hog }, ...each })),
    })
    return vm
  }

  it('is its own where it does not run, that of its vCPU where it does', () => {
    const stack = { method: 'orc', frames: [], problem: undefined, userAddress: undefined }
    expect(running([]).stack(7)).toMatchObject({ problem: expect.stringMatching(/freed/) })
    expect(running([{ task: { address: 1n } as never }, { stack: stack as never }]).stack(8)).toBe(stack)
  })

  it('is not there where nobody has its registers, or it is in user space', () => {
    expect(() => running([]).stack(8)).toThrow(
      'the stack of task 8 cannot be followed: @test has no registers of its CPUs',
    )
    expect(() => running([{ task: { address: 1n } as never }]).stack(8)).toThrow(
      'the stack of task 8 cannot be followed: there are no registers of CPU 2, on which it runs',
    )
    expect(() => running([{ cpu: 2, stack: undefined }]).stack(8)).toThrow(
      'task 8 runs in user space on CPU 2: the kernel has no stack of it',
    )
  })
})

describe('the kernel log and a panic', () => {
  const world = (cpu: number): Session =>
    sessionWith((guest) => {
      writeTasks(guest, [{ pid: 1 }])
      writeLog(guest, [
        { text: 'hello' },
        { text: 'Kernel panic - not syncing: Fatal exception', info: { ts_nsec: 5_000_000_000n } },
      ])
      guest.u32(guest.global('panic_cpu', 4), cpu)
    }).vm

  it('are read; of no panic there is none', () => {
    const vm = world(2)
    expect(vm.dmesg.map(({ text }) => text)).toEqual(['hello', 'Kernel panic - not syncing: Fatal exception'])
    expect(vm.panic).toMatchObject({ cpu: 2, message: 'Fatal exception', time: 5_000_000_000n })
    expect(JSON.parse(JSON.stringify(vm.panic)) as unknown).toMatchObject({
      cpu: 2,
      message: 'Fatal exception',
    })
    expect(world(0xffffffff).panic).toBeUndefined()
  })
})

it('a session of nothing but memory has what its kernel has', () => {
  const guest = new KernelGuest()
  guest.finish()
  const vm = new Session({
    name: 'x',
    memory: guest.memory,
    control: undefined,
    vcpus: () => [],
    problems: [],
    facts: {},
  })
  expect([...vm.links]).toEqual([])
  expect([...vm.arenas]).toEqual([])
  expect([...vm.allocators]).toEqual([])
  expect([...vm.containers]).toEqual([])
  expect(() => vm.arena('x')).toThrow('there is no arena x; there are no arenas at all')
  expect(() => vm.allocator('x')).toThrow(/no allocator/)
  expect(() => vm.container('x')).toThrow(/x/)
  expect(vm.onlyProven).toBe(false)
  const { recovery } = vm
  vm.onlyProven = false
  expect(vm.recovery).toBe(recovery)
  vm.onlyProven = true
  expect([vm.onlyProven, vm.recovery === recovery]).toEqual([true, false])
  expect(vm.kernels).toHaveLength(1)
  expect(vm.kernels[0]?.kernel).toBe(vm.kernel)
})
