import { expect, test } from 'vitest'
import {
  callbackHelpers,
  exchangeKptr,
  helperArguments,
  helperWrites,
  isKnownHelper,
  kernelArguments,
  kernelReads,
  kernelResults,
  mapUpdateHelpers,
  mapValueHelpers,
  perCpuHelpers,
  pointerResults,
  reserveRingBuffer,
  userReads,
} from '../../../../src/bpf/cast/code/helpers.js'

/** Of include/uapi/linux/bpf.h: number and name of each helper of which more is known than that it gives a number. */
const known = [
  [1, 'map_lookup_elem', 'value of the map'],
  [2, 'map_update_elem', 'puts R3'],
  [4, 'probe_read', 'writes R1 R2'],
  [16, 'get_current_comm', 'writes R1 R2'],
  [20, 'skb_get_tunnel_key', 'writes R2 R3'],
  [26, 'skb_load_bytes', 'writes R3 R4'],
  [29, 'skb_get_tunnel_opt', 'writes R2 R3'],
  [35, 'get_current_task', 'returns task_struct'],
  [45, 'probe_read_str', 'writes R1 R2'],
  [55, 'perf_event_read_value', 'writes R3 R4'],
  [56, 'perf_prog_read_value', 'writes R2 R3'],
  [57, 'getsockopt', 'writes R4 R5'],
  [66, 'skb_get_xfrm_state', 'writes R3 R4'],
  [67, 'get_stack', 'writes R2 R3'],
  [68, 'skb_load_bytes_relative', 'writes R3 R4'],
  [69, 'fib_lookup', 'writes R2 R3'],
  [81, 'get_local_storage', 'value of the map'],
  [84, 'sk_lookup_tcp', 'returns anything'],
  [85, 'sk_lookup_udp', 'returns anything'],
  [87, 'map_push_elem', 'puts R2'],
  [88, 'map_pop_elem', 'writes R2'],
  [89, 'map_peek_elem', 'writes R2'],
  [95, 'sk_fullsock', 'returns anything'],
  [96, 'tcp_sock', 'returns anything'],
  [98, 'get_listener_sock', 'returns anything'],
  [99, 'skc_lookup_tcp', 'returns anything'],
  [101, 'sysctl_get_name', 'writes R2 R3'],
  [102, 'sysctl_get_current_value', 'writes R2 R3'],
  [103, 'sysctl_get_new_value', 'writes R2 R3'],
  [105, 'strtol', 'writes R4 8'],
  [106, 'strtoul', 'writes R4 8'],
  [107, 'sk_storage_get', 'value of the map, puts R3'],
  [112, 'probe_read_user', 'writes R1 R2, reads user'],
  [113, 'probe_read_kernel', 'writes R1 R2, reads kernel'],
  [114, 'probe_read_user_str', 'writes R1 R2, reads user'],
  [115, 'probe_read_kernel_str', 'writes R1 R2, reads kernel'],
  [119, 'read_branch_records', 'writes R2 R3'],
  [120, 'get_ns_current_pid_tgid', 'writes R3 R4'],
  [131, 'ringbuf_reserve', 'returns anything'],
  [136, 'skc_to_tcp6_sock', 'returns tcp6_sock'],
  [137, 'skc_to_tcp_sock', 'returns tcp_sock'],
  [138, 'skc_to_tcp_timewait_sock', 'returns tcp_timewait_sock'],
  [139, 'skc_to_tcp_request_sock', 'returns tcp_request_sock'],
  [140, 'skc_to_udp6_sock', 'returns udp6_sock'],
  [141, 'get_task_stack', 'writes R2 R3'],
  [142, 'load_hdr_opt', 'writes R2 R3'],
  [145, 'inode_storage_get', 'value of the map, puts R3, takes 2 inode'],
  [146, 'inode_storage_delete', 'takes 2 inode'],
  [147, 'd_path', 'writes R2 R3'],
  [148, 'copy_from_user', 'writes R1 R2, reads user'],
  [149, 'snprintf_btf', 'writes R1 R2'],
  [153, 'per_cpu_ptr', 'per CPU'],
  [154, 'this_cpu_ptr', 'per CPU'],
  [156, 'task_storage_get', 'value of the map, puts R3, takes 2 task_struct'],
  [157, 'task_storage_delete', 'takes 2 task_struct'],
  [158, 'get_current_task_btf', 'returns task_struct'],
  [161, 'ima_inode_hash', 'writes R2 R3'],
  [162, 'sock_from_file', 'returns socket'],
  [163, 'check_mtu', 'writes R3 4'],
  [164, 'for_each_map_elem', 'calls R2 with R3 as 3'],
  [165, 'snprintf', 'writes R1 R2'],
  [166, 'sys_bpf', 'writes R2 R3'],
  [173, 'get_func_ip', 'returns anything'],
  [174, 'get_attach_cookie', 'returns anything'],
  [175, 'task_pt_regs', 'returns pt_regs, takes 1 task_struct'],
  [176, 'get_branch_snapshot', 'writes R1 R2'],
  [178, 'skc_to_unix_sock', 'returns unix_sock'],
  [179, 'kallsyms_lookup_name', 'writes R4 8'],
  [180, 'find_vma', 'takes 1 task_struct, calls R3 with R4 as 2'],
  [181, 'loop', 'calls R2 with R3 as 1'],
  [183, 'get_func_arg', 'writes R3 8'],
  [184, 'get_func_ret', 'writes R2 8'],
  [189, 'xdp_load_bytes', 'writes R3 R4'],
  [191, 'copy_from_user_task', 'takes 4 task_struct, writes R1 R2, reads user'],
  [193, 'ima_file_hash', 'writes R2 R3'],
  [194, 'kptr_xchg', 'returns anything'],
  [195, 'map_lookup_percpu_elem', 'value of the map'],
  [196, 'skc_to_mptcp_sock', 'returns mptcp_sock'],
  [197, 'dynptr_from_mem', 'writes R1'],
  [198, 'ringbuf_reserve_dynptr', 'writes R4'],
  [201, 'dynptr_read', 'writes R1 R2'],
  [203, 'dynptr_data', 'returns anything'],
  [209, 'user_ringbuf_drain', 'calls R2 with R3 as 1'],
  [210, 'cgrp_storage_get', 'value of the map, puts R3, takes 2 cgroup'],
  [211, 'cgrp_storage_delete', 'takes 2 cgroup'],
] as const

function factsOf(helper: number): string {
  const facts: string[] = []
  if (mapValueHelpers.has(helper)) facts.push('value of the map')
  const update = mapUpdateHelpers.get(helper)
  if (update !== undefined) facts.push(`puts R${update}`)
  const struct = kernelResults.get(helper)
  if (struct !== undefined) facts.push(`returns ${struct}`)
  if (perCpuHelpers.has(helper)) facts.push('per CPU')
  if (pointerResults.has(helper)) facts.push('returns anything')
  const taken = kernelArguments.get(helper)
  if (taken !== undefined) facts.push(`takes ${taken.join(' ')}`)
  const writes = helperWrites.get(helper)
  if (writes !== undefined) {
    const size = writes.sizeIn === undefined ? (writes.size ?? '') : `R${writes.sizeIn}`
    facts.push(`writes R${writes.to} ${size}`.trim())
  }
  if (kernelReads.has(helper)) facts.push('reads kernel')
  if (userReads.has(helper)) facts.push('reads user')
  const callback = callbackHelpers.get(helper)
  if (callback !== undefined)
    facts.push(`calls R${callback.function} with R${callback.context} as ${callback.parameter}`)
  return facts.join(', ')
}

test('each helper is what its declaration says', () => {
  const all = Array.from({ length: 300 }, (_, helper) => [helper, factsOf(helper)] as const)
  expect(all.filter(([, facts]) => facts !== '')).toEqual(known.map(([helper, , facts]) => [helper, facts]))
  const numbers = new Map(known.map(([helper, name]) => [name, helper]))
  expect([numbers.get('ringbuf_reserve'), numbers.get('kptr_xchg')]).toEqual([
    reserveRingBuffer,
    exchangeKptr,
  ])
})

test('those that the analysis knows have a number and arguments', () => {
  expect([-1, 0, 1, 211, 212].map(isKnownHelper)).toEqual([false, false, true, true, false])
  // map_lookup_elem, map_update_elem, ktime_get_ns, perf_event_output, cgrp_storage_get, none.
  expect([1, 2, 5, 25, 210, 999, -1].map(helperArguments)).toEqual([2, 4, 0, 5, 4, 0, 0])
})
