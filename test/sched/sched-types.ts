import { Btf } from '../../src/btf/btf.js'
import { Types } from '../support/kernel-types.js'

/**
 * Two shapes of the scheduler's structs: `early` has queues and counters in the scheduler itself and keeps the rest in
 * globals, `late` has them per CPU and per node. Members lie elsewhere than in any real kernel.
 */
export type Shape = 'early' | 'late'

function describe(shape: Shape): Btf {
  const t = new Types()
  const { u8, u16, u32, u64, s32, s64, bool, pointer } = t
  const late = shape === 'late'
  const list = t.struct('list_head', { next: pointer, prev: pointer })
  t.struct('hlist_head', { first: pointer })
  const rbNode = t.struct('rb_node', { color: u64, rb_right: pointer, rb_left: pointer })
  const rbRoot = t.struct('rb_root', { rb_node: pointer })
  const atomic = t.struct('atomic_t', { counter: s32 })
  const head = t.struct('rhash_head', { next: pointer })
  t.struct('bucket_table', {
    size: u32,
    nest: u32,
    hash_rnd: u32,
    walkers: list,
    future_tbl: pointer,
    buckets: t.b.array(pointer, 0),
  })
  const table = t.struct('rhashtable', { key_len: u32, nelems: atomic, tbl: pointer })
  t.struct('clocksource', { rating: s32, shift: u32, mult: u32 })
  t.struct('cpumask', { bits: t.b.array(u64, 2) })

  const node = t.struct('scx_dsq_list_node', { flags: u32, priv: u32, node: list })
  const spinlock = t.struct('raw_spinlock', { raw_lock: t.struct('qspinlock', { locked: u8, pending: u8 }) })
  const queue = t.struct('scx_dispatch_q', {
    lock: spinlock,
    nr: u32,
    seq: u32,
    id: u64,
    list,
    priq: rbRoot,
    hash_node: head,
  })
  const entity = t.struct('sched_ext_entity', {
    ...(late ? { sched: pointer, reenq_reason_caps: u64 } : {}),
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
  const info = t.struct('thread_info', { flags: u64, cpu: u32 })
  const held = t.struct('ftrace_ret_stack', { func: pointer, ret: pointer, retp: pointer })
  const llist = t.struct('llist_node', { next: pointer })
  t.struct('rethook_node', { rethook: pointer, llist, frame: u64, ret_addr: u64 })
  t.struct('module', {
    state: u32,
    list,
    name: t.text(56),
    kallsyms: pointer,
    // Kernels that are built without ORC have none.
    ...(late
      ? {
          arch: t.struct('mod_arch_specific', { num_orcs: u32, orc_unwind_ip: pointer, orc_unwind: pointer }),
        }
      : {}),
  })
  t.struct('mod_kallsyms', { symtab: pointer, num_symtab: u32, strtab: pointer, typetab: pointer })
  t.struct('task_struct', {
    thread_info: info,
    __state: u32,
    on_cpu: s32,
    on_rq: u8,
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
    scx: entity,
    sched_class: pointer,
    cpus_ptr: pointer,
    real_parent: pointer,
    group_leader: pointer,
    thread_node: list,
    worker_private: pointer,
    signal: pointer,
    stack: pointer,
    nvcsw: u64,
    nivcsw: u64,
    comm: t.text(16),
    // The early shape has the array of Linux before 6.11.
    ret_stack: late ? t.b.pointer(u64) : t.b.pointer(held),
    curr_ret_stack: s32,
    rethooks: t.struct('llist_head', { first: pointer }),
    cgroups: pointer,
    thread: t.struct('thread_struct', { es: u16, sp: u64 }),
  })
  t.struct('css_set', { refcount: u64, dfl_cgrp: pointer })
  t.struct('cgroup', { kn: pointer, freezer: t.struct('cgroup_freezer_state', { e_freeze: s32 }) })
  t.struct('kernfs_node', late ? { name: pointer, __parent: pointer } : { parent: pointer, name: pointer })
  const upid = t.struct('upid', { ns: pointer, nr: s32 })
  t.struct('pid', { level: u32, numbers: t.b.array(upid, 0) })
  t.struct('signal_struct', {
    nr_threads: s32,
    thread_head: list,
    pids: t.b.array(pointer, 4),
    nvcsw: u64,
    nivcsw: u64,
  })
  const rescue = t.struct('scx_rq_rescue', { curr: pointer, budget: s64, dsq: queue })
  const rq = t.struct('scx_rq', {
    flags: u32,
    nr_running: u32,
    cpu_released: bool,
    ...(late ? { kick_sync: u64, reject_dsq: queue, rescue } : { pnt_seq: u64, ops_qseq: u64 }),
    local_dsq: queue,
    runnable_list: list,
    ddsp_deferred_locals: list,
    cpus_to_kick: pointer,
  })
  t.b.variable(
    'runqueues',
    t.struct('rq', { online: s32, clock: u64, nr_running: u32, scx: rq, curr: pointer, idle: pointer }),
  )

  const stats = t.struct('scx_event_stats', { SCX_EV_FIRST: s64, SCX_EV_SECOND: s64 })
  const ops = t.struct('sched_ext_ops', { flags: u64, timeout_ms: u32, name: t.text(128) })
  t.struct('scx_exit_info', {
    kind: s32,
    reason: pointer,
    exit_code: s64,
    bt: pointer,
    bt_len: u32,
    msg: pointer,
    dump: pointer,
  })
  if (late) {
    // Masks of large configurations are pointers; here they are part of the struct.
    const mask1 = t.b.array(t.struct('cpumask', { bits: t.b.array(u64, 2) }), 1)
    t.struct('scx_sched_pcpu', {
      flags: u64,
      bypass_dsq: queue,
      event_stats: stats,
      ecaps: u64,
      cpus_to_preempt: mask1,
    })
    const mask = t.struct('scx_cmask', { nr_cids: u32, alloc_words: u32, base: u32, bits: t.b.array(u64, 0) })
    const cap = t.struct('scx_pshard_cap', { cmask: mask, _bits: t.b.array(u64, 3) })
    t.struct('scx_pshard', { sch: pointer, caps: t.b.array(cap, 4) })
    t.struct('scx_cid_shard', { nr_cids: s32, base_cid: s32 })
    t.struct('scx_cid_topo', { core_cid: s32, llc_idx: s32, node_idx: s32, core_idx: s32 })
    t.struct('scx_cid_tables', {
      cid_to_cpu: pointer,
      cid_to_shard: pointer,
      topo: pointer,
      shard_ranges: pointer,
      shard_node: pointer,
      nr_shards: u32,
    })
    t.b.enum('scx_cap_flags', {
      __SCX_CAP_ENQ_IMMED: 0,
      __SCX_CAP_ENQ: 1,
      __SCX_CAP_PREEMPT: 2,
      __SCX_CAP_PERF: 3,
      __SCX_NR_CAPS: 4,
      __SCX_CAP_ALL: 15,
      SCX_CAP_ENQ: 2,
    })
    t.struct('scx_sched_pnode', { pad: u64, global_dsq: queue })
  }
  t.struct('scx_sched', {
    exit_kind: atomic,
    dsq_hash: table,
    ...(late
      ? {
          pnode: pointer,
          pcpu: pointer,
          all: list,
          level: s32,
          cgrp_path: pointer,
          ancestors: t.b.array(pointer, 4),
          pshard: pointer,
          nr_pshards: u32,
          watchdog_timeout: u64,
          bypass_depth: s32,
          aborting: bool,
          slice_dfl: u64,
        }
      : { global_dsqs: pointer, event_stats_cpu: pointer }),
    exit_info: pointer,
    ops,
  })

  // Registers of both architectures in one; the late shape tells what stands behind a record of zeros.
  const r = t.struct('pt_regs', {
    r10: u64,
    bp: u64,
    ip: u64,
    cs: u64,
    sp: u64,
    regs: t.b.array(u64, 31),
    pc: u64,
    pstate: u64,
    ...(late
      ? { stackframe: t.struct('frame_record_meta', { record: t.b.array(u64, 2), type: u64 }) }
      : { stackframe: t.b.array(u64, 2) }),
  })
  t.struct('inactive_task_frame', { r15: u64, bp: u64, ret_addr: u64 })
  t.struct('orc_entry', {
    sp_offset: t.b.int('short int', 2, { signed: true }),
    bp_offset: t.b.int('short', 2, { signed: true }),
    at4_sp_reg: [u16, 4],
    bp_reg: [u16, 4],
    type: [u16, 3],
    signal: [u16, 1],
  })
  t.b.pointer(r)

  t.b.enum('scx_enable_state', { SCX_ENABLING: 0, SCX_ENABLED: 1, SCX_DISABLING: 2, SCX_DISABLED: 3 })
  t.b.enum('scx_exit_kind', {
    SCX_EXIT_NONE: 0,
    SCX_EXIT_DONE: 1,
    SCX_EXIT_ERROR: 1024,
    SCX_EXIT_ERROR_STALL: 1026,
  })
  t.b.enum('scx_rq_flags', { SCX_RQ_ONLINE: 1, SCX_RQ_BAL_KEEP: 8 })
  t.b.enum('scx_ent_flags', {
    SCX_TASK_QUEUED: 1,
    SCX_TASK_RESET_RUNNABLE_AT: 4,
    SCX_TASK_STATE_SHIFT: 8,
    SCX_TASK_STATE_BITS: 2,
    SCX_TASK_STATE_MASK: 0x300,
    ...(late
      ? {
          SCX_TASK_NONE: 0,
          SCX_TASK_READY: 0x200,
          SCX_TASK_ENABLED: 0x300,
          SCX_TASK_REENQ_REASON_SHIFT: 12,
          SCX_TASK_REENQ_REASON_BITS: 2,
          SCX_TASK_REENQ_REASON_MASK: 0x3000,
          SCX_TASK_REENQ_NONE: 0,
          SCX_TASK_REENQ_KFUNC: 0x1000,
        }
      : {}),
    SCX_TASK_CURSOR: -(2 ** 31),
  })
  if (!late)
    t.b.enum('scx_task_state', { SCX_TASK_NONE: 0, SCX_TASK_INIT: 1, SCX_TASK_READY: 2, SCX_TASK_ENABLED: 3 })
  t.b.enum('scx_ops_state', { SCX_OPSS_NONE: 0, SCX_OPSS_QUEUED: 2, SCX_OPSS_QSEQ_SHIFT: 2 })
  t.b.enum('scx_dsq_id_flags', {
    SCX_DSQ_INVALID: 1n << 63n,
    SCX_DSQ_GLOBAL: (1n << 63n) + 1n,
    SCX_DSQ_LOCAL: (1n << 63n) + 2n,
    ...(late ? { SCX_DSQ_REJECT: (1n << 63n) + 4n } : {}),
    SCX_DSQ_LOCAL_ON: 3n << 62n,
  })
  t.b.enum('scx_dsq_lnode_flags', { SCX_DSQ_LNODE_ITER_CURSOR: 1 })
  t.b.enum('scx_ent_dsq_flags', { SCX_TASK_DSQ_ON_PRIQ: 1 })
  return Btf.parse(t.b.build(), { name: `the ${shape} scheduler` })
}

export const schedTypes: Readonly<Record<Shape, Btf>> = { early: describe('early'), late: describe('late') }
