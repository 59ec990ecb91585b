import { describe, expect, it } from 'vitest'
import { addHash, addProgram, hashValueAt } from '../../support/bpf-objects.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import {
  addMap,
  addWords,
  linkHlist,
  memberOf,
  pairs,
  readAgain,
  readWhole,
} from '../../support/map-objects.js'
import { mapTypes } from '../../support/map-structs.js'

/** A struct bpf_array of pointers. */
function table(guest: KernelGuest, type: keyof typeof mapTypes, pointers: readonly bigint[]): bigint {
  const map = addMap(guest, type, 'bpf_array', { maxEntries: pointers.length, extra: pointers.length * 8 })
  const slots = memberOf(guest, 'bpf_array', map, 'ptrs')
  for (const [i, pointer] of pointers.entries()) guest.u64(slots + BigInt(i * 8), pointer)
  return map
}

function device(guest: KernelGuest, name: string, ifindex: number): bigint {
  return guest.objects.make('net_device', { name, ifindex })
}

describe('tables of pointers', () => {
  it('of programs give ids and names', () => {
    const guest = new KernelGuest()
    const { address } = addProgram(guest, { id: 0x1234, name: 'jumps' })
    const { entries, problems } = readWhole(guest, table(guest, 'prog_array', [0n, 0n, address]))
    expect(pairs(entries)).toEqual([['02000000', '34120000']])
    expect(entries[0]?.value?.target).toMatchObject({
      kind: 'program',
      id: 0x1234,
      name: 'jumps',
      type: 'struct_ops',
    })
    expect(problems).toEqual([])
  })

  it('of maps lead to the maps', () => {
    const guest = new KernelGuest()
    const inner = addMap(guest, 'queue', 'bpf_queue_stack', { keySize: 0, members: { size: 5 }, extra: 20 })
    const { entries, map } = readWhole(guest, table(guest, 'array_of_maps', [inner, 0n]))
    expect(pairs(entries)).toEqual([['00000000', '01000000']])
    expect(entries[0]?.value?.target).toMatchObject({ kind: 'map', id: 1, name: 'queue', type: 'queue' })
    expect(map.inner(0)).toMatchObject({ id: 1, type: 'queue' })
    expect(map.inner(1)).toBeUndefined()
    expect(map.has(0)).toBe(true)
    expect(map.has(1)).toBe(false)
    expect(map.entry(2)).toBeUndefined()
  })

  it('keep a slot whose object cannot be read', () => {
    const guest = new KernelGuest()
    const wild = 0xffff_dead_0000_0000n
    for (const type of ['prog_array', 'array_of_maps', 'cgroup_array', 'perf_event_array'] as const) {
      table(guest, type, [wild, 0n])
    }
    const kernel = guest.kernel()
    for (const address of guest.maps.values()) {
      const { entries } = readAgain(kernel, address)
      expect(entries).toHaveLength(1)
      expect(entries[0]?.value).toMatchObject({
        hex: '00000000addeffff',
        target: { address: '0xffffdead00000000', problem: expect.stringContaining('not present') },
      })
    }
  })

  it('of cgroups give paths', () => {
    const guest = new KernelGuest()
    const { objects } = guest
    const root = objects.make('kernfs_node', { id: 1, name: text(guest, '') })
    const child = objects.make('kernfs_node', { id: 77, name: text(guest, 'system.slice'), __parent: root })
    const leaf = objects.make('kernfs_node', { id: 78, name: text(guest, 'ssh'), __parent: child })
    const cgroups = [root, child, leaf].map((kn) => objects.make('cgroup', { kn }))
    const { entries } = readWhole(guest, table(guest, 'cgroup_array', cgroups))
    expect(entries.map(({ value }) => value?.target)).toMatchObject([
      { kind: 'cgroup', id: 1, path: '/' },
      { kind: 'cgroup', id: 77, path: '/system.slice' },
      { kind: 'cgroup', id: 78, path: '/system.slice/ssh' },
    ])
  })

  it('of cgroups whose nodes loop say so', () => {
    const guest = new KernelGuest()
    const { objects } = guest
    const node = objects.make('kernfs_node', { id: 1 })
    objects.set('kernfs_node', node, { __parent: node })
    const map = table(guest, 'cgroup_array', [objects.make('cgroup', { kn: node })])
    const { entries, problems } = readWhole(guest, map)
    expect(entries[0]?.value?.target).toMatchObject({ kind: 'cgroup', id: 1 })
    expect(problems).toContainEqual(expect.stringMatching(/^path of cgroup 1: .* do not end/))
  })

  it('of perf events say what is counted, and where', () => {
    const guest = new KernelGuest()
    const { objects } = guest
    const entry = (type: number, config: number) => {
      const event = objects.make('perf_event', { cpu: -1, 'attr.type': type, 'attr.config': config })
      return objects.make('bpf_event_entry', { event })
    }
    const map = table(guest, 'perf_event_array', [entry(1, 10), entry(9, 0xabc)])
    expect(readWhole(guest, map).entries.map(({ value }) => value?.target)).toMatchObject([
      { kind: 'perf_event', type: 'software', config: 'bpf_output', cpu: -1 },
      { kind: 'perf_event', type: '9', config: '0xabc' },
    ])
  })

  it('of devices give interfaces, and the program of the slot', () => {
    const guest = new KernelGuest()
    const { objects } = guest
    const { address: xdp } = addProgram(guest, { id: 9, name: 'filter' })
    const plain = objects.make('bpf_dtab_netdev', { dev: device(guest, 'eth0', 2), 'val.ifindex': 2 })
    const filtered = objects.make('bpf_dtab_netdev', {
      dev: device(guest, 'eth1', 3),
      'val.ifindex': 3,
      'val.fd': 9,
      xdp_prog: xdp,
    })
    const netdev_map = addWords(guest, [plain, 0n, filtered])
    const map = addMap(guest, 'devmap', 'bpf_dtab', { valueSize: 8, maxEntries: 3, members: { netdev_map } })
    const { entries } = readWhole(guest, map)
    expect(pairs(entries)).toEqual([
      ['00000000', '0200000000000000'],
      ['02000000', '0300000009000000'],
    ])
    expect(entries.map(({ value }) => value?.target)).toMatchObject([
      { kind: 'net_device', ifindex: 2, name: 'eth0' },
      { kind: 'net_device', ifindex: 3, name: 'eth1', program: { id: 9, name: 'filter' } },
    ])
  })

  it('of CPUs give their queues', () => {
    const guest = new KernelGuest()
    const thread = guest.objects.make('task_struct', { pid: 12, tgid: 12, comm: 'cpumap/1/map:5' })
    const entry = guest.objects.make('bpf_cpu_map_entry', { cpu: 1, 'value.qsize': 192, kthread: thread })
    const cpu_map = addWords(guest, [0n, entry])
    const map = addMap(guest, 'cpumap', 'bpf_cpu_map', { valueSize: 4, maxEntries: 2, members: { cpu_map } })
    const { entries } = readWhole(guest, map)
    expect(pairs(entries)).toEqual([['01000000', 'c0000000']])
    expect(entries[0]?.value?.target).toMatchObject({
      kind: 'cpu',
      cpu: 1,
      queueSize: 192,
      thread: { pid: 12, comm: 'cpumap/1/map:5' },
    })
  })

  it('that claim more slots than memory has words are refused', () => {
    const guest = new KernelGuest()
    const map = table(guest, 'prog_array', [0n])
    guest.objects.set('bpf_map', map, { max_entries: 0xffffffff })
    expect(readWhole(guest, map).problems).toEqual([
      'map: 4294967295 entries of 8 bytes are more than memory holds',
    ])
  })

  it('whose page is missing say which slots', () => {
    const guest = new KernelGuest()
    const netdev_map = guest.allocPages(1)
    const map = addMap(guest, 'devmap', 'bpf_dtab', {
      valueSize: 4,
      maxEntries: 600,
      members: { netdev_map },
    })
    expect(readWhole(guest, map).problems).toEqual([
      expect.stringMatching(/^slots 512 to 599: page not present at 0x[0-9a-f]+ \(pte\)$/),
    ])
  })
})

describe('a hash of devices', () => {
  function hash(links: (nodes: readonly bigint[]) => readonly bigint[]) {
    const guest = new KernelGuest()
    const { objects } = guest
    const slots = [5, 13].map((idx) =>
      objects.make('bpf_dtab_netdev', { idx, dev: device(guest, `eth${idx}`, idx), 'val.ifindex': idx }),
    )
    const heads = addWords(guest, [0n, 0n, 0n, 0n])
    const nodes = slots.map((slot) => memberOf(guest, 'bpf_dtab_netdev', slot, 'index_hlist'))
    linkHlist(guest, heads + 8n, links(nodes))
    const map = addMap(guest, 'devmap_hash', 'bpf_dtab', {
      members: { dev_index_head: heads, n_buckets: 4, items: 2 },
    })
    return { guest, map, nodes, heads }
  }

  it('gives its devices by index', () => {
    const { guest, map } = hash((nodes) => nodes)
    const { entries, state, map: opened, problems } = readWhole(guest, map)
    expect(pairs(entries)).toEqual([
      ['05000000', '05000000'],
      ['0d000000', '0d000000'],
    ])
    expect(state).toEqual({ items: 2, buckets: 4 })
    expect(opened.entry(13)?.value?.target).toMatchObject({ name: 'eth13' })
    expect(opened.entry(6)).toBeUndefined()
    expect(problems).toEqual([])
  })

  it('that loops, and one whose chains join, end', () => {
    const looped = hash((nodes) => nodes)
    looped.guest.u64(looped.nodes[1] ?? 0n, looped.nodes[0] ?? 0n)
    const { entries, problems } = readWhole(looped.guest, looped.map)
    expect(entries).toHaveLength(2)
    expect(problems[0]).toMatch(/^bucket 1: hlist loops/)

    const joined = hash((nodes) => nodes)
    joined.guest.u64(joined.heads + 24n, joined.nodes[1] ?? 0n)
    const second = readWhole(joined.guest, joined.map)
    expect(second.entries).toHaveLength(2)
    expect(second.problems).toEqual(['bucket 3: it runs into a chain that was walked before'])
  })
})

describe('a hash of maps', () => {
  it('gives ids and leads to the maps', () => {
    const guest = new KernelGuest()
    const inner = addMap(guest, 'queue', 'bpf_queue_stack', { keySize: 0, members: { size: 5 }, extra: 20 })
    const pointer = new Uint8Array(BigUint64Array.of(inner).buffer)
    const keys = [7, 8].map((key) => new Uint8Array(Uint32Array.of(key).buffer))
    const hash = addHash(
      guest,
      { valueSize: 8, maxEntries: 4 },
      keys.map((key) => ({ key, value: pointer })),
    )
    guest.objects.set('bpf_map', hash.address, {
      map_type: mapTypes.hash_of_maps,
      value_size: 4,
      name: 'outer',
    })
    const { kernel, entries, map } = readWhole(guest, hash.address)
    expect(pairs(entries).sort()).toEqual([
      ['07000000', '01000000'],
      ['08000000', '01000000'],
    ])
    expect(map.inner(8)).toMatchObject({ id: 1, type: 'queue' })
    expect(map.inner(9)).toBeUndefined()

    const element = hash.chains.flat()[0] ?? 0n
    guest.u64(hashValueAt(guest, element, 4), 0xffff_dead_0000_0000n)
    const { entries: broken, problems } = readAgain(kernel, hash.address)
    expect(broken).toHaveLength(2)
    expect(problems[0]).toContain('page not present')
  })
})

function text(guest: KernelGuest, value: string): bigint {
  const at = guest.alloc(value.length + 1)
  guest.text(at, value)
  return at
}
