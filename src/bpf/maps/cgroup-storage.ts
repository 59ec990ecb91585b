import type { Kernel } from '../../kernel/kernel.js'
import { rbtreeNodes } from '../../kernel/walk/rbtree.js'
import type { Problems } from '../../problems.js'
import type { MapInfo } from '../map-info.js'
import { cgroupsById, nameCgroup } from './objects/cgroup.js'
import type { NamedObject } from './objects/named-object.js'
import type { EntryReader, RawEntry, RawValue } from './reader.js'

export const cgroupStorageReader: EntryReader = family('cgroup_storage', false)
export const perCpuCgroupStorageReader: EntryReader = family('percpu_cgroup_storage', true)

/**
 * struct bpf_cgroup_storage_map (kernel/bpf/local_storage.c), which cgrp_storage replaces: a red-black tree of
 * bpf_cgroup_storage by cgroup id and, unless programs share it (keys of 8 bytes), by attach type.
 */
function family(type: string, perCpu: boolean): EntryReader {
  return {
    types: [type],
    keys: 'owners',
    perCpu,

    *entries(kernel, map, problems) {
      const cgroups =
        problems.attempt('cgroups', () => cgroupsById(kernel, problems)) ?? new Map<bigint, bigint>()
      for (const address of storages(kernel, map, problems)) {
        const entry = problems.attempt(`storage at 0x${address.toString(16)}`, () =>
          readStorage(kernel, map, address, perCpu, cgroups, problems),
        )
        if (entry !== undefined) yield entry
      }
    },

    find(kernel, map, key, problems) {
      const wanted = Buffer.from(key)
      for (const entry of this.entries(kernel, map, problems)) {
        if (wanted.equals(entry.key)) return entry
      }
      return undefined
    },
  }
}

function* storages(kernel: Kernel, map: MapInfo, problems: Problems): Generator<bigint> {
  const offset = BigInt(kernel.layouts.get('bpf_cgroup_storage').offset('node'))
  const root = kernel.struct('bpf_cgroup_storage_map', map.address).at('root')
  for (const node of rbtreeNodes(kernel, root, problems, 'tree')) yield node - offset
}

function readStorage(
  kernel: Kernel,
  map: MapInfo,
  address: bigint,
  perCpu: boolean,
  cgroups: ReadonlyMap<bigint, bigint>,
  problems: Problems,
): RawEntry {
  const storage = kernel.struct('bpf_cgroup_storage', address)
  const id = storage.unsigned('key.cgroup_inode_id')
  const attachType = storage.number('key.attach_type')
  const cgroup = cgroups.get(id)
  const owner: NamedObject =
    cgroup === undefined
      ? { kind: 'cgroup', address: 0n, problem: `no cgroup has id ${id} any more` }
      : nameCgroup(kernel, cgroup, problems)
  const shared = map.keySize < storage.layout.sizeOf('key')
  return {
    key: kernel.space.bytes(storage.at('key'), map.keySize),
    owner,
    values: perCpu
      ? perCpuValues(kernel, map, storage.pointer('percpu_buf'))
      : [value(kernel, map, storage.pointer('buf'))],
    notes: {
      cgroupId: id,
      attachType: shared
        ? undefined
        : (kernel.enumName('bpf_attach_type', attachType, 'BPF_')?.toLowerCase() ?? String(attachType)),
    },
  }
}

function value(kernel: Kernel, map: MapInfo, buffer: bigint): RawValue {
  const address = kernel.struct('bpf_storage_buffer', buffer).at('data')
  return { bytes: kernel.space.bytes(address, map.valueSize), address }
}

function perCpuValues(kernel: Kernel, map: MapInfo, buffer: bigint): RawValue[] {
  return kernel.cpus.possible.map((cpu) => {
    const address = kernel.cpus.address(buffer, cpu)
    return { bytes: kernel.space.bytes(address, map.valueSize), address }
  })
}
