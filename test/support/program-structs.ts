import type { Types } from './kernel-types.js'

/** enum bpf_link_type, as far as the tests make links. */
export const linkTypes = {
  raw_tracepoint: 1,
  tracing: 2,
  cgroup: 3,
  iter: 4,
  netns: 5,
  xdp: 6,
  perf_event: 7,
  kprobe_multi: 8,
  tracing_multi: 15,
  struct_ops: 9,
  netfilter: 10,
  tcx: 11,
  uprobe_multi: 12,
  netkit: 13,
  sockmap: 14,
} as const

/** Structs of programs and links (include/linux/bpf.h, kernel/bpf/, kernel/trace/bpf_trace.c), members in our own order. */
export function describePrograms(t: Types, list: number): void {
  const { u8, u16, u32, u64, s32, bool, pointer } = t
  const counter = t.struct('u64_stats_t', { v: t.struct('local64_t', { a: t.s64 }) })
  t.struct('bpf_prog_stats', { cnt: counter, nsecs: counter, misses: counter })
  t.struct('bpf_func_info', { insn_off: u32, type_id: u32 })
  t.struct('bpf_line_info', { line_col: u32, line_off: u32, insn_off: u32, file_name_off: u32 })
  t.struct('bpf_prog', {
    pages: u16,
    at2_jited: [u16, 1],
    jit_requested: [u16, 1],
    type: u32,
    expected_attach_type: u32,
    len: u32,
    jited_len: u32,
    tag: t.b.array(u8, 8),
    stats: pointer,
    bpf_func: pointer,
    aux: pointer,
    insnsi: t.b.array(u64, 0),
  })
  const symbol = t.struct('bpf_ksym', { start: u64, end: u64, name: t.text(128), lnode: list })
  const stream = t.struct('bpf_stream', { log: pointer, capacity: s32, backlog_head: pointer })
  t.struct('bpf_stream_elem', { consumed_len: s32, node: pointer, total_len: s32, str: t.b.array(t.char, 0) })
  t.struct('bpf_prog_aux', {
    used_map_cnt: u32,
    id: u32,
    func_cnt: u32,
    verified_insns: u32,
    func: pointer,
    load_time: u64,
    used_maps: pointer,
    btf: pointer,
    func_info: pointer,
    func_info_cnt: u32,
    nr_linfo: u32,
    linfo: pointer,
    jited_linfo: pointer,
    attach_func_name: pointer,
    attach_btf_id: u32,
    attach_btf: pointer,
    ksym: symbol,
    name: t.text(16),
    arena: pointer,
    stream: t.b.array(stream, 2),
  })
  t.struct('bpf_map_ops', {
    map_alloc: pointer,
    map_direct_value_meta: pointer,
    map_btf_id: pointer,
    map_lookup_elem: pointer,
    map_update_elem: pointer,
    map_delete_elem: pointer,
    map_push_elem: pointer,
    map_pop_elem: pointer,
    map_peek_elem: pointer,
    map_for_each_callback: pointer,
    map_lookup_percpu_elem: pointer,
  })
  t.b.function('bpf_of_this_kernel', t.b.prototype(u64, [{ name: 'x', type: u64 }]), 'static')
  t.struct('static_key', { type: u64, enabled: t.struct('atomic_of_key', { counter: s32 }) })
  t.b.enum('bpf_func_id', {
    BPF_FUNC_unspec: 0,
    BPF_FUNC_map_lookup_elem: 1,
    BPF_FUNC_ktime_get_ns: 5,
    BPF_FUNC_tail_call: 12,
    BPF_FUNC_get_current_task_btf: 158,
  })
  t.b.enum('bpf_attach_type', { BPF_CGROUP_INET_INGRESS: 0, BPF_TRACE_FENTRY: 24, BPF_XDP: 37 })
  describeLinks(t, { bool })
  const operations = t.b.pointer(t.b.prototype(0))
  const ops = t.b.struct(
    'sched_ext_ops',
    [
      { name: 'enqueue', type: operations },
      { name: 'dispatch', type: operations },
      { name: 'flags', type: u64 },
      { name: 'name', type: t.text(16) },
      { name: 'priv', type: t.pointer },
    ],
    undefined,
  )
  // What bpf_struct_ops_value is a pattern of.
  t.struct('bpf_struct_ops_sched_ext_ops', { common: u64, data: ops })
}

function describeLinks(t: Types, { bool }: { readonly bool: number }): void {
  const { u32, u64, s32, pointer } = t
  const names = Object.entries(linkTypes).map(([name, value]) => [
    `BPF_LINK_TYPE_${name.toUpperCase()}`,
    value,
  ])
  t.b.enum('bpf_link_type', Object.fromEntries(names))
  const link = t.struct('bpf_link', { attach_type: u32, id: u32, sleepable: bool, prog: pointer, type: u32 })
  t.struct('bpf_struct_ops_link', { map: pointer, link })
  t.struct('bpf_raw_tp_link', { btp: pointer, link })
  t.struct('bpf_raw_event_map', { bpf_func: pointer, tp: pointer })
  t.struct('tracepoint', { funcs: pointer, name: pointer })
  const trampLink = t.struct('bpf_tramp_link', { cookie: u64, link })
  t.struct('bpf_tracing_link', { trampoline: pointer, link: trampLink, tgt_prog: pointer })
  t.struct('bpf_trampoline', { refcnt: u64, key: u64 })
  t.struct('bpf_cgroup_link', { cgroup: pointer, link })
  t.struct('bpf_iter_link', { tinfo: pointer, link })
  t.struct('bpf_iter_target_info', { list: u64, reg_info: pointer })
  t.struct('bpf_iter_reg', { attach: pointer, target: pointer })
  t.struct('bpf_netns_link', { net: pointer, link })
  t.struct('net', { ns: t.struct('ns_common', { ops: pointer, inum: u32 }) })
  t.struct('bpf_xdp_link', { flags: s32, dev: pointer, link })
  t.struct('tcx_link', { dev: pointer, link })
  t.struct('bpf_perf_link', { perf_file: pointer, link })
  t.struct('file', { f_mode: u32, private_data: pointer })
  t.struct('trace_event_call', { class: pointer, name: pointer })
  t.struct('bpf_kprobe_multi_link', { cnt: u32, addrs: pointer, link })
  const entry = t.struct('ftrace_func_entry', { hlist: t.b.array(pointer, 2), ip: u64, direct: u64 })
  const node = t.struct('bpf_tracing_multi_node', { trampoline: pointer, entry })
  t.struct('bpf_tracing_multi_link', { link, nodes_cnt: s32, nodes: t.b.array(node, 3) })
  t.struct('bpf_uprobe', { ref_ctr_offset: u64, offset: u64 })
  const path = t.struct('path', { mnt: pointer, dentry: pointer })
  t.struct('bpf_uprobe_multi_link', { path, cnt: u32, uprobes: pointer, link })
  const hook = t.struct('nf_hook_ops', { pf: t.u8, hooknum: u32, priority: s32 })
  t.struct('bpf_nf_link', { hook_ops: hook, link })
  t.struct('sockmap_link', { map: pointer, link })
}
