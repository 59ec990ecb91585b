import type { Kernel } from '../../kernel/kernel.js'
import { entries, hlistNodes } from '../../kernel/walk/list.js'
import { counted, figureJson, type Problems } from '../../problems.js'
import type { MapInfo } from '../map-info.js'
import { fresh } from './fresh.js'
import { nameCgroup } from './objects/cgroup.js'
import { nameInode } from './objects/inode.js'
import type { NamedObject } from './objects/named-object.js'
import { nameSock } from './objects/sock.js'
import { nameTask } from './objects/task.js'
import type { EntryReader, RawEntry } from './reader.js'
import { wordBytes } from './slots.js'
import { tableWords } from './words.js'

type Name = (kernel: Kernel, address: bigint, problems: Problems) => NamedObject

const owners: Readonly<Record<string, Name>> = {
  task_storage: nameTask,
  inode_storage: nameInode,
  sk_storage: nameSock,
  cgrp_storage: nameCgroup,
}

/** 2^31 buckets are more than any memory holds. */
const bucketLogLimit = 31

/**
 * struct bpf_local_storage_map (include/linux/bpf_local_storage.h): a hash table of the elements of all owners. The key is
 * the owner; a lookup takes its number (pid, inode number, socket cookie, cgroup id).
 */
export const localStorageReader: EntryReader = {
  types: Object.keys(owners),
  keys: 'owners',
  perCpu: false,

  state(kernel, map, problems) {
    let elements = 0
    const own = problems.part()
    for (const _ of storageElements(kernel, map, own)) elements++
    const storage = kernel.struct('bpf_local_storage_map', map.address)
    return {
      elements: figureJson(counted(elements, own)),
      buckets: 2 ** storage.number('bucket_log'),
      cacheIndex: storage.number('cache_idx'),
    }
  },

  *entries(kernel, map, problems) {
    const name = owners[map.type]
    for (const { where, address } of storageElements(kernel, map, problems)) {
      const entry = problems.attempt(where, () => readElement(kernel, map, address, where, problems, name))
      if (entry !== undefined) yield entry
    }
  },

  find(kernel, map, key, problems) {
    const number = numberIn(key)
    for (const entry of this.entries(kernel, map, problems)) {
      if (entry.owner !== undefined && (numberOf(entry.owner) === number || entry.owner.address === number)) {
        return entry
      }
    }
    return undefined
  },
}

interface Element {
  readonly where: string
  readonly address: bigint
}

/** Elements of the map: bpf_local_storage_elem, linked into a bucket by `map_node`. */
function* storageElements(kernel: Kernel, map: MapInfo, problems: Problems): Generator<Element> {
  const storage = kernel.struct('bpf_local_storage_map', map.address)
  const log = storage.number('bucket_log')
  if (log > bucketLogLimit) {
    problems.add('map', `it claims 2^${log} buckets`)
    return
  }
  const bucket = kernel.layouts.get('bpf_local_storage_map_bucket')
  const first = storage.pointer('buckets') + BigInt(bucket.offset('list'))
  const offset = kernel.layouts.get('bpf_local_storage_elem').offset('map_node')
  const seen = new Set<bigint>()
  for (const { index, address } of tableWords(kernel, first, 2 ** log, 'bucket', problems, bucket.size)) {
    const where = `bucket ${index}`
    for (const element of fresh(
      entries(hlistNodes(kernel, address, problems, where), offset),
      seen,
      where,
      problems,
    )) {
      yield { where, address: element }
    }
  }
}

function readElement(
  kernel: Kernel,
  map: MapInfo,
  address: bigint,
  where: string,
  problems: Problems,
  name: Name | undefined,
): RawEntry | undefined {
  const element = kernel.struct('bpf_local_storage_elem', address)
  if (element.pointer('sdata.smap') !== map.address) {
    problems.add(where, `the element at 0x${address.toString(16)} belongs to another map`)
    return undefined
  }
  const data = element.at('sdata.data')
  const values = [{ bytes: kernel.space.bytes(data, map.valueSize), address: data }]
  const storage = element.pointer('local_storage')
  const owner = storage === 0n ? 0n : kernel.struct('bpf_local_storage', storage).pointer('owner')
  if (owner === 0n || name === undefined) {
    return {
      key: wordBytes(0n),
      values,
      notes: { detached: 'its owner has let go of it; it is being freed' },
    }
  }
  return { key: wordBytes(owner), owner: name(kernel, owner, problems), values }
}

function numberIn(key: Uint8Array): bigint {
  return Buffer.from(key).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

function numberOf(owner: NamedObject): bigint | undefined {
  if ('problem' in owner) return undefined
  switch (owner.kind) {
    case 'task':
      return BigInt(owner.pid)
    case 'inode':
      return owner.ino
    case 'sk':
      return owner.cookie
    case 'cgroup':
      return owner.id
    default:
      return undefined
  }
}
