import { describe, expect, it } from 'vitest'
import { Sched } from '../../src/sched/sched.js'
import { explain } from '../../src/sched/why.js'
import { SchedGuest } from './sched-guest.js'

/** Capabilities by their number: enq_immed, enq, preempt, perf. */
const [immediate, enqueue, preempt] = [1, 2, 4]

/** A root and a scheduler of /jobs; cid 0 is CPU 2, cid 1 is CPU 0. */
function family(caps: readonly (readonly number[])[] = [[], [], [], []]) {
  const guest = new SchedGuest('late')
  const below = guest.addSubScheduler('for_jobs', '/jobs')
  guest.numberCpus([
    { cpu: 2, core: 0, llc: 0, node: 0 },
    { cpu: 0, core: 1, llc: -1, node: -1 },
  ])
  guest.grant(guest.sched, [
    {
      base: 0,
      count: 2,
      caps: [
        [0, 1],
        [0, 1],
        [0, 1],
        [0, 1],
      ],
    },
  ])
  guest.grant(below, [{ base: 0, count: 2, caps }])
  return { guest, below }
}

function stateOf(guest: SchedGuest) {
  return new Sched(guest.kernel()).snapshot()
}

it('schedulers below another are said to be none only where the kernel can have none', () => {
  const absent = (guest: SchedGuest) => {
    const sched = new Sched(guest.kernel())
    void sched.schedulers
    return sched.absent.map(({ group }) => group)
  }
  expect(absent(family().guest)).not.toContain('sub-schedulers')
  expect(absent(new SchedGuest('early'))).toContain('sub-schedulers')
})

describe('capabilities', () => {
  it('are what was granted, by cids of every shard, and what is in force, by CPUs', () => {
    const { guest, below } = family()
    guest.grant(below, [
      { base: 0, count: 2, caps: [[], [1], [], []] },
      { base: 60, count: 70, caps: [[], [60, 63, 64, 129], [], [127, 128]] },
    ])
    guest.inForce(below, 0, immediate | enqueue)
    const [root, sub] = stateOf(guest).schedulers
    expect(root?.caps?.map(({ name, cids }) => [name, ...cids])).toEqual([
      ['enq_immed', 0, 1],
      ['enq', 0, 1],
      ['preempt', 0, 1],
      ['perf', 0, 1],
    ])
    // It may do everything everywhere, and nothing is kept of that.
    expect(root?.ecaps).toBeUndefined()
    expect(sub?.caps?.map(({ name, cids }) => [name, ...cids])).toEqual([
      ['enq_immed'],
      ['enq', 1, 60, 63, 64, 129],
      ['preempt'],
      ['perf', 127, 128],
    ])
    expect(sub?.ecaps?.map(({ name, cpus }) => [name, ...cpus])).toEqual([
      ['enq_immed', 0],
      ['enq', 0],
      ['preempt'],
      ['perf'],
    ])
    expect(JSON.parse(JSON.stringify(sub)).ecaps).toEqual(sub?.ecaps)
  })

  it('are not known, instead of none, where a mask is of cids that cannot be', () => {
    const { guest, below } = family()
    guest.grant(below, [{ base: 8190, count: 10, caps: [[], [], [], []] }])
    const { schedulers, problems } = stateOf(guest)
    expect(schedulers[1]?.caps).toBeUndefined()
    expect(problems.map(({ why }) => why)).toContain('its mask of enq_immed is of cids that cannot be')
  })

  it('without a name are told', () => {
    const { guest, below } = family()
    guest.inForce(below, 2, 0x100)
    const { problems } = stateOf(guest)
    expect(problems.map(({ why }) => why)).toContain('CPU 2 has capabilities without a name: 0x100')
  })
})

it('numbers CPUs with their topology, where they have one', () => {
  const { cids } = stateOf(family().guest)
  expect(cids).toEqual({
    cids: [
      { cid: 0, cpu: 2, shard: 0, core: 0, llc: 0, node: 0 },
      { cid: 1, cpu: 0, shard: 0, core: 1, llc: undefined, node: undefined },
    ],
    shards: [{ shard: 0, firstCid: 0, cids: 2, node: undefined }],
  })
})

it('kicks CPUs for any of the schedulers', () => {
  const { guest, below } = family()
  guest.preempting(guest.sched, 0, 0b100n)
  guest.preempting(below, 0, 0b101n)
  const kicks = () => stateOf(guest).runqueues.map(({ schedExt }) => schedExt?.kicks)
  expect(kicks()).toEqual([{ cpus_to_preempt: '0,2' }, { cpus_to_preempt: '' }])
})

describe('queues of several schedulers', () => {
  it('are told apart by whose they are, also where schedulers have one name', () => {
    const guest = new SchedGuest('late')
    guest.addSubScheduler('for_jobs', '/jobs')
    guest.addSubScheduler('for_jobs', '/others')
    const bypass = stateOf(guest).queues.filter(({ kind, cpu }) => kind === 'bypass' && cpu === 2)
    expect(bypass.map(({ name, owner }) => ({ name, owner }))).toEqual([
      { name: 'bypass of CPU 2 of made_up', owner: 'made_up' },
      { name: 'bypass of CPU 2 of for_jobs (cgroup /jobs)', owner: 'for_jobs (cgroup /jobs)' },
      { name: 'bypass of CPU 2 of for_jobs (cgroup /others)', owner: 'for_jobs (cgroup /others)' },
    ])
  })

  it('need no owner where there is one scheduler', () => {
    const bypass = stateOf(new SchedGuest('late')).queues.filter(({ kind }) => kind === 'bypass')
    expect(bypass.map(({ name, owner }) => ({ name, owner }))).toContainEqual({ name: 'bypass of CPU 2' })
  })
})

describe('why a task of a sub-scheduler waits', () => {
  /** A task of /jobs that may use CPU 2 alone, on a user queue. */
  function sentences(caps: readonly (readonly number[])[], ecaps: Readonly<Record<number, number>>): string {
    const { guest, below } = family(caps)
    const mask = guest.guest.alloc(16)
    guest.guest.u64(mask, 0b100n)
    guest.addTask(7, { 'scx.sched': below, cpus_ptr: mask })
    guest.userQueues([{ id: 7n, tasks: [7] }])
    for (const [cpu, word] of Object.entries(ecaps)) guest.inForce(below, Number(cpu), word)
    return explain(guest.kernel(), 7)
      .reasons.map(({ sentence }) => sentence)
      .join('\n')
  }

  const begin = 'for_jobs is the scheduler of cgroup /jobs and may queue tasks (capability enq) '

  it('is that none of its CPUs was granted', () => {
    expect(sentences([[], [1], [], []], { 0: enqueue | immediate })).toContain(
      `${begin}on CPU 0 only: none of the CPUs that this task may use was granted to it.`,
    )
    expect(sentences([[], [], [], []], {})).toContain(`${begin}on no CPU at all: none of`)
  })

  it('is not that where a CPU goes by more than was granted by name', () => {
    expect(sentences([[], [], [0], []], { 2: immediate | enqueue | preempt })).not.toContain(begin)
  })

  it('is that a CPU has not taken over yet what was granted', () => {
    expect(sentences([[], [], [0], []], {})).toContain(
      `${begin}on no CPU at all: what was granted to it on CPU 2 is not in force there yet, as a CPU takes it over when it next picks a task.`,
    )
  })

  it('is that it may only queue what runs at once', () => {
    expect(sentences([[0], [], [], []], { 2: immediate })).toContain(
      '; on CPU 2 it may only queue what runs at once (SCX_ENQ_IMMED).',
    )
  })

  it('is that the kernel turned it away, with what was lacking', () => {
    const { guest, below } = family()
    const task = guest.addTask(7, { 'scx.sched': below, 'scx.reenq_reason_caps': enqueue | preempt })
    const kept = guest.addTask(8, { 'scx.sched': below, 'scx.reenq_reason_caps': enqueue })
    const reject = guest.member(guest.rq(2), 'rq', 'scx.reject_dsq')
    guest.fillQueue(reject, { id: (1n << 63n) + 4n, tasks: [7] })
    const kernel = guest.kernel()
    const { reasons } = explain(kernel, 7)
    expect(reasons.map(({ sentence }) => sentence)).toContain(
      'for_jobs dispatched it to CPU 2 and lacks the capability enq and preempt there: the kernel turns it away and calls ops.enqueue() again.',
    )
    const sched = new Sched(kernel)
    expect(sched.task(7).schedExt?.missingCaps).toEqual(['enq', 'preempt'])
    // What is left in the member of a task that was not turned away says nothing.
    expect(sched.task(8).schedExt?.missingCaps).toBeUndefined()
    expect([task, kept]).not.toContain(0n)
  })

  it('is that the kernel rescues others first', () => {
    const { guest, below } = family()
    for (const pid of [7, 8]) guest.addTask(pid, { 'scx.sched': below })
    const at = guest.member(guest.rq(2), 'rq', 'scx.rescue')
    guest.objects.set('scx_rq_rescue', at, { curr: guest.task(8), budget: -1_500_000n })
    guest.fillQueue(guest.member(at, 'scx_rq_rescue', 'dsq'), { id: (1n << 63n) + 5n, tasks: [7] })
    const kernel = guest.kernel()
    const [, second] = explain(kernel, 7).reasons
    expect(second?.sentence).toBe(
      'for_jobs may not queue tasks on CPU 2 and asked for rescue (SCX_ENQ_RESCUE): the kernel runs such tasks itself, one at a time, with a small share of the CPU; now task-8 (pid 8) is being rescued.',
    )
    const { runqueues } = new Sched(kernel).snapshot()
    expect(runqueues.map(({ schedExt }) => schedExt?.rescue)).toEqual([
      { task: undefined, budget: 0n },
      { task: { address: guest.task(8), pid: 8, name: 'task-8' }, budget: -1_500_000n },
    ])
  })
})

describe('a queue', () => {
  function withTwins(...others: readonly (readonly [name: string, path: string])[]) {
    const guest = new SchedGuest('late')
    guest.userQueues([{ id: 0x77n }])
    const below = others.map(([name, path]) => {
      const scheduler = guest.addSubScheduler(name, path)
      guest.userQueues([{ id: 0x77n }], scheduler)
      return scheduler
    })
    return { guest, below, sched: new Sched(guest.kernel()) }
  }

  it('whose id several have is asked for by name or owner, and not guessed', () => {
    const { sched, below, guest } = withTwins(['for_jobs', '/jobs'])
    const root = sched.schedulers[0]?.name
    expect(() => sched.queue(0x77)).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: `2 queues have the id 0x77; ask for the one you mean by its name: '0x77 of ${root}', '0x77 of for_jobs'`,
      }),
    )
    expect(sched.queue(0x77, 'for_jobs')?.scheduler).toBe(below[0])
    expect(sched.queue(0x77n, root)?.scheduler).toBe(guest.sched)
    expect(sched.queue(0x77, 'nobody')).toBeUndefined()
    for (const { name, address } of sched.queues) expect(sched.queue(name)?.address).toBe(address)
  })

  it('is told by the cgroup of its scheduler where two have one name', () => {
    const { sched, below } = withTwins(['twin', '/jobs'], ['twin', '/more'])
    expect(() => sched.queue(0x77, 'twin')).toThrow(
      /^2 queues have the id 0x77; .*'0x77 of twin \(cgroup \/jobs\)', '0x77 of twin \(cgroup \/more\)'$/,
    )
    expect(sched.queue(0x77, 'twin (cgroup /more)')?.scheduler).toBe(below[1])
  })

  it('of one scheduler alone is found by its id, with or without the owner', () => {
    const { sched } = withTwins()
    expect(sched.queue(0x77)?.name).toBe('0x77')
    expect(sched.queue(0x77n, sched.schedulers[0]?.name)?.name).toBe('0x77')
    expect(sched.queue(0x78)).toBeUndefined()
    // One on each CPU.
    expect(() => sched.queue((1n << 63n) + 2n)).toThrow(/'local of CPU 0', 'local of CPU 2'/)
  })
})
