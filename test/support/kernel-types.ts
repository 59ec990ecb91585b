import { Btf } from '../../src/btf/btf.js'
import { BtfBuilder, type MemberSpec } from '../btf/builder.js'
import { describeMaps, mapTypes } from './map-structs.js'
import { describePrograms } from './program-structs.js'

/** Members by name, in order; a number is a type, or a bitfield when it comes with a width. */
type Members = Readonly<Record<string, number | readonly [type: number, bits: number]>>

/** Structs whose first member is at their start in every kernel: those that tests write as the words they are. */
const atTheStart = new Set([
  'atomic64_t',
  'atomic_of_key',
  'local64_t',
  'u64_stats_t',
  'hlist_node',
  'rb_root',
  'rhash_node',
  // What programs and user space see of them.
  'bpf_devmap_val',
  'bpf_cpumap_val',
  'bpf_cgroup_storage_key',
  'bpf_insn_array_value',
  'bpf_struct_ops_common_value',
  'bpf_struct_ops_value',
  'bpf_struct_ops_sched_ext_ops',
  'bpf_async_kern',
  'bpf_task_work_kern',
])

/** What `describeKernel` builds on: the integers and how to make structs of them. */
export class Types {
  readonly b = new BtfBuilder()
  readonly u8 = this.b.int('unsigned char', 1)
  readonly u16 = this.b.int('unsigned short', 2)
  readonly u32 = this.b.int('unsigned int', 4)
  readonly u64 = this.b.int('long unsigned int', 8)
  readonly s32 = this.b.int('int', 4, { signed: true })
  readonly s64 = this.b.int('long int', 8, { signed: true })
  readonly bool = this.b.int('_Bool', 1, { bool: true })
  readonly char = this.b.int('char', 1, { signed: true })
  /** void *. */
  readonly pointer = this.b.pointer(0)
  /** Whether structs that follow have their first member behind their start: a reader that adds no offset fails. */
  shifts = false

  text(length: number): number {
    return this.b.array(this.char, length)
  }

  struct(name: string, members: Members, size?: number): number {
    const specs: MemberSpec[] = []
    const [first] = Object.keys(members)
    if (this.shifts && first !== 'map' && size === undefined && !atTheStart.has(name))
      specs.push({ name: 'ahead', type: this.u64 })
    let bits = 0
    for (const [member, type] of Object.entries(members)) {
      if (typeof type === 'number') {
        specs.push({ name: member, type })
        bits = 0
        continue
      }
      // Bitfields come in runs at the start of a word; the first of a run says where by `at<N>`.
      const [field, width] = type
      const start = /^at(\d+)_/.exec(member)
      if (start !== null) bits = Number(start[1]) * 8
      const name = start === null ? member : member.slice(start[0].length)
      specs.push({ name, type: field, bitOffset: bits, bitSize: width })
      bits += width
    }
    return this.b.struct(name, specs, size)
  }
}

/**
 * BTF of a kernel that never was: the structs that our readers know, with their members in other places than in any
 * real kernel, so that a reader which guesses an offset fails.
 */
function describeKernel(): BtfBuilder {
  const t = new Types()
  const { u8, u32, u64, s32, s64, pointer } = t

  // include/linux/types.h, rbtree_types.h, xarray.h, idr.h, rhashtable.h
  const atomic = t.struct('atomic_t', { counter: s32 })
  const atomicLong = t.struct('atomic_long_t', { counter: s64 })
  const list = t.struct('list_head', { next: pointer, prev: pointer })
  const hlistHead = t.struct('hlist_head', { first: pointer })
  const nullsNode = t.struct('hlist_nulls_node', { next: pointer, pprev: pointer })
  const nullsHead = t.struct('hlist_nulls_head', { first: pointer })
  const rbNode = t.struct('rb_node', { color: u64, rb_right: pointer, rb_left: pointer })
  const rbRoot = t.struct('rb_root', { rb_node: pointer })
  const xarray = t.struct('xarray', { xa_lock: u32, xa_flags: u32, xa_head: pointer })
  t.struct('xa_node', {
    shift: u8,
    offset: u8,
    count: u8,
    nr_values: u8,
    parent: pointer,
    array: pointer,
    list,
    slots: t.b.array(pointer, 64),
  })
  const idr = t.struct('idr', { idr_rt: xarray, idr_base: u32, idr_next: u32 })
  t.struct('rhash_head', { next: pointer })
  t.struct('bucket_table', {
    size: u32,
    nest: u32,
    hash_rnd: u32,
    walkers: list,
    future_tbl: pointer,
    buckets: t.b.array(pointer, 0),
  })
  const rhashtable = t.struct('rhashtable', { key_len: u32, tbl: pointer, nelems: atomic })
  t.struct('cpumask', { bits: t.b.array(u64, 2) })
  describeMapleTree(t)

  describeTasks(t, list)
  describeLog(t, atomicLong)
  describeModules(t, list)
  t.shifts = true
  describePrograms(t, list)
  const atomic64 = t.struct('atomic64_t', { counter: s64 })
  const map = describeBpf(t, { atomic, atomic64, nullsHead, nullsNode })
  describeMaps(t, { map, list, atomic, atomic64, hlistHead, rbNode, rbRoot, rhashtable, idr })
  return t.b
}

/** include/linux/maple_tree.h: what are unions there are members at one offset here. */
function describeMapleTree(t: Types): void {
  const { b, u8, u32, u64, pointer } = t
  b.enum('maple_type', { maple_dense: 0, maple_leaf_64: 1, maple_range_64: 2, maple_arange_64: 3 })
  t.struct('maple_tree', { ma_lock: u32, ma_flags: u32, ma_root: pointer })
  const meta = t.struct('maple_metadata', { end: u8, gap: u8 })
  const nodes = [
    ['maple_range_64', 16],
    ['maple_arange_64', 10],
  ] as const
  const [range = 0, arange = 0] = nodes.map(([name, slots]) =>
    b.struct(name, [
      { name: 'parent', type: pointer, offset: 0 },
      { name: 'pivot', type: b.array(u64, slots - 1), offset: 8 },
      { name: 'slot', type: b.array(pointer, slots), offset: slots * 8 },
      { name: 'meta', type: meta, offset: slots === 16 ? 248 : 240 },
    ]),
  )
  b.struct(
    'maple_node',
    [
      { name: 'parent', type: pointer, offset: 0 },
      { name: 'mr64', type: range, offset: 0 },
      { name: 'ma64', type: arange, offset: 0 },
    ],
    256,
  )
}

/** include/linux/sched.h, sched/signal.h, kernel/kthread.c, kernel/workqueue_internal.h, kernel/sched/sched.h. */
function describeTasks(t: Types, list: number): void {
  const { u32, u64, s32, pointer } = t
  const info = t.struct('thread_info', { flags: u64, status: u32, cpu: u32 })
  t.struct('task_struct', {
    thread_info: info,
    __state: u32,
    on_cpu: s32,
    flags: u32,
    tasks: list,
    exit_state: s32,
    stack: pointer,
    pid: s32,
    tgid: s32,
    real_parent: pointer,
    thread_node: list,
    worker_private: pointer,
    signal: pointer,
    comm: t.text(16),
  })
  t.struct('resource', { start: u64, end: u64, name: pointer, sibling: pointer, child: pointer })
  t.struct('signal_struct', { live: s32, thread_head: list })
  t.struct('kthread', { flags: u64, data: pointer, full_name: pointer })
  t.struct('worker', { entry: list, current_work: pointer, desc: t.text(32) })
  const rq = t.struct('rq', { lock: u64, curr: pointer, idle: pointer, nr: s32 })
  t.b.section('.data..percpu', [
    { type: t.b.variable('runqueues', rq), offset: 0, size: 32 },
    { type: t.b.variable('current_task', pointer), offset: 32, size: 8 },
  ])
  t.b.section('.data', [{ type: t.b.variable('panic_timeout', s32), offset: 0, size: 4 }])
}

/** kernel/printk/printk_ringbuffer.h. */
function describeLog(t: Types, atomicLong: number): void {
  const { u8, u16, u32, u64, pointer } = t
  const place = t.struct('prb_data_blk_lpos', { begin: u64, next: u64 })
  t.struct('prb_desc', { state_var: atomicLong, text_blk_lpos: place })
  const data = t.struct('prb_data_ring', {
    size_bits: u32,
    data: pointer,
    head_lpos: atomicLong,
    tail_lpos: atomicLong,
  })
  const descriptors = t.struct('prb_desc_ring', {
    count_bits: u32,
    descs: pointer,
    infos: pointer,
    head_id: atomicLong,
    tail_id: atomicLong,
  })
  t.struct('printk_info', {
    seq: u64,
    ts_nsec: u64,
    text_len: u16,
    facility: u8,
    at19_flags: [u8, 5],
    level: [u8, 3],
    caller_id: u32,
  })
  t.struct('printk_ringbuffer', { desc_ring: descriptors, text_data_ring: data })
}

/** include/linux/module.h, kernel/bpf/btf.c, include/linux/bpf.h (bpf_ksym). */
function describeModules(t: Types, list: number): void {
  const { u32, bool, pointer } = t
  t.struct('module', { name: pointer })
  t.struct('module', { state: u32, list, name: t.text(56), kallsyms: pointer })
  t.struct('mod_kallsyms', { symtab: pointer, num_symtab: u32, strtab: pointer, typetab: pointer })
  t.struct('btf', {
    data: pointer,
    data_size: u32,
    id: u32,
    name: t.text(56),
    kernel_btf: bool,
    base_btf: pointer,
  })
}

interface BpfParts {
  readonly atomic: number
  readonly atomic64: number
  readonly nullsHead: number
  readonly nullsNode: number
}

/** include/linux/bpf.h, include/linux/filter.h, kernel/bpf/hashtab.c. Gives struct bpf_map. */
function describeBpf(t: Types, { atomic, atomic64, nullsHead, nullsNode }: BpfParts): number {
  const { u32, u64, bool, pointer } = t
  const names = Object.entries(mapTypes).map(([name, value]) => [`BPF_MAP_TYPE_${name.toUpperCase()}`, value])
  t.b.enum('bpf_map_type', { BPF_MAP_TYPE_UNSPEC: 0, ...Object.fromEntries(names) })
  t.b.enum('bpf_prog_type', {
    BPF_PROG_TYPE_UNSPEC: 0,
    BPF_PROG_TYPE_XDP: 6,
    BPF_PROG_TYPE_TRACING: 26,
    BPF_PROG_TYPE_STRUCT_OPS: 27,
  })
  const map = t.struct('bpf_map', {
    ops: pointer,
    value_size: u32,
    key_size: u32,
    map_type: u32,
    max_entries: u32,
    map_extra: u64,
    map_flags: u32,
    id: u32,
    btf_key_type_id: u32,
    btf_value_type_id: u32,
    btf: pointer,
    name: t.text(16),
    frozen: bool,
    record: pointer,
    refcnt: atomic64,
    usercnt: atomic64,
    elem_count: pointer,
  })
  t.struct('bpf_array', {
    map,
    index_mask: u32,
    elem_size: u32,
    aux: pointer,
    value: t.b.array(t.char, 0),
    pptrs: t.b.array(pointer, 0),
    ptrs: t.b.array(pointer, 0),
  })
  t.struct('bpf_htab', {
    map,
    elems: pointer,
    buckets: pointer,
    count: atomic,
    elem_size: u32,
    n_buckets: u32,
    hashrnd: u32,
  })
  t.struct('htab_elem', { hash_node: nullsNode, lru: u64, spare: u32, hash: u32, key: t.b.array(t.char, 0) })
  t.struct('bucket', { key: u64 })
  t.struct('bucket', { head: nullsHead, raw_lock: u32, spare: u32 })

  describeArenas(t, map)
  return map
}

/** kernel/bpf/arena.c, kernel/bpf/range_tree.c, include/linux/vmalloc.h. */
function describeArenas(t: Types, map: number): void {
  const { u32, u64, pointer } = t
  const node = t.struct('range_links', { color: u64, rb_right: pointer, rb_left: pointer })
  t.struct('range_node', { rn_last: u32, rn_start: u32, rb_range_size: node, rn_rbnode: node })
  const cached = t.struct('rb_root_cached', {
    rb_leftmost: pointer,
    rb_root: t.struct('rb_root', { rb_node: pointer }),
  })
  const tree = t.struct('range_tree', { range_size_root: cached, it_root: cached })
  t.struct('vm_struct', { next: pointer, size: u64, addr: pointer })
  t.struct('page', { flags: u64, rest: t.b.array(u64, 7) })
  t.struct('bpf_arena', {
    kern_vm: pointer,
    map,
    rt: tree,
    scratch_page: pointer,
    user_vm_end: u64,
    user_vm_start: u64,
    nr_pages: u64,
  })
}

/** For split BTF that continues the test kernel's. */
export const kernelTypesBuilder: BtfBuilder = describeKernel()
/** The bytes of the test kernel's BTF, and the same parsed. */
export const kernelBtf: Uint8Array = kernelTypesBuilder.build()
export const kernelTypes: Btf = Btf.parse(kernelBtf, { name: 'the test kernel' })
