import { describe, expect, it } from 'vitest'
import { Problems } from '../../src/problems.js'
import { schedContext } from '../../src/sched/context.js'
import { readNumbers } from '../../src/sched/numbers.js'
import { Sched } from '../../src/sched/sched.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { type MemberValues, ObjectWriter } from '../support/object-writer.js'
import { writeBucketTable, writeList } from '../support/structures.js'
import { staticTypes } from './support/static-types.js'

const tick = 10
const now = 1_000_000n

/** A kernel whose scheduler is in static variables; CPUs 0 and 2, tasks 7 and 8. */
class StaticGuest {
  readonly guest: KernelGuest
  readonly objects: ObjectWriter
  readonly #runqueues: bigint

  constructor({ isBare = false } = {}) {
    const types = staticTypes({ isBare })
    this.guest = new KernelGuest({ btf: types.bytes })
    this.objects = new ObjectWriter(this.guest, types)
    const { guest, objects } = this
    const init = guest.global('init_task', objects.sizeOf('task_struct'))
    writeList(guest, init + BigInt(objects.offsetOf('task_struct', 'tasks')), [])
    const signal = objects.make('signal_struct')
    writeList(guest, signal + BigInt(objects.offsetOf('signal_struct', 'thread_head')), [])
    objects.set('task_struct', init, { signal, comm: 'swapper/0' })
    for (const name of ['ext', 'fair', 'idle']) guest.global(`${name}_sched_class`, 8)
    guest.u64(guest.global('jiffies_64', 8), now)
    this.#runqueues = guest.symbol('runqueues', guest.allocPerCpu(objects.sizeOf('rq')))
    for (const cpu of guest.cpus) {
      objects.set('rq', this.rq(cpu), { curr: init, idle: init, nr_running: cpu + 1, nr_switches: 40 + cpu })
      if (isBare) continue
      writeList(guest, this.member(cpu, 'scx.runnable_list'), [])
      this.queue(this.member(cpu, 'scx.local_dsq'), (1n << 63n) + 2n)
    }
  }

  rq(cpu: number): bigint {
    return this.guest.perCpu(this.#runqueues, cpu)
  }

  member(cpu: number, path: string): bigint {
    return this.rq(cpu) + BigInt(this.objects.offsetOf('rq', path))
  }

  queue(at: bigint, id: bigint): bigint {
    writeList(this.guest, at + BigInt(this.objects.offsetOf('scx_dispatch_q', 'list')), [])
    this.objects.set('scx_dispatch_q', at, { id })
    return at
  }

  /** The ticks of a clock with `hz` of them in a second. */
  clock(nanoseconds: number, shift = 4): this {
    const at = this.guest.global('clocksource_jiffies', this.objects.sizeOf('clocksource'))
    this.objects.set('clocksource', at, { mult: nanoseconds * 2 ** shift, shift })
    return this
  }

  scheduler(name: string): this {
    const ops = this.guest.global('scx_ops', this.objects.sizeOf('sched_ext_ops'))
    this.objects.set('sched_ext_ops', ops, { name, flags: 2, timeout_ms: 5000 })
    return this
  }

  global(name: string, value: bigint, size: 1 | 4 | 8): bigint {
    const at = this.guest.global(name, 8)
    this.guest.integer(at, value, size)
    return at
  }

  task(pid: number, members: MemberValues = {}): bigint {
    const at = this.objects.make('task_struct', {
      pid,
      tgid: pid,
      comm: `t-${pid}`,
      static_prio: 120,
      sched_class: this.guest.symbols.find(({ name }) => name === 'ext_sched_class')?.address ?? 0n,
      ...members,
    })
    return at
  }

  sched(): Sched {
    return new Sched(this.guest.kernel())
  }
}

describe('a scheduler in static variables', () => {
  it('is read with its bypass, exit and flags', () => {
    const made = new StaticGuest().clock(10_000_000).scheduler('simple')
    made.global('scx_exit_kind', 1024n, 4)
    const text = made.guest.alloc(32)
    made.guest.text(text, 'it failed')
    const frames = made.guest.alloc(16)
    const schedule = made.guest.symbol('schedule', made.guest.image(64), 'T')
    made.guest.symbol('after', made.guest.image(64), 'T')
    made.guest.u64(frames, schedule + 4n)
    made.guest.u64(frames + 8n, 0x10n)
    const info = made.objects.make('scx_exit_info', {
      msg: text,
      exit_code: 7n << 32n,
      bt: frames,
      bt_len: 2,
    })
    made.global('scx_exit_info', info, 8)
    made.global('scx_ops_bypass_depth', -1n, 4)
    made.global('scx_aborting', 1n, 1)
    made.global('scx_slice_dfl', 20_000_000n, 8)
    const sched = made.sched()
    expect(sched.problems).toEqual([])
    expect(sched.schedulers).toHaveLength(1)
    expect({ ...sched.schedulers[0] }).toMatchObject({
      address: 0n,
      name: 'simple',
      flags: ['ENQ_LAST'],
      timeoutMs: 5000,
      form: 'cpu',
      isRoot: true,
      level: undefined,
      parent: undefined,
      bypassDepth: -1,
      aborting: true,
      defaultSlice: 20_000_000n,
      exit: {
        kind: 'ERROR',
        kindValue: 1024,
        code: 7n << 32n,
        codeFlags: ['0x700000000'],
        reason: '',
        message: 'it failed',
        backtrace: [
          { address: schedule + 4n, symbol: 'schedule+0x4' },
          { address: 0x10n, symbol: undefined },
        ],
      },
    })
  })

  it('has no exit where the kernel keeps none, and is none without a name', () => {
    const made = new StaticGuest().scheduler('simple')
    made.global('scx_exit_kind', 0n, 4)
    const [only] = made.sched().schedulers
    expect(only?.exit).toBeUndefined()
    expect([only?.bypassDepth, only?.aborting, only?.defaultSlice]).toEqual([undefined, undefined, undefined])
    const other = new StaticGuest().scheduler('simple')
    other.global('scx_exit_info', 0n, 8)
    expect(other.sched().schedulers[0]?.exit).toBeUndefined()
    const none = new StaticGuest().scheduler('').sched()
    expect([...none.schedulers]).toEqual([])
    expect(none.absent.map(({ group }) => group)).not.toContain('scheduler')
  })

  it('has its queues and counters in globals, too', () => {
    const made = new StaticGuest()
    const { guest, objects } = made
    guest.u32(guest.global('nr_node_ids', 4), 2)
    const globals = [0, 1].map(() => made.queue(objects.make('scx_dispatch_q'), (1n << 63n) + 1n))
    const array = guest.alloc(16)
    for (const [i, at] of globals.entries()) guest.u64(array + BigInt(8 * i), at)
    made.global('global_dsqs', array, 8)
    const own = made.queue(objects.make('scx_dispatch_q'), 0x55n)
    const table = guest.global('dsq_hash', objects.sizeOf('rhashtable'))
    const hash = BigInt(objects.offsetOf('scx_dispatch_q', 'hash_node'))
    objects.set('rhashtable', table, {
      tbl: writeBucketTable(guest, [[own + hash], []]),
      'nelems.counter': 1,
    })
    const stats = guest.symbol('event_stats_cpu', guest.allocPerCpu(objects.sizeOf('scx_event_stats')))
    for (const cpu of guest.cpus)
      objects.set('scx_event_stats', guest.perCpu(stats, cpu), { SCX_EV_FIRST: 3 + cpu })
    const sched = made.sched()
    expect(sched.problems).toEqual([])
    expect(sched.queues.map(({ name, kind, scheduler }) => [name, kind, scheduler])).toEqual([
      ['local of CPU 0', 'local', undefined],
      ['local of CPU 2', 'local', undefined],
      ['global of node 0', 'global', undefined],
      ['global of node 1', 'global', undefined],
      ['0x55', 'user', undefined],
    ])
    expect(sched.queues.map(({ address }) => address).slice(2)).toEqual([...globals, own])
    expect(sched.events.map(({ scheduler, counters }) => [scheduler, counters])).toEqual([
      [
        0n,
        [
          {
            name: 'SCX_EV_FIRST',
            total: 8n,
            cpus: [
              { cpu: 0, value: 3n },
              { cpu: 2, value: 5n },
            ],
          },
        ],
      ],
    ])
  })

  it.each([0n, 5000n])('has no more nodes than there can be: %d', (nodes) => {
    const made = new StaticGuest()
    made.guest.integer(made.guest.global('nr_node_ids', 4), nodes, 4)
    made.global('global_dsqs', made.guest.alloc(8), 8)
    const sched = made.sched()
    expect(sched.queues.map(({ kind }) => kind)).toEqual(['local', 'local'])
    expect(sched.problems).toEqual([{ where: 'nr_node_ids', why: `${nodes} nodes cannot be` }])
  })

  it('may have no queues but those of CPUs', () => {
    const made = new StaticGuest()
    made.global('global_dsqs', 0n, 8)
    expect(made.sched().queues.map(({ kind }) => kind)).toEqual(['local', 'local'])
    expect(made.sched().events).toHaveLength(0)
  })

  it('has the state of sched_ext by the names of then', () => {
    const made = new StaticGuest()
    made.global('scx_ops_enable_state_var', 1n, 4)
    made.global('__scx_switched_all', 1n, 4)
    made.global('scx_hotplug_seq', 3n, 8)
    made.global('scx_nr_rejected', 4n, 8)
    const sched = made.sched()
    expect(sched.ext).toMatchObject({
      state: 'enabled',
      switchedAll: true,
      enableSequence: undefined,
      hotplugSequence: 3n,
      rejectedTasks: 4n,
    })
    expect(sched.state).toBe('enabled')
    const off = new StaticGuest()
    off.global('scx_ops_enable_state_var', 9n, 4)
    off.global('__scx_switched_all', 0n, 4)
    expect(off.sched().ext).toMatchObject({ state: '9', switchedAll: false })
  })
})

describe('the part of a runqueue that is sched_ext’s', () => {
  it('has counts, and CPUs that it is about to kick by both forms of masks', () => {
    const made = new StaticGuest()
    made.objects.set('rq', made.rq(0), {
      'scx.nr_running': 3,
      'scx.nr_immed': 2,
      'scx.ops_qseq': 77,
      'scx.clock': 99,
      'scx.cpu_released': 1,
    })
    const mask = made.guest.alloc(16)
    made.guest.u64(mask, 0b100n)
    made.objects.set('rq', made.rq(0), { 'scx.cpus_to_kick': mask })
    made.guest.u64(made.member(0, 'scx.cpus_to_wait'), 0b101n)
    const [first, second] = made.sched().runqueues
    expect(first).toMatchObject({
      runnableTasks: 1,
      switches: 40n,
      online: undefined,
      schedExt: {
        runnableTasks: 3,
        immediateTasks: 2,
        opsSequence: 77n,
        kickSync: undefined,
        clock: 99n,
        cpuReleased: true,
        deferred: [],
        rescue: undefined,
      },
    })
    expect(first?.schedExt?.kicks).toEqual({ cpus_to_kick: '2', cpus_to_wait: '0,2' })
    // A mask that was never allocated is none.
    expect(second?.schedExt?.kicks).toEqual({ cpus_to_wait: '' })
    expect(second?.schedExt).toMatchObject({ immediateTasks: 0, cpuReleased: false })
  })

  it('knows nothing of what runs where the pointer is zero', () => {
    const made = new StaticGuest()
    made.objects.set('rq', made.rq(2), { curr: 0 })
    expect(made.sched().runqueues.map(({ current }) => current?.isIdle)).toEqual([true, undefined])
  })
})

describe('a task of kernels before', () => {
  it('has its CPUs as a mask of its own, and what waits for it', () => {
    const made = new StaticGuest()
    const at = made.task(7, {
      migration_disabled: 1,
      blocked_on: 0xabc,
      core_cookie: 9,
      frozen: 1,
      static_prio: 139,
      nvcsw: 5,
      nivcsw: 6,
    })
    made.guest.u64(at + BigInt(made.objects.offsetOf('task_struct', 'cpus_mask')), 0b100n)
    const tasks = made.guest.symbols.find(({ name }) => name === 'init_task')?.address ?? 0n
    writeList(made.guest, tasks + BigInt(made.objects.offsetOf('task_struct', 'tasks')), [
      at + BigInt(made.objects.offsetOf('task_struct', 'tasks')),
    ])
    const signal = made.objects.make('signal_struct', { nr_threads: 1 })
    writeList(made.guest, signal + BigInt(made.objects.offsetOf('signal_struct', 'thread_head')), [
      at + BigInt(made.objects.offsetOf('task_struct', 'thread_node')),
    ])
    made.objects.set('task_struct', at, { signal })
    expect(made.sched().task(7)).toMatchObject({
      allowedCpus: [2],
      migrationDisabled: true,
      blockedOn: 0xabcn,
      coreCookie: 9n,
      isFrozen: true,
      nice: 19,
      threads: 1,
      endedThreadsSwitches: undefined,
      voluntarySwitches: 5n,
      involuntarySwitches: 6n,
      processGroup: undefined,
      cgroup: undefined,
      parent: undefined,
      leader: undefined,
    })
    made.objects.set('task_struct', at, { migration_disabled: 0, blocked_on: 0, frozen: 0, signal: 0 })
    made.guest.u64(at, 0n)
  })
})

describe('the length of a tick', () => {
  it.each([
    [1_000_000, 4, 1000],
    [10_000_000, 2, 100],
    [100_000_000, 0, 10],
    [100_000, 4, 10_000],
    [200_000_000, 0, undefined],
    [50_000, 4, undefined],
  ])('of %i ns, shifted by %i', (nanoseconds, shift, hz) => {
    const made = new StaticGuest().clock(nanoseconds, shift)
    const problems = new Problems()
    const { jiffies } = schedContext(made.guest.kernel(), problems)
    expect(jiffies?.perSecond).toBe(hz)
    expect(problems.list.map(({ where }) => where)).toEqual(hz === undefined ? ['HZ'] : [])
  })

  it('is not known without a clocksource, and no age is made up then', () => {
    const made = new StaticGuest()
    const context = schedContext(made.guest.kernel(), new Problems())
    expect(context.jiffies?.perSecond).toBeUndefined()
    expect(context.jiffies?.millisecondsSince(now - 5n)).toBeUndefined()
    expect(context.absences.list.map(({ group }) => group)).toContain('HZ')
  })

  it('makes ages of stamps; those of the future are 0, and what is no stamp is none', () => {
    const { jiffies } = schedContext(new StaticGuest().clock(10_000_000).guest.kernel(), new Problems())
    expect(jiffies?.millisecondsSince(now - 5n)).toBe(5 * tick)
    expect(jiffies?.millisecondsSince(now)).toBe(0)
    expect(jiffies?.since(now + 1n)).toBe(0n)
    const oldest = 1n << 50n
    expect(jiffies?.since(now - oldest + 1n)).toBe(oldest - 1n)
    expect(jiffies?.since(now - oldest)).toBeUndefined()
    expect(jiffies?.since(now + oldest - 1n)).toBe(0n)
    expect(jiffies?.since(now + oldest)).toBeUndefined()
  })
})

describe('what a kernel does not keep', () => {
  it('is said with the reason, group by group', () => {
    const bare = new StaticGuest({ isBare: true }).sched()
    const state = bare.snapshot()
    const reasons = Object.fromEntries(state.absent.map(({ group, reason }) => [group, reason]))
    expect(reasons).toMatchObject({
      scheduler: expect.stringMatching(/neither scx_root nor scx_ops/),
      scx_rq: expect.stringMatching(/no rq\.scx: it is built without sched_ext/),
      events: expect.stringMatching(/no struct scx_event_stats/),
      'local DSQs': expect.stringMatching(/no rq\.scx/),
      'DSQ tasks': expect.stringMatching(/task_struct\.scx/),
      'watchdog timeout': expect.stringMatching(/neither scx_sched\.watchdog_timeout nor/),
      cids: expect.stringMatching(/no scx_cid_tables/),
      'departed schedulers': expect.stringMatching(/no priv/),
      'scheduler objects': expect.stringMatching(/no BPF maps, programs and links|links/),
      scx_enable_state_var: expect.stringMatching(/scx_enable_state_var or scx_ops_enable_state_var/),
    })
    expect(state.runqueues.map(({ schedExt }) => schedExt)).toEqual([undefined, undefined])
    expect(state.counts.waiting).toBe(0)
    void [bare.schedstats, bare.numa, bare.cpuTimes]
    const groups = bare.absent.map(({ group }) => group)
    expect(groups).toEqual(expect.arrayContaining(['schedstat', 'NUMA events', 'CPU time']))
  })
})

describe('allocations of NUMA nodes', () => {
  const world = (nodes = 2) => {
    const made = new StaticGuest()
    const { guest, objects } = made
    guest.u32(guest.global('nr_node_ids', 4), nodes)
    const data = guest.global('node_data', 8 * nodes)
    const size = objects.sizeOf('zone')
    const [first, third] = [0, 1].map(() => objects.make('pglist_data', {}, { extra: size })) as [
      bigint,
      bigint,
    ]
    guest.u64(data, first)
    guest.u64(data + 8n * BigInt(nodes - 1), third)
    const zone = (node: bigint, index: number) =>
      node + BigInt(objects.offsetOf('pglist_data', 'node_zones') + index * size)
    const perCpu = guest.allocPerCpu(objects.sizeOf('per_cpu_zonestat'))
    const counts = (at: bigint, values: readonly bigint[]) => {
      const events = at + BigInt(objects.offsetOf('zone', 'vm_numa_event'))
      for (const [i, value] of values.entries()) guest.u64(events + BigInt(i * 8), value)
    }
    counts(zone(first, 0), [100n, 1n << 40n, 3n])
    counts(zone(first, 1), [10n, 0n, 0n])
    counts(zone(third, 0), [5n, 0n, 0n])
    // What lies behind the zones is none.
    counts(zone(third, 2), [77n, 77n, 77n])
    objects.set('zone', zone(first, 0), { per_cpu_zonestats: perCpu })
    for (const cpu of guest.cpus) {
      const events = guest.perCpu(perCpu, cpu) + BigInt(objects.offsetOf('per_cpu_zonestat', 'vm_numa_event'))
      guest.integer(events, 1000 + cpu, 2)
    }
    return made
  }

  it('are sums over zones, with what each CPU has not added yet', () => {
    const sched = world().sched()
    expect(sched.numa.map(({ node, events }) => ({ node, events }))).toEqual([
      { node: 0, events: { hit: 100n + 10n + 1000n + 1002n, miss: 1n << 40n, local: 3n } },
      { node: 1, events: { hit: 5n, miss: 0n, local: 0n } },
    ])
    expect(sched.problems).toEqual([])
  })

  it('are of nodes that are there', () => {
    expect(
      world(3)
        .sched()
        .numa.map(({ node }) => node),
    ).toEqual([0, 2])
  })

  it('are said to be missing where the kernel keeps none', () => {
    const sched = new StaticGuest().sched()
    expect([...sched.numa]).toEqual([])
    expect(sched.absent.find(({ group }) => group === 'NUMA events')?.reason).toMatch(/no node_data/)
  })
})

describe('the time of CPUs', () => {
  const world = (withInterrupts: boolean) => {
    const made = new StaticGuest()
    const { guest, objects } = made
    const stat = guest.symbol('kernel_cpustat', guest.allocPerCpu(objects.sizeOf('kernel_cpustat')))
    for (const cpu of guest.cpus) {
      const at = guest.perCpu(stat, cpu) + BigInt(objects.offsetOf('kernel_cpustat', 'cpustat'))
      for (const i of [0, 1, 2]) guest.u64(at + BigInt(8 * i), BigInt(100 * cpu + i))
    }
    if (!withInterrupts) return made
    const interrupts = guest.symbol('kstat', guest.allocPerCpu(objects.sizeOf('kernel_stat')))
    const at = guest.perCpu(interrupts, 2)
    objects.set('kernel_stat', at, { irqs_sum: 1n << 33n })
    for (let i = 0; i < 11; i++)
      guest.u32(at + BigInt(objects.offsetOf('kernel_stat', 'softirqs') + 4 * i), 10 + i)
    return made
  }

  it('is by kind, with interrupts by name', () => {
    const sched = world(true).sched()
    const [first, second] = sched.cpuTimes
    expect(first).toMatchObject({ cpu: 0, nanoseconds: { user: 0n, nice: 1n }, interrupts: 0n })
    // A kind that the array does not reach has no value.
    expect(second?.nanoseconds).toEqual({ user: 200n, nice: 201n })
    expect(second?.interrupts).toBe(1n << 33n)
    expect(second?.softirqs).toEqual({
      HI: 10,
      TIMER: 11,
      NET_TX: 12,
      NET_RX: 13,
      BLOCK: 14,
      IRQ_POLL: 15,
      TASKLET: 16,
      SCHED: 17,
      HRTIMER: 18,
      RCU: 19,
      'softirq 10': 20,
    })
    expect(sched.problems).toEqual([])
  })

  it('comes without interrupts where the kernel keeps none', () => {
    const sched = world(false).sched()
    expect(sched.cpuTimes.map(({ interrupts, softirqs }) => ({ interrupts, softirqs }))).toEqual([
      { interrupts: undefined, softirqs: {} },
      { interrupts: undefined, softirqs: {} },
    ])
    expect(sched.absent.map(({ group }) => group)).toContain('softirqs')
  })
})

it('arrays of integers are read by the size of their elements, and nothing else is', () => {
  const made = new StaticGuest()
  const at = made.objects.make('odd')
  const set = (member: string, values: readonly number[], size: number) => {
    for (const [i, value] of values.entries())
      made.guest.integer(at + BigInt(made.objects.offsetOf('odd', member) + i * size), value, size)
  }
  set('bytes', [255, 1], 1)
  set('words', [65_535, 2], 2)
  set('longs', [-1, 3], 4)
  const kernel = made.guest.kernel()
  expect(['bytes', 'words', 'longs'].map((member) => readNumbers(kernel, 'odd', at, member))).toEqual([
    [255n, 1n],
    [65_535n, 2n],
    [0xffffffffn, 3n],
  ])
  for (const member of ['one', 'pairs'])
    expect(() => readNumbers(kernel, 'odd', at, member)).toThrow(
      `odd.${member} is no array of integers in this kernel`,
    )
})
