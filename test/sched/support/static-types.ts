import { Btf } from '../../../src/btf/btf.js'
import { Types } from '../../support/kernel-types.js'

/**
 * sched_ext as it was before struct scx_sched (Linux 6.16), its state in static variables; beside it what kernels count of
 * CPUs and NUMA nodes. `isBare` leaves out what a kernel may be built without.
 */
export function staticTypes({ isBare = false }: { isBare?: boolean } = {}): Btf {
  const t = new Types()
  const { u8, u16, u32, u64, s32, s64, bool, pointer } = t
  const list = t.struct('list_head', { next: pointer, prev: pointer })
  const atomic = t.struct('atomic_t', { counter: s32 })
  const atomicLong = t.struct('atomic_long_t', { counter: s64 })
  const rbNode = t.struct('rb_node', { color: u64, rb_right: pointer, rb_left: pointer })
  const rbRoot = t.struct('rb_root', { rb_node: pointer })
  const head = t.struct('rhash_head', { next: pointer })
  t.struct('bucket_table', {
    size: u32,
    nest: u32,
    hash_rnd: u32,
    walkers: list,
    future_tbl: pointer,
    buckets: t.b.array(pointer, 0),
  })
  t.struct('rhashtable', { key_len: u32, nelems: atomic, tbl: pointer })
  t.struct('clocksource', { rating: s32, shift: u32, mult: u32 })
  const node = t.struct('scx_dsq_list_node', { flags: u32, priv: u32, node: list })
  const queue = t.struct('scx_dispatch_q', {
    nr: u32,
    seq: u32,
    id: u64,
    list,
    priq: rbRoot,
    hash_node: head,
  })
  const entity = t.struct('sched_ext_entity', {
    slice: u64,
    dsq: pointer,
    dsq_list: node,
    dsq_priq: rbNode,
    dsq_flags: u32,
    flags: u32,
    weight: u32,
    sticky_cpu: s32,
    holding_cpu: s32,
    selected_cpu: s32,
    ops_state: u64,
    runnable_node: list,
    runnable_at: u64,
    ddsp_dsq_id: u64,
    dsq_vtime: u64,
    disallow: bool,
    tasks_node: list,
  })
  t.struct('task_struct', {
    thread_info: t.struct('thread_info', { flags: u64, cpu: u32 }),
    ...(isBare ? {} : { scx: entity }),
    __state: u32,
    on_cpu: s32,
    on_rq: u8,
    frozen: u8,
    flags: u32,
    prio: s32,
    static_prio: s32,
    normal_prio: s32,
    rt_priority: u32,
    policy: u32,
    tasks: list,
    exit_state: s32,
    pid: s32,
    tgid: s32,
    sched_class: pointer,
    cpus_mask: t.struct('cpumask', { bits: t.b.array(u64, 2) }),
    migration_disabled: u16,
    blocked_on: pointer,
    core_cookie: u64,
    real_parent: pointer,
    group_leader: pointer,
    thread_node: list,
    worker_private: pointer,
    signal: pointer,
    stack: pointer,
    nvcsw: u64,
    nivcsw: u64,
    comm: t.text(16),
  })
  t.struct('signal_struct', { nr_threads: s32, thread_head: list, pids: t.b.array(pointer, 4) })
  const rq = t.struct('scx_rq', {
    local_dsq: queue,
    flags: u32,
    nr_running: u32,
    nr_immed: u32,
    ops_qseq: u64,
    clock: u64,
    runnable_list: list,
    cpu_released: bool,
    // Of large configurations a pointer, of small ones the mask itself.
    cpus_to_kick: pointer,
    cpus_to_wait: t.b.array(t.struct('cpumask', { bits: t.b.array(u64, 2) }), 1),
  })
  t.b.variable(
    'runqueues',
    t.struct('rq', {
      clock: u64,
      nr_running: u32,
      nr_switches: u64,
      ...(isBare ? {} : { scx: rq }),
      curr: pointer,
      idle: pointer,
    }),
  )
  if (!isBare) t.struct('scx_event_stats', { SCX_EV_FIRST: s64 })
  t.struct('sched_ext_ops', { flags: u64, timeout_ms: u32, name: t.text(128) })
  t.struct('scx_exit_info', {
    kind: s32,
    reason: pointer,
    exit_code: s64,
    bt: pointer,
    bt_len: u32,
    msg: pointer,
    dump: pointer,
  })
  t.b.enum('scx_ops_enable_state', { SCX_OPS_ENABLING: 0, SCX_OPS_ENABLED: 1, SCX_OPS_DISABLED: 3 })
  t.b.enum('scx_exit_kind', { SCX_EXIT_NONE: 0, SCX_EXIT_DONE: 1, SCX_EXIT_ERROR: 1024 })
  t.b.enum('scx_ops_flags', { SCX_OPS_KEEP_BUILTIN_IDLE: 1, SCX_OPS_ENQ_LAST: 2 })
  t.b.enum('scx_ent_flags', {
    SCX_TASK_QUEUED: 1,
    SCX_TASK_STATE_SHIFT: 8,
    SCX_TASK_STATE_BITS: 2,
    SCX_TASK_STATE_MASK: 0x300,
  })
  t.b.enum('scx_task_state', { SCX_TASK_NONE: 0, SCX_TASK_INIT: 1, SCX_TASK_READY: 2, SCX_TASK_ENABLED: 3 })
  t.b.enum('scx_opss', { SCX_OPSS_NONE: 0, SCX_OPSS_QSEQ_SHIFT: 2 })

  // mm/vmstat.c, include/linux/mmzone.h: integers of each size that kernels have had for them.
  const zone = t.struct('zone', {
    pad: u64,
    per_cpu_zonestats: pointer,
    vm_numa_event: t.b.array(atomicLong, 3),
  })
  t.struct('per_cpu_zonestat', { pad: u32, vm_numa_event: t.b.array(u16, 3) })
  t.struct('pglist_data', { id: u64, node_zones: t.b.array(zone, 2) })
  t.b.enum('numa_stat_item', { NUMA_HIT: 0, NUMA_MISS: 1, NUMA_LOCAL: 2, NR_VM_NUMA_EVENT_ITEMS: 3 })
  t.struct('kernel_cpustat', { cpustat: t.b.array(u64, 3) })
  t.struct('kernel_stat', { irqs_sum: u64, softirqs: t.b.array(u32, 11) })
  t.b.enum('cpu_usage_stat', { CPUTIME_USER: 0, CPUTIME_NICE: 1, CPUTIME_LATER: 7, NR_STATS: 3 })
  t.struct('odd', {
    bytes: t.b.array(u8, 2),
    words: t.b.array(u16, 2),
    longs: t.b.array(s32, 2),
    one: u32,
    pairs: t.b.array(t.text(3), 2),
  })
  return Btf.parse(t.b.build(), { name: 'sched_ext in static variables' })
}
