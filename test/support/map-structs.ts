import type { Types } from './kernel-types.js'

/** Types that structs of maps are made of. */
export interface MapParts {
  readonly map: number
  readonly list: number
  readonly atomic: number
  readonly atomic64: number
  readonly hlistHead: number
  readonly rbNode: number
  readonly rbRoot: number
  readonly rhashtable: number
  readonly idr: number
}

/** Structs of maps other than arrays and hashes, in the test kernel's own order of members. */
export function describeMaps(t: Types, parts: MapParts): void {
  const { map, list, atomic, atomic64, hlistHead } = parts
  const { u8, u16, u32, u64, s32, pointer } = t
  const bytes = t.b.array(u8, 0)
  const pointers = t.b.array(pointer, 0)
  const hlistNode = t.struct('hlist_node', { next: pointer, pprev: pointer })

  // kernel/bpf/lpm_trie.c, queue_stack_maps.c, bloom_filter.c
  t.struct('lpm_trie', { map, n_entries: u64, lock: u32, root: pointer, data_size: u64, max_prefixlen: u64 })
  t.struct('lpm_trie_node', { child: t.b.array(pointer, 2), flags: u32, prefixlen: u32, data: bytes })
  t.struct('bpf_queue_stack', { map, tail: u32, head: u32, lock: u32, size: u32, elements: bytes })
  t.struct('bpf_bloom_filter', {
    map,
    nr_hash_funcs: u32,
    bitset_mask: u32,
    hash_seed: u32,
    bitset: t.b.array(u64, 0),
  })

  // kernel/bpf/ringbuf.c: the parts lie on pages of their own.
  t.struct('bpf_ringbuf_map', { map, rb: pointer })
  t.b.struct(
    'bpf_ringbuf',
    [
      { name: 'busy', type: atomic, offset: 8 },
      { name: 'mask', type: u64, offset: 64 },
      { name: 'overwrite_mode', type: t.bool, offset: 80 },
      { name: 'consumer_pos', type: u64, offset: 4096 },
      { name: 'producer_pos', type: u64, offset: 8192 },
      { name: 'pending_pos', type: u64, offset: 8200 },
      { name: 'overwrite_pos', type: u64, offset: 8208 },
      { name: 'data', type: bytes, offset: 12288 },
    ],
    12288,
  )

  // kernel/bpf/devmap.c, cpumap.c, include/linux/netdevice.h
  const devmapValue = t.struct('bpf_devmap_val', { ifindex: u32, fd: u32 })
  t.struct('bpf_dtab', { map, n_buckets: u32, items: u32, dev_index_head: pointer, netdev_map: pointer })
  t.struct('bpf_dtab_netdev', {
    idx: u32,
    index_hlist: hlistNode,
    xdp_prog: pointer,
    val: devmapValue,
    dev: pointer,
  })
  t.struct('net_device', { state: u64, name: t.text(16), ifindex: s32 })
  const cpumapValue = t.struct('bpf_cpumap_val', { qsize: u32, fd: u32 })
  t.struct('bpf_cpu_map', { map, cpu_map: pointer })
  t.struct('bpf_cpu_map_entry', { prog: pointer, value: cpumapValue, kthread: pointer, cpu: u32 })

  // include/linux/perf_event.h, include/linux/bpf.h
  const attributes = t.struct('perf_event_attr', { config: u64, type: u32 })
  const hardware = t.struct('hw_perf_event', { state: s32, target: pointer })
  t.struct('perf_event', { cpu: s32, tp_event: pointer, attr: attributes, hw: hardware })
  t.struct('bpf_event_entry', { perf_file: pointer, event: pointer })
  t.b.enum('perf_type_id', { PERF_TYPE_HARDWARE: 0, PERF_TYPE_SOFTWARE: 1, PERF_TYPE_TRACEPOINT: 2 })
  t.b.enum('perf_hw_id', { PERF_COUNT_HW_CPU_CYCLES: 0, PERF_COUNT_HW_INSTRUCTIONS: 1 })
  t.b.enum('perf_sw_ids', { PERF_COUNT_SW_CPU_CLOCK: 0, PERF_COUNT_SW_BPF_OUTPUT: 10 })

  // net/core/sock_map.c, kernel/bpf/reuseport_array.c, include/net/sock.h
  const programs = t.struct('sk_psock_progs', { stream_parser: pointer, msg_parser: pointer })
  t.struct('bpf_stab', { map, progs: programs, sks: pointer })
  t.struct('bpf_shtab', { map, buckets_num: u32, progs: programs, buckets: pointer, count: atomic })
  t.struct('bpf_shtab_bucket', { lock: u64, head: hlistHead })
  t.struct('bpf_shtab_elem', { node: hlistNode, sk: pointer, hash: u32, key: bytes })
  t.struct('reuseport_array', { map, spare: u64, ptrs: pointers })
  t.struct('xsk_map', { map, lock: u32, xsk_map: pointers })
  t.struct('proto', { owner: pointer, name: t.text(32) })
  const common = t.struct('sock_common', {
    skc_prot: pointer,
    skc_family: u16,
    skc_state: u8,
    skc_num: u16,
    skc_dport: u16,
    skc_daddr: u32,
    skc_rcv_saddr: u32,
    skc_v6_daddr: t.struct('in6_addr', { u6_addr8: t.b.array(u8, 16) }),
    skc_v6_rcv_saddr: t.struct('in6_addr_too', { u6_addr8: t.b.array(u8, 16) }),
    skc_cookie: atomic64,
  })
  const sock = t.struct('sock', { sk_type: u16, __sk_common: common, sk_socket: pointer })
  // include/net/af_unix.h, xdp_sock.h
  t.struct('unix_address', { refcnt: u32, hash: u32, len: s32, name: t.b.array(t.char, 0) })
  t.struct('unix_sock', { sk: sock, addr: pointer })
  t.struct('xdp_sock', { sk: sock, rx: pointer, dev: pointer, queue_id: u16 })
  t.b.enum('sock_type', { SOCK_STREAM: 1, SOCK_DGRAM: 2, SOCK_RAW: 3 })

  // include/linux/bpf_local_storage.h, kernel/bpf/local_storage.c, include/linux/cgroup-defs.h, kernfs.h, fs.h, dcache.h
  t.struct('bpf_local_storage_map', { map, cache_idx: u16, bucket_log: u32, buckets: pointer })
  t.struct('bpf_local_storage_map_bucket', { lock: u64, list: hlistHead })
  const data = t.struct('bpf_local_storage_data', { smap: pointer, data: bytes })
  t.struct('bpf_local_storage_elem', {
    snode: hlistNode,
    local_storage: pointer,
    map_node: hlistNode,
    sdata: data,
  })
  t.struct('bpf_local_storage', { owner: pointer, list: hlistHead })
  t.struct('cgroup', { level: s32, kn: pointer })
  t.struct('cgroup_root', { kf_root: pointer })
  t.struct('kernfs_root', { kn: pointer, ino_idr: parts.idr })
  t.struct('kernfs_node', { name: pointer, id: u64, __parent: pointer, priv: pointer, flags: u16 })
  const inode = t.struct('inode', { i_mode: u16, i_sb: pointer, i_ino: u64, i_dentry: hlistHead })
  t.struct('socket_alloc', { socket: u64, vfs_inode: inode })
  t.struct('super_block', { s_type: pointer, s_id: t.text(32) })
  t.struct('file_system_type', { fs_flags: u32, name: pointer })
  const name = t.struct('qstr', { hash: u32, len: u32, name: pointer })
  t.struct('dentry', { d_parent: pointer, d_alias: hlistNode, d_name: name })
  const storageKey = t.struct('bpf_cgroup_storage_key', { cgroup_inode_id: u64, attach_type: u32 })
  t.struct('bpf_cgroup_storage_map', { map, list, root: parts.rbRoot })
  t.struct('bpf_cgroup_storage', {
    node: parts.rbNode,
    buf: pointer,
    percpu_buf: pointer,
    key: storageKey,
  })
  t.struct('bpf_storage_buffer', { rcu: u64, data: bytes })

  // kernel/bpf/stackmap.c, bpf_insn_array.c, hashtab.c (rhtab), bpf_struct_ops.c
  t.struct('bpf_stack_map', { map, n_buckets: u32, buckets: pointers })
  t.struct('stack_map_bucket', { nr: u32, hash: u32, data: t.b.array(u64, 0) })
  t.struct('bpf_stack_build_id', { ip: u64, offset: u64, build_id: t.b.array(u8, 20), status: s32 }, 40)
  t.b.enum('bpf_stack_build_id_status', {
    BPF_STACK_BUILD_ID_EMPTY: 0,
    BPF_STACK_BUILD_ID_VALID: 1,
    BPF_STACK_BUILD_ID_IP: 2,
  })
  t.struct('bpf_insn_array_value', { jitted_off: u32, orig_off: u32, xlated_off: u32, spare: u32 })
  t.struct('bpf_insn_array', { map, ips: pointer, used: atomic, values: bytes })
  t.struct('bpf_rhtab', { map, elem_size: u32, ht: parts.rhashtable })
  t.struct('rhtab_elem', { spare: u64, node: t.struct('rhash_node', { next: pointer }), data: bytes })

  const value = t.struct('bpf_struct_ops_common_value', { state: u32, refcnt: atomic })
  const wrapper = t.struct('bpf_struct_ops_value', { common: value, data: bytes })
  t.struct('bpf_struct_ops_map', {
    map,
    links: pointer,
    funcs_cnt: u32,
    st_ops_desc: pointer,
    uvalue: pointer,
    kvalue: wrapper,
  })
  t.struct('bpf_struct_ops_desc', { type_id: u32, st_ops: pointer })
  t.struct('bpf_struct_ops', { owner: pointer, name: pointer })
  t.b.enum('bpf_struct_ops_state', {
    BPF_STRUCT_OPS_STATE_INIT: 0,
    BPF_STRUCT_OPS_STATE_INUSE: 1,
    BPF_STRUCT_OPS_STATE_READY: 3,
  })

  // include/linux/bpf.h: btf_record, btf_field
  const kptr = t.struct('btf_field_kptr', { btf_id: u32, btf: pointer })
  const root = t.struct('btf_field_graph_root', { value_btf_id: u32, node_offset: u32, btf: pointer })
  const field = t.struct('btf_field', { size: u32, type: u32, offset: u32, kptr, graph_root: root })
  t.struct('btf_record', { field_mask: u32, cnt: u32, fields: t.b.array(field, 0) })
  t.b.enum('btf_field_type', {
    BPF_SPIN_LOCK: 1,
    BPF_TIMER: 2,
    BPF_KPTR_REF: 8,
    BPF_LIST_HEAD: 32,
    BPF_RB_ROOT: 128,
    BPF_WORKQUEUE: 1024,
    BPF_UPTR: 2048,
    BPF_TASK_WORK: 4096,
  })
  const callback = t.struct('bpf_async_cb', { prog: pointer, callback_fn: pointer })
  t.struct('bpf_async_kern', { lock: u32, cb: pointer })
  t.struct('bpf_work', { pad: u64, cb: callback })
  t.b.enum('bpf_task_work_state', { BPF_TW_STANDBY: 0, BPF_TW_PENDING: 1, BPF_TW_SCHEDULED: 3 })
  t.struct('bpf_task_work_kern', { ctx: pointer })
  t.struct('bpf_task_work_ctx', { pad: u64, state: u32, task: pointer, prog: pointer, callback_fn: pointer })
  t.struct('bpf_hrtimer', {
    cb: callback,
    timer: t.struct('hrtimer', {
      is_queued: t.bool,
      node: t.struct('timerqueue_linked_node', { expires: u64 }),
    }),
  })
}

/** enum bpf_map_type (include/uapi/linux/bpf.h). */
export const mapTypes = {
  hash: 1,
  array: 2,
  prog_array: 3,
  perf_event_array: 4,
  percpu_hash: 5,
  percpu_array: 6,
  stack_trace: 7,
  cgroup_array: 8,
  lru_hash: 9,
  lru_percpu_hash: 10,
  lpm_trie: 11,
  array_of_maps: 12,
  hash_of_maps: 13,
  devmap: 14,
  sockmap: 15,
  cpumap: 16,
  xskmap: 17,
  sockhash: 18,
  cgroup_storage_deprecated: 19,
  reuseport_sockarray: 20,
  percpu_cgroup_storage_deprecated: 21,
  queue: 22,
  stack: 23,
  sk_storage: 24,
  devmap_hash: 25,
  struct_ops: 26,
  ringbuf: 27,
  inode_storage: 28,
  task_storage: 29,
  bloom_filter: 30,
  user_ringbuf: 31,
  cgrp_storage: 32,
  arena: 33,
  insn_array: 34,
  rhash: 35,
} as const
