import { addHash, addProgram } from './bpf-objects.js'
import { KernelGuest } from './kernel-guest.js'
import { addMap, addWords, linkHlist, memberOf } from './map-objects.js'
import { mapTypes } from './map-structs.js'
import { heapStart } from './ruin.js'
import { writeBucketTable, writeRbtree } from './structures.js'

/** A guest with a small map of every family. Gives the addresses of the maps. */
export function everyMap(): { guest: KernelGuest; maps: bigint[] } {
  const guest = new KernelGuest({ memory: 8 * 2 ** 20 })
  const { objects } = guest
  const maps: bigint[] = []
  const keep = (map: bigint): bigint => {
    maps.push(map)
    return map
  }
  const target = objects.make('bpf_queue_stack', { size: 5 }, { extra: 20 })
  const { address: program } = addProgram(guest, { id: 1 })
  const task = objects.make('task_struct', { pid: 1, comm: 'init' })

  const leaf = objects.make('lpm_trie_node', { prefixlen: 16 }, { extra: 8 })
  const node = objects.make('lpm_trie_node', { prefixlen: 8, 'child[0]': leaf }, { extra: 8 })
  keep(addMap(guest, 'lpm_trie', 'lpm_trie', { keySize: 8, members: { root: node, n_entries: 2 } }))
  keep(addMap(guest, 'queue', 'bpf_queue_stack', { keySize: 0, members: { head: 3, size: 5 }, extra: 20 }))
  keep(
    addMap(guest, 'bloom_filter', 'bpf_bloom_filter', {
      keySize: 0,
      members: { bitset_mask: 511, nr_hash_funcs: 3 },
      extra: 64,
    }),
  )
  for (const type of ['ringbuf', 'user_ringbuf'] as const) {
    const rb = guest.alloc(objects.sizeOf('bpf_ringbuf') + 4096, 4096)
    objects.set('bpf_ringbuf', rb, { mask: 4095, producer_pos: 64 })
    const data = memberOf(guest, 'bpf_ringbuf', rb, 'data')
    // Length, and the distance to the ring in pages.
    for (let at = 0n; at < 64n; at += 16n) guest.u64(data + at, 8n | (((data - rb) >> 12n) << 32n))
    keep(addMap(guest, type, 'bpf_ringbuf_map', { keySize: 0, valueSize: 0, members: { rb } }))
  }
  for (const type of ['prog_array', 'array_of_maps', 'cgroup_array', 'perf_event_array'] as const) {
    const map = keep(addMap(guest, type, 'bpf_array', { extra: 32 }))
    guest.u64(memberOf(guest, 'bpf_array', map, 'ptrs'), type === 'prog_array' ? program : target)
  }
  const inner = new Uint8Array(BigUint64Array.of(target).buffer)
  const hash = addHash(guest, { valueSize: 8, maxEntries: 4 }, [
    { key: Uint8Array.of(1, 0, 0, 0), value: inner },
    { key: Uint8Array.of(2, 0, 0, 0), value: inner },
  ])
  objects.set('bpf_map', hash.address, { map_type: mapTypes.hash_of_maps, value_size: 4 })
  keep(hash.address)

  const slot = objects.make('bpf_dtab_netdev', { idx: 1, dev: objects.make('net_device', { name: 'lo' }) })
  const heads = addWords(guest, [0n, 0n])
  linkHlist(guest, heads, [memberOf(guest, 'bpf_dtab_netdev', slot, 'index_hlist')])
  const devices = { netdev_map: addWords(guest, [slot, 0n]), dev_index_head: heads, n_buckets: 2 }
  keep(addMap(guest, 'devmap', 'bpf_dtab', { maxEntries: 2, members: devices }))
  keep(addMap(guest, 'devmap_hash', 'bpf_dtab', { members: devices }))
  const cpu = objects.make('bpf_cpu_map_entry', { kthread: task })
  keep(addMap(guest, 'cpumap', 'bpf_cpu_map', { members: { cpu_map: addWords(guest, [cpu, 0n, 0n, 0n]) } }))

  const sk = objects.make('sock', {
    '__sk_common.skc_family': 2,
    '__sk_common.skc_prot': objects.make('proto'),
  })
  keep(
    addMap(guest, 'sockmap', 'bpf_stab', {
      valueSize: 8,
      members: { sks: addWords(guest, [sk, 0n, 0n, 0n]) },
    }),
  )
  const element = objects.make('bpf_shtab_elem', { sk }, { extra: 8 })
  const bucket = objects.make('bpf_shtab_bucket')
  linkHlist(guest, memberOf(guest, 'bpf_shtab_bucket', bucket, 'head'), [
    memberOf(guest, 'bpf_shtab_elem', element, 'node'),
  ])
  keep(addMap(guest, 'sockhash', 'bpf_shtab', { valueSize: 8, members: { buckets: bucket, buckets_num: 1 } }))

  for (const type of ['task_storage', 'inode_storage', 'sk_storage', 'cgrp_storage'] as const) {
    const owner = type === 'sk_storage' ? sk : task
    const buckets = objects.make('bpf_local_storage_map_bucket')
    const map = keep(addMap(guest, type, 'bpf_local_storage_map', { members: { buckets } }))
    const local_storage = objects.make('bpf_local_storage', { owner })
    const stored = objects.make('bpf_local_storage_elem', { local_storage, 'sdata.smap': map }, { extra: 8 })
    linkHlist(guest, memberOf(guest, 'bpf_local_storage_map_bucket', buckets, 'list'), [
      memberOf(guest, 'bpf_local_storage_elem', stored, 'map_node'),
    ])
  }
  for (const type of ['cgroup_storage', 'percpu_cgroup_storage'] as const) {
    const map = keep(addMap(guest, `${type}_deprecated`, 'bpf_cgroup_storage_map', { keySize: 16 }))
    const buf = objects.make('bpf_storage_buffer', {}, { extra: 8 })
    const nodes = [1, 2, 3].map(() => {
      const storage = objects.make('bpf_cgroup_storage', { buf, percpu_buf: guest.allocPerCpu(8) })
      return memberOf(guest, 'bpf_cgroup_storage', storage, 'node')
    })
    writeRbtree(guest, memberOf(guest, 'bpf_cgroup_storage_map', map, 'root'), nodes)
  }

  const stack = objects.make('stack_map_bucket', { nr: 2 }, { extra: 128 })
  for (const flags of [0, 1 << 5]) {
    const map = keep(
      addMap(guest, 'stack_trace', 'bpf_stack_map', {
        valueSize: 80,
        flags,
        members: { n_buckets: 2 },
        extra: 16,
      }),
    )
    guest.u64(memberOf(guest, 'bpf_stack_map', map, 'buckets'), stack)
  }
  const ips = addWords(guest, [heapStart, 0n, 0n, 0n])
  keep(addMap(guest, 'insn_array', 'bpf_insn_array', { valueSize: 16, members: { ips }, extra: 64 }))
  const grown = [1, 2].map(() => {
    const at = objects.make('rhtab_elem', {}, { extra: 16 })
    return memberOf(guest, 'rhtab_elem', at, 'node')
  })
  keep(addMap(guest, 'rhash', 'bpf_rhtab', { members: { 'ht.tbl': writeBucketTable(guest, [grown, []]) } }))
  const uvalue = guest.alloc(64)
  keep(
    addMap(guest, 'struct_ops', 'bpf_struct_ops_map', {
      valueSize: 64,
      members: { uvalue, 'kvalue.common.state': 1, links: addWords(guest, [0n]), funcs_cnt: 1 },
      extra: 64,
    }),
  )
  const area = objects.make('vm_struct', { addr: heapStart })
  keep(addMap(guest, 'arena', 'bpf_arena', { members: { kern_vm: area } }))
  return { guest, maps }
}
