/**
 * What the analysis needs to know of the kernel's helpers and functions: what they return, what they write, and
 * what they say of their arguments (include/uapi/linux/bpf.h). A helper that is not here returns anything.
 */

/** How many arguments each helper takes, by its number; 0 for those not known. */
const argumentCounts =
  '02423020055533002131442215435333231032322103231125434424352242243254544444434141024255132244311111155433344421' +
  '553333210445113053124322221111144434233541421242020315453413231111341454332101144533231442255333220442'

export function helperArguments(helper: number): number {
  return Number(argumentCounts[helper] ?? 0)
}

export function isKnownHelper(helper: number): boolean {
  return helper > 0 && helper < argumentCounts.length
}

/** R0 is a pointer to the value of the map in R1. */
export const mapValueHelpers: ReadonlySet<number> = new Set([
  1, // map_lookup_elem
  81, // get_local_storage
  107, // sk_storage_get
  145, // inode_storage_get
  156, // task_storage_get
  195, // map_lookup_percpu_elem
  210, // cgrp_storage_get
])

/** Where helpers copy a value into the map in R1 from: the register that points at it. */
export const mapUpdateHelpers: ReadonlyMap<number, number> = new Map([
  [2, 3], // map_update_elem
  [87, 2], // map_push_elem
  [107, 3], // the initial value of a storage that is made on the way
  [145, 3],
  [156, 3],
  [210, 3],
])

/** Helpers that return a pointer to a kernel struct, as an integer or not. */
export const kernelResults: ReadonlyMap<number, string> = new Map([
  [35, 'task_struct'], // get_current_task
  [136, 'tcp6_sock'],
  [137, 'tcp_sock'],
  [138, 'tcp_timewait_sock'],
  [139, 'tcp_request_sock'],
  [140, 'udp6_sock'],
  [158, 'task_struct'], // get_current_task_btf
  [162, 'socket'], // sock_from_file
  [175, 'pt_regs'], // task_pt_regs
  [178, 'unix_sock'],
  [196, 'mptcp_sock'],
])

/** R0 is what R1, the address of a per-CPU variable of the kernel, points at. */
export const perCpuHelpers: ReadonlySet<number> = new Set([153, 154])

/** Helpers that return a pointer, or something that may be one: everything else gives a number. */
export const pointerResults: ReadonlySet<number> = new Set([84, 85, 95, 96, 98, 99, 131, 173, 174, 194, 203])

/** ringbuf_reserve: memory that nothing else uses, and that no map's type describes. */
export const reserveRingBuffer = 131

/** Registers whose value a helper takes as a pointer to a kernel struct. */
export const kernelArguments: ReadonlyMap<number, readonly [register: number, struct: string]> = new Map([
  [145, [2, 'inode']],
  [146, [2, 'inode']],
  [156, [2, 'task_struct']],
  [157, [2, 'task_struct']],
  [175, [1, 'task_struct']],
  [180, [1, 'task_struct']],
  [191, [4, 'task_struct']],
  [210, [2, 'cgroup']],
  [211, [2, 'cgroup']],
])

/** What a helper writes to: the register that points there, and how many bytes, by a register or as a number. */
export interface HelperWrite {
  readonly to: number
  readonly sizeIn?: number
  readonly size?: number
}

const write = (to: number, sizeIn: number): HelperWrite => ({ to, sizeIn })

export const helperWrites: ReadonlyMap<number, HelperWrite> = new Map([
  [4, write(1, 2)], // probe_read
  [16, write(1, 2)], // get_current_comm
  [20, write(2, 3)],
  [26, write(3, 4)], // skb_load_bytes
  [29, write(2, 3)],
  [45, write(1, 2)], // probe_read_str
  [55, write(3, 4)],
  [56, write(2, 3)],
  [57, write(4, 5)], // getsockopt
  [66, write(3, 4)],
  [67, write(2, 3)], // get_stack
  [68, write(3, 4)],
  [69, write(2, 3)], // fib_lookup
  [88, { to: 2 }], // map_pop_elem
  [89, { to: 2 }], // map_peek_elem
  [101, write(2, 3)],
  [102, write(2, 3)],
  [103, write(2, 3)],
  [105, { to: 4, size: 8 }], // strtol
  [106, { to: 4, size: 8 }],
  [112, write(1, 2)], // probe_read_user
  [113, write(1, 2)], // probe_read_kernel
  [114, write(1, 2)],
  [115, write(1, 2)],
  [119, write(2, 3)],
  [120, write(3, 4)],
  [141, write(2, 3)], // get_task_stack
  [142, write(2, 3)], // load_hdr_opt
  [147, write(2, 3)], // d_path
  [148, write(1, 2)], // copy_from_user
  [149, write(1, 2)],
  [161, write(2, 3)], // ima_inode_hash
  [163, { to: 3, size: 4 }], // check_mtu
  [165, write(1, 2)], // snprintf
  [166, write(2, 3)], // sys_bpf
  [176, write(1, 2)],
  [179, { to: 4, size: 8 }], // kallsyms_lookup_name
  [183, { to: 3, size: 8 }], // get_func_arg
  [184, { to: 2, size: 8 }], // get_func_ret
  [189, write(3, 4)],
  [191, write(1, 2)], // copy_from_user_task
  [193, write(2, 3)], // ima_file_hash
  [197, { to: 1 }], // dynptr_from_mem: whoever has the dynptr writes
  [198, { to: 4 }],
  [201, write(1, 2)], // dynptr_read
])

/** Reads of kernel memory and of user memory at the address in R3. */
export const kernelReads: ReadonlySet<number> = new Set([113, 115])
export const userReads: ReadonlySet<number> = new Set([112, 114, 148, 191])

/** Puts R2 into the kptr that R1 points at, and returns what was there. */
export const exchangeKptr = 194

/** Helpers that call a function of the program: the registers of the function and of its context, and its number there. */
export interface CallbackHelper {
  readonly function: number
  readonly context: number
  /** Parameter of the callback, from 0. */
  readonly parameter: number
}

export const callbackHelpers: ReadonlyMap<number, CallbackHelper> = new Map([
  [164, { function: 2, context: 3, parameter: 3 }], // for_each_map_elem
  [180, { function: 3, context: 4, parameter: 2 }], // find_vma
  [181, { function: 2, context: 3, parameter: 1 }], // loop
  [209, { function: 2, context: 3, parameter: 1 }], // user_ringbuf_drain
])

/** Functions that return arena memory, with the register that holds its size and in what unit. */
export interface Allocator {
  readonly sizeIn?: number
  readonly unit?: number
}

export const arenaPageSize = 4096

/** Kernel functions and those of https://github.com/sched-ext/scx (lib/), which give the address as an integer. */
export const arenaAllocators: ReadonlyMap<string, Allocator> = new Map([
  ['bpf_arena_alloc_pages', { sizeIn: 3, unit: arenaPageSize }],
  ['scx_alloc_internal', {}],
  ['scx_static_alloc_internal', { sizeIn: 1 }],
  ['scx_malloc_internal', { sizeIn: 1 }],
  ['scx_buddy_alloc_internal', { sizeIn: 2 }],
  ['scx_stk_alloc', {}],
  ['bump_alloc_internal', { sizeIn: 1 }],
  ['buddy_alloc_internal', { sizeIn: 2 }],
  ['stk_alloc', {}],
])

/** Kernel functions that return the type that a register names by its id. */
export const namedResults: ReadonlyMap<string, number> = new Map([
  ['bpf_rdonly_cast', 2],
  ['bpf_obj_new_impl', 1],
  ['bpf_percpu_obj_new_impl', 1],
])

/** Kernel functions that return their first argument. */
export const sameResults: ReadonlySet<string> = new Set(['bpf_refcount_acquire_impl'])
