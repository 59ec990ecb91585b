import { KernelGuest } from '../support/kernel-guest.js'
import { type MemberValues, ObjectWriter } from '../support/object-writer.js'
import { writeBucketTable, writeList } from '../support/structures.js'
import { type Shape, schedTypes } from './sched-types.js'

/** Ticks per second of the made kernel, and its jiffies. */
export const perSecond = 100
export const now = 1_000_000n

export interface QueueSpec {
  readonly id: bigint
  /** Pids in order; `cursor` is a place that an iterator holds. */
  readonly tasks?: readonly (number | 'cursor')[]
  /** Of these, those that are ordered by virtual time, in the order of the tree. */
  readonly tree?: readonly number[]
  readonly members?: MemberValues
}

/** Of a shard of cids: which of them have each capability, by its number. */
export interface ShardSpec {
  readonly base: number
  readonly count: number
  readonly caps: readonly (readonly number[])[]
}

/** A kernel with a scheduler in it: CPUs 0 and 2, tasks that a test names, queues that hold them. */
export class SchedGuest {
  readonly guest: KernelGuest
  readonly objects: ObjectWriter
  readonly tasks = new Map<number, bigint>()
  readonly sched: bigint
  readonly exitInfo: bigint
  readonly shape: Shape
  readonly #runqueues: bigint
  readonly #eventStats: bigint
  readonly #init: bigint

  /** Schedulers below the root, and what each has per CPU. */
  readonly #below: bigint[] = []
  readonly #perCpu = new Map<bigint, bigint>()

  /** Addresses of the global queue of each NUMA node. */
  readonly globalQueues: bigint[] = []

  constructor(shape: Shape, { nodes = 1, apart = false }: { nodes?: number; apart?: boolean } = {}) {
    const types = schedTypes[shape]
    this.shape = shape
    this.guest = new KernelGuest({ btf: types.bytes, apart })
    const { guest } = this
    this.objects = new ObjectWriter(guest, types)
    for (const name of ['idle', 'ext', 'fair', 'rt']) guest.global(`${name}_sched_class`, 8)
    guest.u64(guest.global('jiffies_64', 8), now)
    const source = guest.global('clocksource_jiffies', this.objects.sizeOf('clocksource'))
    this.objects.set('clocksource', source, { mult: (1e9 / perSecond) << 4, shift: 4 })
    guest.u32(guest.global('scx_enable_state_var', 4), 1)
    guest.u64(guest.global('scx_enable_seq', 8), 3n)
    guest.u64(guest.global('__cpu_online_mask', 16), 0b101n)
    if (shape === 'early') {
      guest.u64(guest.global('scx_watchdog_timeout', 8), 3000n)
      guest.u32(guest.global('scx_bypass_depth', 4), 0)
    }
    guest.u64(guest.global('scx_watchdog_timestamp', 8), now - 200n)
    this.#init = guest.global('init_task', this.objects.sizeOf('task_struct'))
    this.#runqueues = guest.symbol('runqueues', guest.allocPerCpu(this.objects.sizeOf('rq')))
    this.#eventStats = guest.allocPerCpu(
      this.objects.sizeOf(shape === 'late' ? 'scx_sched_pcpu' : 'scx_event_stats'),
    )
    this.exitInfo = this.objects.make('scx_exit_info')
    if (nodes > 1) guest.u32(guest.global('nr_node_ids', 4), nodes)
    this.sched = this.#makeScheduler(nodes)
    for (const cpu of guest.cpus) this.#makeRunqueue(cpu)
  }

  /** Address of a CPU's struct rq. */
  rq(cpu: number): bigint {
    return this.guest.perCpu(this.#runqueues, cpu)
  }

  symbol(name: string): bigint {
    return this.guest.symbols.find((symbol) => symbol.name === name)?.address ?? 0n
  }

  task(pid: number): bigint {
    const address = this.tasks.get(pid)
    if (address === undefined) throw new Error(`the test made no task ${pid}`)
    return address
  }

  /** A task of sched_ext, ready and on no queue, allowed on every CPU. */
  addTask(pid: number, members: MemberValues = {}): bigint {
    const { guest, objects } = this
    const mask = guest.alloc(16)
    guest.u64(mask, 0b101n)
    const number = objects.make('pid', {}, { extra: objects.sizeOf('upid') })
    objects.set('upid', number + BigInt(objects.offsetOf('pid', 'numbers')), { nr: pid })
    const signal = objects.make('signal_struct', { nr_threads: 1, 'pids[2]': number, 'pids[3]': number })
    const address = objects.make('task_struct', {
      pid,
      tgid: pid,
      comm: `task-${pid}`,
      signal,
      on_rq: 1,
      prio: 120,
      static_prio: 120,
      normal_prio: 120,
      real_parent: this.#init,
      sched_class: this.symbol('ext_sched_class'),
      cpus_ptr: mask,
      'scx.flags': 0x301,
      'scx.weight': 100,
      'scx.slice': 5_000_000,
      'scx.sticky_cpu': -1,
      'scx.holding_cpu': -1,
      'scx.ddsp_dsq_id': 1n << 63n,
      'scx.runnable_at': now - 50n,
      ...members,
    })
    objects.set('task_struct', address, { group_leader: address })
    writeList(guest, this.member(signal, 'signal_struct', 'thread_head'), [
      this.member(address, 'task_struct', 'thread_node'),
    ])
    this.tasks.set(pid, address)
    return address
  }

  member(address: bigint, type: string, path: string): bigint {
    return address + BigInt(this.objects.offsetOf(type, path))
  }

  /** Fills a dispatch queue. */
  fillQueue(address: bigint, { id, tasks = [], tree = [], members = {} }: QueueSpec): void {
    const { guest, objects } = this
    const nodes = tasks.map((task) => {
      if (task === 'cursor') return objects.make('scx_dsq_list_node', { flags: 1 })
      const at = this.task(task)
      objects.set('task_struct', at, { 'scx.dsq': address, 'scx.dsq_flags': tree.includes(task) ? 1 : 0 })
      return this.member(at, 'task_struct', 'scx.dsq_list')
    })
    const offset = BigInt(objects.offsetOf('scx_dsq_list_node', 'node'))
    writeList(
      guest,
      this.member(address, 'scx_dispatch_q', 'list'),
      nodes.map((node) => node + offset),
    )
    const root = this.member(address, 'scx_dispatch_q', 'priq')
    const treeNodes = tree.map((pid) => this.member(this.task(pid), 'task_struct', 'scx.dsq_priq'))
    guest.u64(root, 0n)
    for (const [i, node] of treeNodes.entries())
      objects.set('rb_node', node, { rb_left: 0, rb_right: treeNodes[i + 1] ?? 0n })
    if (treeNodes[0] !== undefined) guest.u64(root, treeNodes[0])
    const nr = tasks.filter((task) => task !== 'cursor').length
    objects.set('scx_dispatch_q', address, { id, nr, seq: nr, ...members })
  }

  /** A scheduler's own queues, in its hash table. */
  userQueues(specs: readonly QueueSpec[], scheduler = this.sched): bigint[] {
    const queues = specs.map((spec) => {
      const address = this.objects.make('scx_dispatch_q')
      this.fillQueue(address, spec)
      return address
    })
    const heads = queues.map((queue) => this.member(queue, 'scx_dispatch_q', 'hash_node'))
    const half = Math.ceil(heads.length / 2)
    const tbl = writeBucketTable(this.guest, [heads.slice(0, half), [], heads.slice(half)])
    this.objects.set('scx_sched', scheduler, {
      'dsq_hash.tbl': tbl,
      'dsq_hash.nelems.counter': heads.length,
    })
    return queues
  }

  /** A scheduler below the root, for a cgroup; its queues and counters are the root's. */
  addSubScheduler(name: string, path: string): bigint {
    const { guest, objects } = this
    const text = guest.alloc(path.length + 1)
    guest.write(text, Buffer.from(`${path}\0`))
    const pcpu = guest.allocPerCpu(objects.sizeOf('scx_sched_pcpu'))
    for (const cpu of guest.cpus)
      this.fillQueue(this.member(guest.perCpu(pcpu, cpu), 'scx_sched_pcpu', 'bypass_dsq'), {
        id: (1n << 63n) + 3n,
      })
    const at = objects.make('scx_sched', {
      'ops.name': name,
      exit_info: this.exitInfo,
      pcpu,
      level: 1,
      cgrp_path: text,
      'ancestors[0]': this.sched,
    })
    objects.set('scx_sched', at, { 'ancestors[1]': at })
    this.#below.push(at)
    this.#perCpu.set(at, pcpu)
    writeList(
      guest,
      this.symbol('scx_sched_all'),
      [this.sched, ...this.#below].map((each) => this.member(each, 'scx_sched', 'all')),
    )
    return at
  }

  /** What a scheduler was granted: of each shard of cids what bits of each capability are set, by its number. */
  grant(scheduler: bigint, shards: readonly ShardSpec[]): void {
    const { guest, objects } = this
    const array = guest.alloc(8 * shards.length)
    for (const [i, { base, count, caps }] of shards.entries()) {
      const shard = objects.make('scx_pshard', { sch: scheduler })
      for (const [cap, cids] of caps.entries()) {
        objects.set('scx_pshard', shard, {
          [`caps[${cap}].cmask.base`]: base,
          [`caps[${cap}].cmask.nr_cids`]: count,
        })
        const words = this.member(shard, 'scx_pshard', `caps[${cap}].cmask.bits`)
        const first = Math.floor(base / 64) * 64
        for (const word of new Set(cids.map((cid) => Math.floor((cid - first) / 64))))
          guest.u64(
            words + BigInt(8 * word),
            cids
              .filter((cid) => Math.floor((cid - first) / 64) === word)
              .reduce((bits, cid) => bits | (1n << BigInt(cid % 64)), 0n),
          )
      }
      guest.u64(array + BigInt(8 * i), shard)
    }
    objects.set('scx_sched', scheduler, { pshard: array, nr_pshards: shards.length })
  }

  /** What of that is in force on a CPU. */
  inForce(scheduler: bigint, cpu: number, ecaps: number): void {
    const base = this.#perCpu.get(scheduler) ?? 0n
    this.objects.set('scx_sched_pcpu', this.guest.perCpu(base, cpu), { ecaps })
  }

  /** Numbers CPUs: one shard, and of each cid its CPU, core, cache and node. */
  numberCpus(cids: readonly { cpu: number; core: number; llc: number; node: number }[]): void {
    const { guest, objects } = this
    const [toCpu, toShard] = [guest.alloc(8 * cids.length), guest.alloc(8 * cids.length)]
    const topo = guest.alloc(objects.sizeOf('scx_cid_topo') * cids.length)
    for (const [cid, { cpu, core, llc, node }] of cids.entries()) {
      guest.integer(toCpu + BigInt(2 * cid), BigInt(cpu), 2)
      const at = topo + BigInt(objects.sizeOf('scx_cid_topo') * cid)
      objects.set('scx_cid_topo', at, { core_idx: core, llc_idx: llc, node_idx: node })
    }
    const ranges = objects.make('scx_cid_shard', { base_cid: 0, nr_cids: cids.length })
    const tables = { cid_to_cpu: toCpu, cid_to_shard: toShard, topo, shard_ranges: ranges, nr_shards: 1 }
    guest.u64(guest.global('scx_cid_tables', 8), objects.make('scx_cid_tables', tables))
  }

  /** CPUs that a CPU is about to preempt for a scheduler; the root's have theirs beside its counters. */
  preempting(scheduler: bigint, cpu: number, cpus: bigint): void {
    const base = this.#perCpu.get(scheduler) ?? this.#eventStats
    const at = this.guest.perCpu(base, cpu)
    this.guest.u64(this.member(at, 'scx_sched_pcpu', 'cpus_to_preempt'), cpus)
  }

  localQueue(cpu: number): bigint {
    return this.member(this.rq(cpu), 'rq', 'scx.local_dsq')
  }

  /** The tasks that are ready on a CPU. */
  runnable(cpu: number, pids: readonly number[]): void {
    const nodes = pids.map((pid) => this.member(this.task(pid), 'task_struct', 'scx.runnable_node'))
    writeList(this.guest, this.member(this.rq(cpu), 'rq', 'scx.runnable_list'), nodes)
    this.objects.set('rq', this.rq(cpu), { 'scx.nr_running': pids.length })
  }

  count(cpu: number, first: bigint, second: bigint): void {
    const at = this.guest.perCpu(this.#eventStats, cpu)
    const prefix = this.shape === 'late' ? 'event_stats.' : ''
    this.objects.set(this.shape === 'late' ? 'scx_sched_pcpu' : 'scx_event_stats', at, {
      [`${prefix}SCX_EV_FIRST`]: first,
      [`${prefix}SCX_EV_SECOND`]: second,
    })
  }

  /** Links the lists of all tasks and finds the kernel. */
  kernel() {
    const { guest } = this
    const all = [...this.tasks.values()]
    writeList(
      guest,
      this.member(this.#init, 'task_struct', 'tasks'),
      all.map((task) => this.member(task, 'task_struct', 'tasks')),
    )
    writeList(
      guest,
      guest.global('scx_tasks', 16),
      all.map((task) => this.member(task, 'task_struct', 'scx.tasks_node')),
    )
    return guest.kernel()
  }

  #makeScheduler(nodes: number): bigint {
    const { guest, objects, shape } = this
    const global = { id: (1n << 63n) + 1n }
    const array = guest.alloc(8 * nodes)
    const sched = objects.make('scx_sched', {
      'ops.name': 'made_up',
      'ops.timeout_ms': 30_000,
      exit_info: this.exitInfo,
    })
    if (shape === 'late') {
      for (let node = 0; node < nodes; node++) {
        const at = objects.make('scx_sched_pnode')
        guest.u64(array + BigInt(node * 8), at)
        this.globalQueues.push(this.member(at, 'scx_sched_pnode', 'global_dsq'))
      }
      objects.set('scx_sched', sched, {
        pnode: array,
        pcpu: this.#eventStats,
        watchdog_timeout: 3000,
        slice_dfl: 20_000_000,
      })
      writeList(guest, guest.global('scx_sched_all', 16), [this.member(sched, 'scx_sched', 'all')])
      for (const cpu of guest.cpus)
        this.fillQueue(this.member(guest.perCpu(this.#eventStats, cpu), 'scx_sched_pcpu', 'bypass_dsq'), {
          id: (1n << 63n) + 3n,
        })
    } else {
      for (let node = 0; node < nodes; node++) {
        const queue = objects.make('scx_dispatch_q')
        guest.u64(array + BigInt(node * 8), queue)
        this.globalQueues.push(queue)
      }
      objects.set('scx_sched', sched, { global_dsqs: array, event_stats_cpu: this.#eventStats })
    }
    for (const queue of this.globalQueues) this.fillQueue(queue, global)
    guest.u64(guest.global('scx_root', 8), sched)
    return sched
  }

  #makeRunqueue(cpu: number): void {
    const { objects, guest } = this
    const rq = this.rq(cpu)
    const first = cpu === guest.cpus[0]
    const idle = first ? this.#init : objects.make('task_struct')
    const signal = objects.make('signal_struct')
    writeList(guest, this.member(signal, 'signal_struct', 'thread_head'), [])
    objects.set('task_struct', idle, {
      comm: `swapper/${cpu}`,
      signal,
      sched_class: this.symbol('idle_sched_class'),
      real_parent: this.#init,
      'thread_info.cpu': cpu,
    })
    objects.set('rq', rq, { curr: idle, idle, clock: 123_456_789, online: 1, 'scx.flags': 1 })
    this.fillQueue(this.localQueue(cpu), { id: (1n << 63n) + 2n })
    if (this.shape === 'late') {
      this.fillQueue(this.member(rq, 'rq', 'scx.reject_dsq'), { id: (1n << 63n) + 4n })
      this.fillQueue(this.member(rq, 'rq', 'scx.rescue.dsq'), { id: (1n << 63n) + 5n })
    }
    this.runnable(cpu, [])
    writeList(guest, this.member(rq, 'rq', 'scx.ddsp_deferred_locals'), [])
  }
}
