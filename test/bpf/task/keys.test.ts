import { describe, expect, it } from 'vitest'
import { BpfMap } from '../../../src/bpf/map.js'
import { listMaps } from '../../../src/bpf/map-info.js'
import { entriesAtMost, taskEntries } from '../../../src/bpf/task/entries.js'
import { Problems } from '../../../src/problems.js'
import { BtfBuilder } from '../../btf/builder.js'
import { addArray, addBtf, addHash, addPerCpuArray, type HashSpec } from '../../support/bpf-objects.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { addMap, linkHlist, memberOf } from '../../support/map-objects.js'
import { writeBucketTable } from '../../support/structures.js'

const task = { address: 0xffff888012345678n, pid: 42, tgid: 40 }
const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer)

/** A program's types: keys and values of a name, by their ids. */
function types(guest: KernelGuest) {
  const b = new BtfBuilder()
  const u32 = b.int('unsigned int', 4)
  const s32 = b.int('int', 4, { signed: true })
  const ids = {
    u32,
    pid_t: b.typedef('pid_t', s32),
    tgid: b.typedef('process_id', s32),
    cpu_pid: b.struct('cpu_pid', [
      { name: 'cpu', type: u32 },
      { name: 'pid', type: u32 },
    ]),
    started: b.struct('started', [
      { name: 'count', type: u32 },
      { name: 'tid', type: u32 },
    ]),
  }
  const btf = addBtf(guest, 3, b.build())
  return (key: keyof typeof ids, value?: keyof typeof ids) => ({
    btf,
    btf_key_type_id: ids[key],
    ...(value && { btf_value_type_id: ids[value] }),
  })
}

function entriesOf(guest: KernelGuest) {
  const kernel = guest.kernel()
  const problems = new Problems()
  const maps = listMaps(kernel, problems).map((info) => new BpfMap(kernel, info, problems))
  const told = [...taskEntries(maps, task, problems)].map(({ kind, map, entry, how }) => ({
    kind,
    map: map.name,
    key: Buffer.from(entry.key.bytes).toString('hex'),
    how,
  }))
  return { told, problems: problems.sentences }
}

const hows = (guest: KernelGuest): string[] => entriesOf(guest).told.map(({ how }) => how)

describe('keys that have the pid among other things', () => {
  const spec = { name: 'by_cpu', keySize: 8, valueSize: 8, maxEntries: 4096 } as const
  const made = (keys: readonly Uint8Array[], more: Partial<HashSpec> = {}) => {
    const guest = new KernelGuest()
    const members = types(guest)('cpu_pid')
    const value = new Uint8Array(8)
    return {
      guest,
      hash: addHash(
        guest,
        { ...spec, members, ...more },
        keys.map((key) => ({ key, value })),
      ),
    }
  }

  it('are searched for it, one after the other', () => {
    const { guest } = made([words(0, 41), words(1, 42), words(42, 40), words(2, 42), words(3, 0x2a00)])
    const { told, problems } = entriesOf(guest)
    const how = 'pid of its key is its pid 42'
    expect(told.toSorted((a, b) => (a.key < b.key ? -1 : 1))).toEqual([
      { kind: 'map_entry', map: 'by_cpu', key: '010000002a000000', how },
      { kind: 'map_entry', map: 'by_cpu', key: '020000002a000000', how },
    ])
    expect(problems).toEqual([])
  })

  it('are given a thousand times at most, which is said', () => {
    const keys = (count: number) => Array.from({ length: count }, (_, n) => words(n, 42))
    const most = entriesOf(made(keys(entriesAtMost), { buckets: 256 }).guest)
    expect([most.told.length, most.problems]).toEqual([entriesAtMost, []])
    const more = entriesOf(made(keys(entriesAtMost + 1), { buckets: 256 }).guest)
    expect([more.told.length, more.problems]).toEqual([
      entriesAtMost,
      [`map by_cpu (1): more than ${entriesAtMost} of its entries are the task's`],
    ])
  })

  it('may be of an entry that a lookup does not find, which is said', () => {
    // It hangs in a chain that its hash does not lead to.
    const { guest, hash } = made([words(1, 42)], { buckets: 2 })
    const full = hash.chains.findIndex((chain) => chain.length > 0)
    const other = 1 - full
    guest.u64(hash.buckets[other] ?? 0n, hash.chains[full]?.[0] ?? 0n)
    guest.u64(hash.chains[full]?.[0] ?? 0n, BigInt((other << 1) | 1))
    guest.u64(hash.buckets[full] ?? 0n, BigInt((full << 1) | 1))
    const { told, problems } = entriesOf(guest)
    expect(told).toEqual([])
    expect(problems).toContain('map by_cpu (1): an entry that was found is not there when it is looked up')
  })

  it('are not searched where entries do not come in batches, which is said', () => {
    const guest = new KernelGuest()
    const members = types(guest)('cpu_pid')
    const map = addMap(guest, 'rhash', 'bpf_rhtab', {
      keySize: 8,
      members: { 'ht.tbl': writeBucketTable(guest, [[]]) },
    })
    guest.objects.set('bpf_map', map, members)
    expect(entriesOf(guest)).toEqual({
      told: [],
      problems: ['map rhash (1): its keys are not searched for tasks'],
    })
  })
})

describe('a key that is one number', () => {
  const hash = (name: string, key: 'u32' | 'pid_t' | 'tgid', entry: number, value = words(7, 0)) => {
    const guest = new KernelGuest()
    const members = types(guest)(key, 'started')
    addHash(guest, { name, valueSize: 8, maxEntries: 4, members }, [{ key: words(entry), value }])
    return guest
  }

  it('is the pid, or that of the process, where its type says so', () => {
    expect(hows(hash('x', 'pid_t', 42))).toEqual(['its key is its pid 42'])
    expect(hows(hash('x', 'tgid', 40))).toEqual(['its key is the pid 40 of its process'])
    expect(hows(hash('x', 'tgid', 42))).toEqual([])
  })

  it.each(['pid', 'tasks', 'by_tid', 'thread_stats', 'my_pids_2'])(
    'may be a pid: the map is called %s',
    (name) => {
      expect(hows(hash(name, 'u32', 42))).toEqual([
        `its key is 42, which may be a pid: the map is called ${name}`,
      ])
    },
  )

  it.each(['rapid', 'tidy', 'multitask', 'threads2'])('says nothing by the name %s', (name) => {
    expect(hows(hash(name, 'u32', 42))).toEqual([
      'its key is 42, which may be a pid: nothing but the number says so',
    ])
  })

  it('may be a pid: a member of the value holds it too', () => {
    expect(hows(hash('x', 'u32', 42, words(0, 42)))).toEqual([
      'its key is 42, which may be a pid: tid in its value holds its pid 42',
    ])
    // By a member that is no pid, or another pid.
    for (const value of [words(42, 0), words(0, 43)])
      expect(hows(hash('x', 'u32', 42, value))).toEqual([
        'its key is 42, which may be a pid: nothing but the number says so',
      ])
  })

  it('may be a pid where the value of the first CPU holds it too', () => {
    const guest = new KernelGuest()
    const members = types(guest)('u32', 'started')
    addHash(guest, { name: 'x', type: 'percpu_hash', valueSize: 8, maxEntries: 4, members }, [
      { key: words(42), value: [words(0, 42), words(0, 0)] },
    ])
    expect(hows(guest)).toEqual(['its key is 42, which may be a pid: tid in its value holds its pid 42'])
  })

  it('is an index of arrays, and a pid only where their type says so', () => {
    const array = (key: 'u32' | 'pid_t', perCpu: boolean) => {
      const guest = new KernelGuest()
      const spec = { name: 'pids', valueSize: 8, maxEntries: 64, members: types(guest)(key) }
      if (perCpu) addPerCpuArray(guest, spec, [])
      else addArray(guest, spec)
      return hows(guest)
    }
    for (const perCpu of [false, true]) {
      expect(array('u32', perCpu)).toEqual([])
      expect(array('pid_t', perCpu)).toEqual(['its key is its pid 42'])
    }
  })
})

describe('other maps', () => {
  it('of task storage have the task as owner', () => {
    const storage = (owner: bigint, element = true) => {
      const guest = new KernelGuest()
      const { objects } = guest
      const buckets = objects.make('bpf_local_storage_map_bucket')
      const map = addMap(guest, 'task_storage', 'bpf_local_storage_map', {
        valueSize: 8,
        maxEntries: 0,
        members: { buckets },
      })
      const stored = objects.make(
        'bpf_local_storage_elem',
        { local_storage: objects.make('bpf_local_storage', { owner }), 'sdata.smap': map },
        { extra: 8 },
      )
      if (element)
        linkHlist(guest, memberOf(guest, 'bpf_local_storage_map_bucket', buckets, 'list'), [
          memberOf(guest, 'bpf_local_storage_elem', stored, 'map_node'),
        ])
      return entriesOf(guest).told.map(({ kind, how }) => [kind, how])
    }
    expect(storage(task.address)).toEqual([['task_storage', 'its owner is the task']])
    expect(storage(task.address + 8n)).toEqual([])
    expect(storage(task.address, false)).toEqual([])
  })

  it('of types that nobody knows may have entries of it, which is said', () => {
    const guest = new KernelGuest()
    const map = addMap(guest, 'array', 'bpf_array')
    guest.objects.set('bpf_map', map, { map_type: 77 })
    expect(entriesOf(guest)).toEqual({
      told: [],
      problems: [expect.stringMatching(/^map array \(1\): maps of type 77 are newer than this reader/)],
    })
  })

  it('whose keys mean something else are not searched', () => {
    const guest = new KernelGuest()
    addMap(guest, 'queue', 'bpf_queue_stack', { keySize: 0, members: { size: 5 }, extra: 20 })
    addMap(guest, 'prog_array', 'bpf_array', { extra: 32 })
    expect(entriesOf(guest)).toEqual({ told: [], problems: [] })
  })
})
