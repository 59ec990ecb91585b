import { describe, expect, it, vi } from 'vitest'
import { findTask, tasks } from '../../src/kernel/tasks.js'
import { Problems } from '../../src/problems.js'
import { readStack } from '../../src/sched/stack.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { type ProcessSpec, writeTasks } from '../support/kernel-objects.js'
import { kernelBtf } from '../support/kernel-types.js'

const wild = 0xffff800000001000n
const kernelThread = 0x00200000
const worker = 0x20

function read(
  processes: readonly ProcessSpec[],
  change: (guest: KernelGuest, byPid: Map<number, bigint>) => void = () => {},
) {
  const guest = new KernelGuest()
  const byPid = writeTasks(guest, processes)
  change(guest, byPid)
  const kernel = guest.kernel()
  const problems = new Problems()
  const found = [...tasks(kernel, problems)]
  return { found, problems: [...problems.sentences], kernel, guest, byPid }
}

const three: readonly ProcessSpec[] = [
  { pid: 1, comm: 'init', members: { 'thread_info.cpu': 2, on_cpu: 1 } },
  { pid: 20, comm: 'server', threads: [{ pid: 21 }, { pid: 22 }] },
  { pid: 30, comm: 'shell' },
]

/** The kernel's types with other names of the same length for some. */
function renamed(names: Readonly<Record<string, string>>): Buffer {
  const btf = Buffer.from(kernelBtf)
  for (const [from, to] of Object.entries(names)) {
    const at = btf.indexOf(`\0${from}\0`)
    if (at < 0 || to.length !== from.length) throw new Error(`cannot rename ${from}`)
    btf.write(to, at + 1)
  }
  return btf
}

/** A kernel without SMP: one CPU, whose variables have no offset, and tasks that say nothing of it. */
function withoutSmp(curr: (byPid: Map<number, bigint>) => bigint, isLost = false) {
  const guest = new KernelGuest({ cpus: [0], btf: renamed({ on_cpu: 'of_cpu', cpu: 'dpu' }) })
  const byPid = writeTasks(guest, three)
  const at = guest.symbols.findIndex(({ name }) => name === 'runqueues')
  const runqueue = guest.image(guest.objects.sizeOf('rq'))
  const idle = guest.symbols.find(({ name }) => name === 'init_task')?.address as bigint
  guest.objects.set('rq', runqueue, { curr: curr(byPid), idle })
  guest.symbols[at] = { name: 'runqueues', address: isLost ? runqueue + 2n ** 24n : runqueue, type: 'D' }
  for (const name of ['nr_cpu_ids', '__per_cpu_offset'])
    guest.symbols.splice(
      guest.symbols.findIndex((symbol) => symbol.name === name),
      1,
    )
  const problems = new Problems()
  const kernel = guest.kernel()
  return { found: [...tasks(kernel, problems)], problems: problems.sentences, kernel, byPid }
}

describe('a kernel without SMP', () => {
  it('tells by its runqueue which task runs, on the one CPU that there is', () => {
    const { found, problems, kernel, byPid } = withoutSmp((pids) => pids.get(22) ?? 0n)
    expect(problems).toEqual([])
    expect(found.map(({ pid, cpu, isRunning }) => [pid, cpu, isRunning])).toEqual([
      [0, 0, false],
      [1, 0, false],
      [20, 0, false],
      [21, 0, false],
      [22, 0, true],
      [30, 0, false],
    ])
    expect(() => readStack(kernel, byPid.get(22) ?? 0n)).toThrow(/registers of its vCPU/)
  })

  it('does not say that nothing runs where the runqueue cannot be read', () => {
    const { found, problems, kernel, byPid } = withoutSmp(() => 0n, true)
    expect(found.map(({ pid, isRunning }) => [pid, isRunning])).toEqual(
      [1, 20, 21, 22, 30].map((pid) => [pid, undefined]),
    )
    expect(problems).toContainEqual(expect.stringMatching(/^running of task 22: page not present/))
    expect(() => readStack(kernel, byPid.get(22) ?? 0n)).toThrow(/page not present/)
  })
})

describe('tasks', () => {
  it.each([
    [5, []],
    // One that is leaving is listed a little longer than it is counted.
    [4, []],
    [7, ['tasks: the kernel counts 7 threads, 5 were found']],
    // More than there can be says nothing.
    [2 ** 31, []],
  ])("are held to the kernel's own count, %d", (count, expected) => {
    const { problems } = read(three, (guest) => guest.u32(guest.global('nr_threads', 4), count))
    expect(problems).toEqual(expected)
  })

  it('gives idle tasks first, then every thread of every process', () => {
    const { found, problems, byPid } = read(three)
    expect(problems).toEqual([])
    expect(found.map(({ pid }) => pid)).toEqual([0, 0, 1, 20, 21, 22, 30])
    expect(found.map(({ tgid }) => tgid)).toEqual([0, 0, 1, 20, 20, 20, 30])
    expect(found.slice(0, 2).map(({ comm, cpu }) => [comm, cpu])).toEqual([
      ['swapper/0', 0],
      ['swapper/2', 2],
    ])
    expect(found[2]).toEqual({
      address: byPid.get(1),
      pid: 1,
      tgid: 1,
      name: 'init',
      comm: 'init',
      state: 'R',
      cpu: 2,
      isRunning: true,
      isKernelThread: false,
      parentPid: 0,
    })
    expect(found[4]).toMatchObject({ comm: 'task-21', isRunning: false, cpu: 0 })
  })

  it('gives the process of the parent', () => {
    const { found } = read(three, (guest, byPid) => {
      guest.objects.set('task_struct', byPid.get(30) ?? 0n, { real_parent: byPid.get(22) ?? 0n })
      guest.objects.set('task_struct', byPid.get(20) ?? 0n, { real_parent: 0 })
      guest.objects.set('task_struct', byPid.get(21) ?? 0n, { real_parent: wild })
    })
    expect(found.map(({ parentPid }) => parentPid)).toEqual([0, 0, 0, undefined, undefined, 0, 20])
  })

  it.each([
    [0x0000, 0x00, 'R'],
    [0x0001, 0x00, 'S'],
    [0x0002, 0x00, 'D'],
    [0x0004, 0x00, 'T'],
    [0x0008, 0x00, 't'],
    [0x0009, 0x00, 't'],
    [0x0040, 0x00, 'P'],
    [0x0402, 0x00, 'I'],
    [0x0080, 0x10, 'X'],
    [0x0080, 0x20, 'Z'],
    [0x0082, 0x00, 'D'],
    [0x0101, 0x00, 'S'],
    [0x1000, 0x00, 'D'],
    [0x1402, 0x00, 'D'],
    [0x8000, 0x00, 'D'],
    [0x0200, 0x00, 'R'],
    [0x0400, 0x00, 'R'],
  ])('shows state 0x%s and exit state 0x%s as %s', (state, exitState, letter) => {
    const { found } = read([{ pid: 7, members: { __state: state, exit_state: exitState } }])
    expect(found.at(-1)?.state).toBe(letter)
  })

  it('names kernel threads in full, and workers by their work', () => {
    const text = (guest: KernelGuest, words: string): bigint => {
      const at = guest.alloc(words.length + 1)
      guest.text(at, words)
      return at
    }
    const comm = 'kworker/u9:1'
    const flags = kernelThread | worker
    const { found } = read(
      [
        { pid: 2, comm: 'kthreadd', members: { flags: kernelThread } },
        { pid: 3, comm: 'rcu_exp_gp_kthr', members: { flags: kernelThread } },
        { pid: 4, comm, members: { flags } },
        { pid: 5, comm, members: { flags } },
        { pid: 6, comm, members: { flags } },
        { pid: 7, comm, members: { flags } },
        { pid: 8, comm: 'user' },
      ],
      (guest, byPid) => {
        const thread = (pid: number, members: Record<string, bigint>): void =>
          guest.objects.set('task_struct', byPid.get(pid) ?? 0n, {
            worker_private: guest.objects.make('kthread', members),
          })
        const working = (members: Record<string, string | bigint>): bigint =>
          guest.objects.make('worker', members)
        thread(3, { full_name: text(guest, 'rcu_exp_gp_kthread_worker') })
        thread(4, { data: working({ desc: 'events_unbound', current_work: 1n }) })
        thread(5, { data: working({ desc: 'mm_percpu_wq' }) })
        thread(6, { data: wild })
        thread(7, { data: working({}) })
        thread(8, { full_name: text(guest, 'no kernel thread') })
      },
    )
    expect(found.slice(2).map(({ name }) => name)).toEqual([
      'kthreadd',
      'rcu_exp_gp_kthread_worker',
      'kworker/u9:1+events_unbound',
      'kworker/u9:1-mm_percpu_wq',
      'kworker/u9:1',
      'kworker/u9:1',
      'user',
    ])
    expect(found[3]).toMatchObject({ comm: 'rcu_exp_gp_kthr', isKernelThread: true })
  })

  it('says that a name is cut where the kernel does not describe what has the rest', () => {
    const { kernel } = read([
      { pid: 3, comm: 'rcu_exp_gp_kthr', members: { flags: kernelThread, worker_private: wild } },
      { pid: 4, comm: 'kthreadd', members: { flags: kernelThread, worker_private: wild } },
    ])
    const { layouts } = kernel
    const find = layouts.find.bind(layouts)
    vi.spyOn(layouts, 'find').mockImplementation((name, having) =>
      name === 'kthread' ? undefined : find(name, having),
    )
    const problems = new Problems()
    expect([...tasks(kernel, problems)].slice(2).map(({ name }) => name)).toEqual([
      'rcu_exp_gp_kthr',
      'kthreadd',
    ])
    expect(problems.sentences).toEqual(['full name of task 3: this kernel has no struct kthread'])
  })

  it('gives a leader that has left its own thread list', () => {
    const { found, problems } = read(three, (guest, byPid) => {
      const signal = guest.objects.make('signal_struct')
      const head = signal + BigInt(guest.objects.offsetOf('signal_struct', 'thread_head'))
      guest.u64(head, head)
      guest.objects.set('task_struct', byPid.get(30) ?? 0n, { signal })
    })
    expect(found.map(({ pid }) => pid)).toEqual([0, 0, 1, 20, 21, 22, 30])
    expect(problems).toEqual([])
  })

  it('keeps what is there when the list of processes breaks or loops', () => {
    const next = (guest: KernelGuest): number => guest.objects.offsetOf('task_struct', 'tasks')
    const broken = read(three, (guest, byPid) => guest.u64((byPid.get(20) ?? 0n) + BigInt(next(guest)), wild))
    expect(broken.found.map(({ pid }) => pid)).toEqual([0, 0, 1, 20, 21, 22, 30])
    expect(broken.problems).toEqual([
      expect.stringMatching(/^tasks: list breaks after 2 entries: page not present/),
    ])

    const looping = read(three, (guest, byPid) =>
      guest.u64((byPid.get(20) ?? 0n) + BigInt(next(guest)), (byPid.get(1) ?? 0n) + BigInt(next(guest))),
    )
    expect(looping.found.map(({ pid }) => pid)).toEqual([0, 0, 1, 20, 21, 22, 30])
    expect(looping.problems).toEqual([expect.stringMatching(/^tasks: list loops at/)])
  })

  it('does not say that a task is not there when the list of tasks broke', () => {
    const at = BigInt(new KernelGuest().objects.offsetOf('task_struct', 'tasks'))
    const { kernel } = read(three, (guest, byPid) => {
      guest.u64((byPid.get(1) ?? 0n) + at, wild)
      guest.u64((byPid.get(30) ?? 0n) + at + 8n, wild)
    })
    const find = (pid: number) => findTask(kernel, pid, new Problems())
    expect(find(1).pid).toBe(1)
    // It is the last one, and found from the end.
    expect(find(30).pid).toBe(30)
    expect(() => find(20)).toThrow(
      /^no task with pid 20 was found, and the tasks could not be read whole: tasks/,
    )
    expect(() => findTask(read(three).kernel, 77)).toThrow('there is no task with pid 77')
  })

  it('says what of a task is missing when only its name or parent is elsewhere', () => {
    const { found, problems } = read(
      [
        { pid: 1, comm: 'init' },
        { pid: 3, comm: 'kworker', members: { flags: kernelThread | worker } },
      ],
      (guest, byPid) => {
        guest.objects.set('task_struct', byPid.get(3) ?? 0n, { worker_private: wild, real_parent: wild })
      },
    )
    expect(found.at(-1)).toMatchObject({ pid: 3, name: 'kworker', parentPid: undefined })
    expect(problems).toEqual([
      expect.stringMatching(/^full name of task 3: page not present/),
      expect.stringMatching(/^parent of task 3: page not present/),
    ])
  })

  it('keeps the other processes when one is ruined', () => {
    const { found, problems, byPid } = read(three, (guest, tasks) => {
      guest.objects.set('task_struct', tasks.get(20) ?? 0n, { signal: wild })
    })
    expect(found.map(({ pid }) => pid)).toEqual([0, 0, 1, 20, 30])
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(
      `threads of the task at 0x${byPid.get(20)?.toString(16)}: list breaks after 0`,
    )
  })

  it('gives the threads of a process once, whoever else claims them', () => {
    const { found, problems, byPid } = read(three, (guest, tasks) => {
      const signal = guest.bytesAt(
        (tasks.get(20) ?? 0n) + BigInt(guest.objects.offsetOf('task_struct', 'signal')),
        8,
      )
      guest.objects.set('task_struct', tasks.get(30) ?? 0n, { signal })
    })
    expect(found.map(({ pid }) => pid)).toEqual([0, 0, 1, 20, 21, 22])
    expect(problems).toEqual([
      `task at 0x${byPid.get(30)?.toString(16)}: it shares the threads of another process`,
    ])
  })

  it('goes on when the runqueue of a CPU is unreadable', () => {
    const { found, problems } = read(three, (guest) => {
      const runqueues = guest.symbols.find(({ name }) => name === 'runqueues')?.address ?? 0n
      guest.objects.set('rq', guest.perCpu(runqueues, 0), { idle: wild })
      guest.objects.set('rq', guest.perCpu(runqueues, 2), { idle: 0 })
    })
    expect(found.map(({ pid }) => pid)).toEqual([1, 20, 21, 22, 30])
    expect(problems).toEqual([expect.stringContaining('idle task of CPU 0: page not present')])
  })

  it('has a sentence when the list itself is not in memory', () => {
    const { found, problems } = read(three, (guest) => {
      const symbol = guest.symbols.findIndex(({ name }) => name === 'init_task')
      guest.symbols[symbol] = { name: 'init_task', address: 0xffffffff80000000n, type: 'D' }
    })
    expect(found.map(({ comm }) => comm)).toEqual(['swapper/0', 'swapper/2'])
    expect(problems).toEqual([expect.stringContaining('tasks: list breaks after 0 entries')])
  })
})

describe('the count that the kernel keeps', () => {
  it.each([
    [2 ** 22, 1],
    [2 ** 22 + 1, 0],
  ])('%i threads are believed %i times', (count, times) => {
    const { problems } = read(three, (guest) => guest.u32(guest.global('nr_threads', 4), count))
    expect(problems).toHaveLength(times)
  })
})

describe('findTask', () => {
  it('finds a thread by pid, or says that there is none', () => {
    const { kernel } = read(three)
    expect(findTask(kernel, 22)).toMatchObject({ pid: 22, tgid: 20 })
    expect(() => findTask(kernel, 99)).toThrow('there is no task with pid 99; `cryoscope tasks` lists them')
  })
})
