import { describe, expect, it } from 'vitest'
import { KernelGuest } from '../../support/kernel-guest.js'
import { addMap, linkHlist, memberOf, readAgain, readWhole } from '../../support/map-objects.js'
import type { mapTypes } from '../../support/map-structs.js'
import { writeIdr, writeRbtree } from '../../support/structures.js'

type StorageType = Extract<keyof typeof mapTypes, `${string}_storage`>

/** A local storage map of two buckets with a value for each owner, all in the second bucket. */
function storage(type: StorageType, makeOwners: (guest: KernelGuest) => readonly bigint[]) {
  const guest = new KernelGuest()
  const { objects } = guest
  const stride = objects.sizeOf('bpf_local_storage_map_bucket')
  const buckets = guest.alloc(stride * 2)
  const map = addMap(guest, type, 'bpf_local_storage_map', {
    valueSize: 8,
    maxEntries: 0,
    members: { buckets, bucket_log: 1, cache_idx: 3 },
  })
  const elements = makeOwners(guest).map((owner, i) => {
    const local = objects.make('bpf_local_storage', { owner })
    const element = objects.make(
      'bpf_local_storage_elem',
      { local_storage: local, 'sdata.smap': map },
      { extra: 8 },
    )
    guest.u64(memberOf(guest, 'bpf_local_storage_elem', element, 'sdata.data'), BigInt(i + 1))
    return element
  })
  const head = memberOf(guest, 'bpf_local_storage_map_bucket', buckets + BigInt(stride), 'list')
  const nodes = elements.map((element) => memberOf(guest, 'bpf_local_storage_elem', element, 'map_node'))
  linkHlist(guest, head, nodes)
  return { guest, map, elements, nodes }
}

const twoTasks = (guest: KernelGuest): bigint[] => [
  guest.objects.make('task_struct', { pid: 42, tgid: 40, comm: 'worker' }),
  guest.objects.make('task_struct', { pid: 43, tgid: 43, comm: 'gone', exit_state: 16 }),
]

describe('local storage', () => {
  it('of tasks names them', () => {
    const { guest, map } = storage('task_storage', twoTasks)
    const { entries, state, problems, map: opened } = readWhole(guest, map)
    expect(entries.map(({ key }) => key.owner)).toMatchObject([
      { kind: 'task', pid: 42, tgid: 40, comm: 'worker', exited: false },
      { kind: 'task', pid: 43, comm: 'gone', exited: true },
    ])
    expect(entries.map(({ value }) => value?.hex)).toEqual(['0100000000000000', '0200000000000000'])
    const owner = BigInt(String(entries[0]?.key.owner?.address))
    expect(Buffer.from(entries[0]?.key.hex ?? '', 'hex').readBigUInt64LE()).toBe(owner)
    expect(state).toEqual({ elements: 2, buckets: 2, cacheIndex: 3 })
    expect(problems).toEqual([])
    expect(opened.get(43)).toEqual(Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0))
    expect(opened.get(owner)).toEqual(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0))
    expect(opened.get(44)).toBeUndefined()
  })

  it('of inodes names them by path', () => {
    const { guest, map } = storage('inode_storage', (guest) => {
      const { objects } = guest
      const name = (value: string): bigint => {
        const at = guest.alloc(value.length + 1)
        guest.text(at, value)
        return at
      }
      const type = objects.make('file_system_type', { name: name('ext4') })
      const i_sb = objects.make('super_block', { s_type: type, s_id: 'vda1' })
      const root = objects.make('dentry')
      objects.set('dentry', root, { d_parent: root })
      const etc = objects.make('dentry', { d_parent: root, 'd_name.name': name('etcetera'), 'd_name.len': 3 })
      const i_dentry = etc + BigInt(objects.offsetOf('dentry', 'd_alias'))
      return [
        objects.make('inode', { i_ino: 77, i_mode: 0o40755, i_sb, 'i_dentry.first': i_dentry }),
        objects.make('inode', { i_ino: 78, i_mode: 0o100644, i_sb }),
      ]
    })
    const { entries, map: opened } = readWhole(guest, map)
    expect(entries.map(({ key }) => key.owner)).toMatchObject([
      { kind: 'inode', ino: 77, filesystem: 'ext4', device: 'vda1', mode: 0o40755, path: '/etc' },
      { kind: 'inode', ino: 78, mode: 0o100644 },
    ])
    expect(entries[1]?.key.owner).not.toHaveProperty('path')
    expect(opened.get(78)).toEqual(Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0))
  })

  it('whose owner let go of it keeps the value', () => {
    const { guest, map, elements } = storage('task_storage', twoTasks)
    guest.objects.set('bpf_local_storage_elem', elements[0] ?? 0n, { local_storage: 0 })
    const [entry] = readWhole(guest, map).entries
    expect(entry?.key).toEqual({ hex: '0000000000000000' })
    expect(entry?.notes).toHaveProperty('detached')
  })

  it('of another map is left out', () => {
    const { guest, map, elements } = storage('task_storage', twoTasks)
    guest.objects.set('bpf_local_storage_elem', elements[0] ?? 0n, { 'sdata.smap': 8 })
    const { entries, problems } = readWhole(guest, map)
    expect(entries).toHaveLength(1)
    expect(problems[0]).toContain('belongs to another map')
  })

  it('whose chain loops ends', () => {
    const { guest, map, nodes } = storage('task_storage', twoTasks)
    guest.u64(nodes[1] ?? 0n, nodes[0] ?? 0n)
    const { entries, problems } = readWhole(guest, map)
    expect(entries).toHaveLength(2)
    expect(problems[0]).toMatch(/^bucket 1: hlist loops/)
  })

  it.each([32, 31, 0xffffffff])('of 2^%i buckets is refused', (bucket_log) => {
    const { guest, map } = storage('task_storage', twoTasks)
    guest.objects.set('bpf_local_storage_map', map, { bucket_log })
    const { entries, problems } = readWhole(guest, map)
    expect(entries).toEqual([])
    expect(problems[0]).toMatch(/^map: /)
  })
})

describe('the older storage of cgroups', () => {
  /** The default hierarchy with one cgroup, id 77. */
  function hierarchy(guest: KernelGuest): void {
    const { objects } = guest
    const name = guest.alloc(8)
    guest.text(name, 'app')
    const top = objects.make('kernfs_node', { id: 1 })
    const node = objects.make('kernfs_node', { id: 77, flags: 1, name, __parent: top })
    objects.set('kernfs_node', node, { priv: objects.make('cgroup', { kn: node }) })
    const root = objects.make('kernfs_root')
    writeIdr(guest, memberOf(guest, 'kernfs_root', root, 'ino_idr'), new Map([[77, node]]))
    guest.objects.set('cgroup_root', guest.global('cgrp_dfl_root', objects.sizeOf('cgroup_root')), {
      kf_root: root,
    })
  }

  function storages(
    guest: KernelGuest,
    type: 'cgroup_storage' | 'percpu_cgroup_storage',
    ids: readonly number[],
  ) {
    const { objects } = guest
    const map = addMap(guest, `${type}_deprecated`, 'bpf_cgroup_storage_map', {
      keySize: 16,
      valueSize: 8,
      maxEntries: 0,
    })
    const data = BigInt(objects.offsetOf('bpf_storage_buffer', 'data'))
    const nodes = ids.map((id) => {
      const buf = objects.make('bpf_storage_buffer', {}, { extra: 8 })
      guest.u64(buf + data, BigInt(id))
      const percpu_buf = guest.allocPerCpu(8)
      for (const cpu of guest.cpus) guest.u64(guest.perCpu(percpu_buf, cpu), BigInt(1000 * id + cpu))
      const at = objects.make('bpf_cgroup_storage', { buf, percpu_buf, 'key.cgroup_inode_id': id })
      return memberOf(guest, 'bpf_cgroup_storage', at, 'node')
    })
    writeRbtree(guest, memberOf(guest, 'bpf_cgroup_storage_map', map, 'root'), nodes)
    return { map, nodes }
  }

  it('names the cgroup, or says that it is gone', () => {
    const guest = new KernelGuest()
    hierarchy(guest)
    const { map } = storages(guest, 'cgroup_storage', [77, 99])
    const { entries, problems, map: opened } = readWhole(guest, map)
    expect(opened.type).toBe('cgroup_storage')
    expect(entries.map(({ key, value }) => [key.owner, value?.hex])).toMatchObject([
      [{ kind: 'cgroup', id: 77, path: '/app' }, '4d00000000000000'],
      [{ kind: 'cgroup', problem: 'no cgroup has id 99 any more' }, '6300000000000000'],
    ])
    expect(problems).toEqual([])
  })

  it('has a value for each CPU', () => {
    const guest = new KernelGuest()
    hierarchy(guest)
    const { map } = storages(guest, 'percpu_cgroup_storage', [77])
    const { entries } = readWhole(guest, map)
    expect(entries[0]?.cpus?.map(({ cpu, hex }) => [cpu, Buffer.from(hex, 'hex').readUInt32LE()])).toEqual([
      [0, 77000],
      [2, 77002],
    ])
  })

  it('whose tree loops ends', () => {
    const guest = new KernelGuest()
    hierarchy(guest)
    const { map, nodes } = storages(guest, 'cgroup_storage', [77, 99, 100])
    const kernel = guest.kernel()
    guest.objects.set('rb_node', nodes[2] ?? 0n, { rb_right: nodes[0] ?? 0n })
    expect(readAgain(kernel, map).problems[0]).toMatch(/^tree: rbtree loops/)
  })
})
