import { describe, expect, it } from 'vitest'
import { BpfMap } from '../../../src/bpf/map.js'
import { readMap } from '../../../src/bpf/map-info.js'
import { tableWords } from '../../../src/bpf/maps/words.js'
import { specialFields } from '../../../src/bpf/special-fields.js'
import { Problems, problemText } from '../../../src/problems.js'
import { BtfBuilder } from '../../btf/builder.js'
import { addArray, addBtf, addHash, addPerCpuArray } from '../../support/bpf-objects.js'
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
import { writeRbtree } from '../../support/structures.js'
import { bytesOf, hex, openMap, read, u32 } from '../opened.js'

const gone = 0xffff800000001000n
const wide = (value: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(value).buffer)

describe('a queue', () => {
  /** A ring of six elements of 2048 bytes: two to a page, the first page of which is missing. */
  function ring(type: 'queue' | 'stack', members: object, maxEntries = 5) {
    const guest = new KernelGuest()
    guest.alloc(0, 4096)
    const struct = guest.objects.sizeOf('bpf_queue_stack')
    const map = addMap(guest, type, 'bpf_queue_stack', {
      keySize: 0,
      valueSize: 2048,
      maxEntries,
      members: { size: 6, ...members },
      align: 4096,
      extra: 6 * 4096 - struct,
    })
    const elements = memberOf(guest, 'bpf_queue_stack', map, 'elements')
    for (let i = 0; i < 6; i++) guest.write(elements + BigInt(i * 2048), new Uint8Array(2048).fill(i + 1))
    return { guest, map, elements }
  }
  const numbers = (entries: readonly { value?: { hex: string } }[]) =>
    entries.map(({ value }) => Number.parseInt(value?.hex.slice(0, 2) ?? '', 16) - 1)

  it('has elements larger than a page has room for, in its order', () => {
    for (const [type, order] of [
      ['queue', [4, 5, 0]],
      ['stack', [0, 5, 4]],
    ] as const) {
      const { guest, map } = ring(type, { head: 1, tail: 4 })
      const { entries, problems } = readWhole(guest, map)
      expect([numbers(entries), problems]).toEqual([order, []])
    }
  })

  it('goes on behind an element that is not there, and says which by its place in the order', () => {
    const { guest, map, elements } = ring('queue', { head: 5, tail: 0 })
    const page = (elements & ~0xfffn) + 4096n
    guest.unmap(page)
    const { entries, problems } = readWhole(guest, map)
    // The second page has the end of element 1, all of 2 and the start of 3.
    expect(numbers(entries)).toEqual([0, 4])
    const at = (address: bigint) => `page not present at 0x${address.toString(16)} (pte)`
    expect(problems).toEqual([
      // It begins on a page that is there.
      `element 1: ${at(page)}`,
      `element 2: ${at(elements + 4096n)}`,
      `element 3: ${at(elements + 6144n)}`,
    ])
  })

  it('may be filled to its last element but one', () => {
    const { guest, map } = ring('queue', { head: 5, tail: 0 })
    expect(readWhole(guest, map).state).toEqual({ length: 5, head: 5, tail: 0, size: 6 })
    const last = ring('queue', { head: 0, tail: 5 })
    expect(readWhole(last.guest, last.map).state).toMatchObject({ length: 1 })
    for (const members of [{ head: 6 }, { tail: 6 }]) {
      const wrong = ring('queue', members)
      expect(readWhole(wrong.guest, wrong.map)).toMatchObject({
        state: {},
        problems: [expect.stringMatching(/do not fit a ring of 6 elements$/)],
      })
    }
    const other = ring('queue', {}, 6)
    expect(readWhole(other.guest, other.map).problems[0]).toBe(
      'map: its head 0 and tail 0 do not fit a ring of 6 elements',
    )
  })
})

describe('a ring buffer', () => {
  const size = 4096
  function ring(
    positions: object,
    lengths: readonly number[],
    type: 'ringbuf' | 'user_ringbuf' = 'ringbuf',
    start = 0,
  ) {
    const guest = new KernelGuest()
    const rb = guest.alloc(guest.objects.sizeOf('bpf_ringbuf') + size, 4096)
    const data = memberOf(guest, 'bpf_ringbuf', rb, 'data')
    let at = start
    for (const length of lengths) {
      const header = data + BigInt(at % size)
      guest.u32(header, length)
      guest.u32(header + 4n, Number((header - rb) >> 12n))
      at += 8 + Math.ceil(length / 8) * 8
    }
    guest.objects.set('bpf_ringbuf', rb, {
      mask: size - 1,
      consumer_pos: start,
      producer_pos: at,
      pending_pos: start,
      ...positions,
    })
    const map = addMap(guest, type, 'bpf_ringbuf_map', { keySize: 0, valueSize: 0, members: { rb } })
    return { guest, map, data, rb }
  }

  it('may be full to its last byte', () => {
    const { guest, map, data } = ring({}, [2040, 2040])
    const { entries, problems, map: opened } = readWhole(guest, map)
    expect(problems).toEqual([])
    expect(entries.map(({ notes }) => notes)).toEqual([
      { position: 0, length: 2040, busy: false, discarded: false, wrapped: false },
      { position: 2048, length: 2040, busy: false, discarded: false, wrapped: false },
    ])
    expect([...opened.entries()].map(({ value }) => value?.address)).toEqual([data + 8n, data + 2056n])
    const over = ring({ producer_pos: size + 8 }, [])
    expect(readWhole(over.guest, over.map).problems).toEqual([
      'ring: a consumer at 0 and a producer at 4104 do not fit 4096 bytes',
    ])
  })

  it('has records that go on at its start', () => {
    const { guest, map, data } = ring({}, [8, 24], 'ringbuf', size - 32)
    for (const [n, at] of [size - 8, 0, 8].entries()) guest.u64(data + BigInt(at), BigInt(n + 1))
    const { entries, map: opened } = readWhole(guest, map)
    expect(entries[1]?.value?.hex).toBe(['01', '02', '03'].map((byte) => `${byte}${'00'.repeat(7)}`).join(''))
    expect(entries.map(({ notes }) => [notes?.position, notes?.wrapped])).toEqual([
      [size - 32, false],
      [size - 16, true],
    ])
    expect([...opened.entries()][1]?.value?.address).toBe(data + BigInt(size - 8))
  })

  it('may be busy where user space is the producer, and has no pending position then', () => {
    const { guest, map } = ring({ busy: 1 }, [8], 'user_ringbuf')
    const { state } = readWhole(guest, map)
    expect(state).toMatchObject({ busy: true, unconsumed: 16 })
    expect(state).not.toHaveProperty('pendingPosition')
    const kernels = ring({ busy: 1, pending_pos: 8 }, [8])
    const other = readWhole(kernels.guest, kernels.map).state
    expect(other).toMatchObject({ pendingPosition: 8 })
    expect(other).not.toHaveProperty('busy')
    expect(other).not.toHaveProperty('overwritePosition')
  })

  it('has positions that are multiples of 8, whoever wrote them', () => {
    const { guest, map } = ring({ producer_pos: 20 }, [8], 'user_ringbuf')
    expect(readWhole(guest, map).problems).toEqual([
      'ring: its positions are not multiples of 8: user space wrote a wrong producer position',
    ])
  })

  it('has not dropped what the consumer has had', () => {
    const { guest, map } = ring({ overwrite_mode: true, overwrite_pos: 0, consumer_pos: 16 }, [8, 8])
    expect(readWhole(guest, map).entries.map(({ notes }) => notes?.position)).toEqual([16])
  })
})

describe('words of a table', () => {
  const words = (count: number, stride: number, at: bigint | undefined, guest = new KernelGuest()) => {
    const table = at ?? guest.alloc(count * stride)
    const problems = new Problems()
    return {
      guest,
      table,
      found: () => [...tableWords(guest.kernel(), table, count, 'slot', problems, stride)],
      problems,
    }
  }

  it('lie as far apart as is told, and those that are 0 are none', () => {
    const { guest, table, found, problems } = words(300, 24, undefined)
    for (const index of [0, 1, 170, 171, 299]) guest.u64(table + BigInt(index * 24), BigInt(index + 1))
    guest.u64(table + 24n * 5n + 8n, 99n)
    expect(found().map(({ index, value, address }) => [index, value, address - table])).toEqual(
      [0, 1, 170, 171, 299].map((index) => [index, BigInt(index + 1), BigInt(index * 24)]),
    )
    expect(problems.list).toEqual([])
  })

  it('are left when 65,536 in a row brought problems, and those without are counted out', () => {
    const guest = new KernelGuest({ memory: 8 * 2 ** 20 })
    const { table, problems } = words(70_000, 8, undefined, guest)
    for (let i = 0; i < 70_000; i++) guest.u64(table + BigInt(i * 8), 1n)
    const walked = (isBad: (index: number) => boolean): number => {
      let last = -1
      for (const { index } of tableWords(guest.kernel(), table, 70_000, 'slot', problems)) {
        if (isBad(index)) problems.add(`slot ${index}`, 'it leads nowhere')
        last = index
      }
      return last
    }
    expect(walked((index) => index !== 3000)).toBe(3000 + 65_536)
    expect(walked((index) => index % 60_000 !== 0)).toBe(69_999)
    expect(walked(() => true)).toBe(65_535)
  })

  it('that are missing are named, one alone in the singular', () => {
    const guest = new KernelGuest()
    const table = guest.allocPages(1)
    const one = words(513, 8, table, guest)
    expect(one.found()).toEqual([])
    expect(one.problems.sentences).toEqual([expect.stringMatching(/^slot 512: page not present/)])
    const two = words(514, 8, table, guest)
    two.found()
    expect(two.problems.sentences).toEqual([expect.stringMatching(/^slots 512 to 513: page not present/)])
  })

  it('are not looked for where memory has no room for them', () => {
    const bytes = 8 * 2 ** 20
    const most = words(bytes / 8, 8, gone)
    most.found()
    expect(most.problems.sentences[0]).toMatch(/^slots 0 to /)
    const more = words(bytes / 8 + 1, 8, gone)
    expect(more.found()).toEqual([])
    expect(more.problems.sentences).toEqual([`map: ${bytes / 8 + 1} slots are more than memory holds`])
  })
})

describe('a hash of maps', () => {
  function outer(keySize: number, buckets: number) {
    const guest = new KernelGuest()
    const inner = [1, 2, 3].map((n) =>
      addArray(guest, { id: 100 + n, name: `in_${n}`, valueSize: 8, maxEntries: 1 }),
    )
    const keys = inner.map((_, n) => bytesOf(n + 40, keySize))
    const { address } = addHash(
      guest,
      { keySize, valueSize: 8, maxEntries: 8, buckets },
      inner.map((map, n) => ({ key: keys[n] as Uint8Array, value: wide(map) })),
    )
    guest.objects.set('bpf_map', address, { map_type: mapTypes.hash_of_maps, value_size: 4 })
    return { guest, address, keys, inner }
  }

  it.each([
    [4, 1],
    [6, 2],
    [16, 1],
  ])('has the id of each by its key of %d bytes, in %d buckets', (keySize, buckets) => {
    const { guest, address, keys } = outer(keySize, buckets)
    const { entries, map, state, problems } = readWhole(guest, address)
    expect(pairs(entries).sort()).toEqual(keys.map((key, n) => [hex(key), hex(u32(101 + n))]).sort())
    expect(keys.map((key) => map.inner(key)?.id)).toEqual([101, 102, 103])
    expect(map.inner(bytesOf(7, keySize))).toBeUndefined()
    expect([state, problems]).toEqual([{}, []])
  })

  it('has the pointer itself where the map behind it cannot be read', () => {
    const { guest, address, keys } = outer(4, 1)
    const counters = guest.allocPerCpu(8)
    for (const cpu of guest.cpus) guest.u64(guest.perCpu(counters, cpu), 3n)
    guest.objects.set('bpf_map', address, { elem_count: counters })
    const broken = outer(4, 1)
    const { kernel } = readWhole(guest, address)
    expect(readAgain(kernel, address).state).toEqual({ elements: 6 })
    const made = addHash(broken.guest, { keySize: 4, valueSize: 8, maxEntries: 8 }, [
      { key: keys[0] as Uint8Array, value: wide(gone) },
    ])
    broken.guest.objects.set('bpf_map', made.address, { map_type: mapTypes.hash_of_maps, value_size: 4 })
    const { entries, problems } = readWhole(broken.guest, made.address)
    expect(entries[0]?.value).toMatchObject({ hex: hex(wide(gone)), target: { kind: 'map' } })
    expect(problems).toEqual([
      expect.stringMatching(new RegExp(`^key ${hex(keys[0] as Uint8Array)}: page not`)),
    ])
  })
})

describe('a hash', () => {
  it('says how many elements and buckets it has', () => {
    const guest = new KernelGuest()
    const { address } = addHash(guest, { valueSize: 8, maxEntries: 4, buckets: 8 }, [])
    const counters = guest.allocPerCpu(8)
    guest.u64(guest.perCpu(counters, 0), 7n)
    guest.objects.set('bpf_map', address, { elem_count: counters })
    expect(readWhole(guest, address).state).toEqual({ elements: 7, buckets: 8 })
  })

  it('of large values comes in several batches', () => {
    const guest = new KernelGuest()
    const entries = Array.from({ length: 90 }, (_, n) => ({ key: u32(n), value: bytesOf(n, 20_000) }))
    addHash(guest, { valueSize: 20_000, maxEntries: 90 }, entries)
    const map = openMap(guest)
    const counts: number[] = []
    for (const { count } of map.batches()) counts.push(count)
    // A batch is 1 MiB at most.
    expect([counts[0], counts.reduce((sum, count) => sum + count, 0)]).toEqual([52, 90])
    expect(read(map).entries.sort()).toEqual(entries.map(({ key, value }) => [hex(key), hex(value)]).sort())
  })
})

describe('entries that come one by one', () => {
  const typed = (guest: KernelGuest, map: bigint, value?: 'u32' | 'pair') => {
    const b = new BtfBuilder()
    const word = b.int('unsigned int', 4)
    const pair = b.struct('pair', [
      { name: 'a', type: word },
      { name: 'b', type: word },
    ])
    const btf = addBtf(guest, 3, b.build())
    guest.objects.set('bpf_map', map, {
      btf,
      btf_key_type_id: word,
      ...(value && { btf_value_type_id: value === 'u32' ? word : pair }),
    })
  }

  it('have keys and values by their types', () => {
    const guest = new KernelGuest()
    const map = addMap(guest, 'cpumap', 'bpf_cpu_map', {
      valueSize: 8,
      maxEntries: 2,
      members: {
        cpu_map: addWords(guest, [
          0n,
          guest.objects.make('bpf_cpu_map_entry', { cpu: 1, 'value.qsize': 64, 'value.fd': 9 }),
        ]),
      },
    })
    typed(guest, map, 'pair')
    const { entries, map: opened } = readWhole(guest, map)
    expect(entries[0]).toMatchObject({
      key: { hex: '01000000', value: 1 },
      value: { hex: '4000000009000000', value: { a: 64, b: 9 } },
    })
    expect(opened.entry(1)?.key.json).toBe(1)
    expect(opened.get(1)).toMatchObject({ a: 64, b: 9 })
    expect(JSON.parse(opened.entryJson(1) ?? '')).toEqual(entries[0])
  })

  it('have no value by type where a slot shows something else', () => {
    const guest = new KernelGuest()
    const map = addMap(guest, 'cgroup_array', 'bpf_array', { maxEntries: 1, extra: 8 })
    guest.u64(memberOf(guest, 'bpf_array', map, 'ptrs'), gone)
    typed(guest, map, 'u32')
    const { entries, map: opened } = readWhole(guest, map)
    expect(entries[0]?.key).toEqual({ hex: '00000000', value: 0 })
    expect(entries[0]?.value).not.toHaveProperty('value')
    expect(opened.get(0)).toEqual(wide(gone))
  })

  it('of owners have no key by type', () => {
    const guest = new KernelGuest()
    const { objects } = guest
    const buckets = objects.make('bpf_local_storage_map_bucket')
    const map = addMap(guest, 'task_storage', 'bpf_local_storage_map', {
      maxEntries: 0,
      members: { buckets },
    })
    const owner = objects.make('task_struct', { pid: 5, tgid: 5 })
    const stored = objects.make(
      'bpf_local_storage_elem',
      { local_storage: objects.make('bpf_local_storage', { owner }), 'sdata.smap': map },
      { extra: 8 },
    )
    linkHlist(guest, memberOf(guest, 'bpf_local_storage_map_bucket', buckets, 'list'), [
      memberOf(guest, 'bpf_local_storage_elem', stored, 'map_node'),
    ])
    typed(guest, map, 'u32')
    const { entries, map: opened } = readWhole(guest, map)
    expect(entries[0]?.key).toEqual({ hex: hex(wide(owner)), owner: expect.objectContaining({ pid: 5 }) })
    expect(entries[0]?.value).toEqual({ hex: '00000000', value: 0 })
    expect(opened.get(5)).toBe(0)
  })
})

describe('storage of a cgroup, of the older kind', () => {
  const storage = (keySize: number, attach_type: number) => {
    const guest = new KernelGuest()
    const { objects } = guest
    const map = addMap(guest, 'cgroup_storage_deprecated', 'bpf_cgroup_storage_map', {
      keySize,
      maxEntries: 0,
    })
    const root = objects.make('kernfs_root')
    objects.set('cgroup_root', guest.global('cgrp_dfl_root', objects.sizeOf('cgroup_root')), {
      kf_root: root,
    })
    const buf = objects.make('bpf_storage_buffer', {}, { extra: 8 })
    const at = objects.make('bpf_cgroup_storage', {
      buf,
      'key.cgroup_inode_id': 5,
      'key.attach_type': attach_type,
    })
    writeRbtree(guest, memberOf(guest, 'bpf_cgroup_storage_map', map, 'root'), [
      memberOf(guest, 'bpf_cgroup_storage', at, 'node'),
    ])
    return readWhole(guest, map).entries[0]?.notes
  }

  it('is of one way of attaching, unless its key is the cgroup alone', () => {
    expect(storage(16, 24)).toEqual({ cgroupId: 5, attachType: 'trace_fentry' })
    expect(storage(16, 99)).toEqual({ cgroupId: 5, attachType: '99' })
    expect(storage(8, 24)).toEqual({ cgroupId: 5 })
  })
})

describe('types of a map', () => {
  it('are those with ids that its BTF has', () => {
    const guest = new KernelGuest()
    const b = new BtfBuilder()
    const word = b.int('unsigned int', 4)
    const beyond = word + 1
    const btf = addBtf(guest, 3, b.build())
    const map = addArray(guest, {
      valueSize: 4,
      maxEntries: 1,
      members: { btf, btf_key_type_id: word, btf_value_type_id: beyond },
    })
    const info = readMap(guest.kernel(), map)
    expect(info.keyType?.name).toBe('unsigned int')
    expect(info.valueType).toBeUndefined()
    expect(info.problems.map(problemText)).toEqual([])
  })
})

describe('a per-CPU array', () => {
  it('says which pointers are missing, once for a page', () => {
    const guest = new KernelGuest()
    // The first two pointers are the last words of a page.
    guest.alloc(0, 4096)
    guest.alloc(4096 - 16 - guest.objects.offsetOf('bpf_array', 'pptrs'))
    const map = addPerCpuArray(guest, { valueSize: 8, maxEntries: 1 }, [[u32(1), u32(2)]])
    const slots = memberOf(guest, 'bpf_array', map, 'pptrs')
    const first = 2
    guest.objects.set('bpf_map', map, { max_entries: first + 600 })
    guest.alloc(4096, 4096)
    guest.unmap((slots & ~0xfffn) + 4096n)
    const { entries, problems } = readWhole(guest, map)
    expect(entries).toHaveLength(1)
    expect(problems).toContainEqual(
      expect.stringMatching(
        new RegExp(
          `^elements ${first} to ${first + 511}: the pointer to its per-CPU values: page not present`,
        ),
      ),
    )
  })
})

describe('a value of several pages', () => {
  /** Its last page is missing, in a map that has one at least. */
  const last = (add: (guest: KernelGuest, large: Uint8Array) => bigint | undefined) => {
    const guest = new KernelGuest()
    guest.alloc(0, 4096)
    const at = add(guest, bytesOf(3, 9000))
    const page = ((at ?? 0n) + 8999n) & ~0xfffn
    guest.unmap(page)
    guest.alloc(8192, 4096)
    return {
      problems: read(openMap(guest)).problems,
      page: `page not present at 0x${page.toString(16)} (pte)`,
    }
  }

  it('is left out for the page that it lacks, not for the one that it begins on', () => {
    const array = last((guest, large) => {
      const map = addArray(guest, { valueSize: 9000, maxEntries: 1 }, [large])
      guest.alloc(8192, 4096)
      return map + BigInt(guest.objects.offsetOf('bpf_array', 'value'))
    })
    expect(array.problems).toEqual([`element 0: ${array.page}`])
    const perCpu = last((guest, large) => {
      const map = addPerCpuArray(guest, { valueSize: 9000, maxEntries: 1 }, [[large, large]])
      const slot = memberOf(guest, 'bpf_array', map, 'pptrs')
      const pointer = Buffer.from(guest.bytesAt(slot, 8)).readBigUInt64LE()
      return guest.perCpu(pointer, 2)
    })
    expect(perCpu.problems).toEqual([`element 0, CPU 2: ${perCpu.page}`])
  })
})

describe('special fields of a map', () => {
  const fields = (record: (guest: KernelGuest) => bigint) => {
    const guest = new KernelGuest()
    const map = addArray(guest, { valueSize: 8, maxEntries: 1, members: { record: record(guest) } })
    return specialFields(guest.kernel(), map)
  }

  it('are none where it has no record, or an error in place of one', () => {
    const without = { struct: () => ({ has: () => false }) } as unknown as Parameters<typeof specialFields>[0]
    expect(specialFields(without, 0n)).toEqual([])
    expect(fields(() => 0n)).toEqual([])
    // MAX_ERRNO is 4095.
    for (const error of [-1n, -4095n]) expect(fields(() => BigInt.asUintN(64, error))).toEqual([])
    expect(() => fields(() => BigInt.asUintN(64, -4096n))).toThrow('not present')
  })

  it('have types that their BTF has, and none where it cannot be read', () => {
    const b = new BtfBuilder()
    const word = b.int('unsigned int', 4)
    const bytes = b.build()
    const typeOf = (change: (btf: bigint) => object) =>
      fields((guest) => {
        const btf = addBtf(guest, 3, bytes)
        const record = guest.objects.make(
          'btf_record',
          { cnt: 1 },
          { extra: guest.objects.sizeOf('btf_field') },
        )
        const field = record + BigInt(guest.objects.offsetOf('btf_record', 'fields'))
        guest.objects.set('btf_field', field, { type: 8, size: 8, ...change(btf) })
        return record
      })[0]?.type?.name
    expect(typeOf((btf) => ({ 'kptr.btf': btf, 'kptr.btf_id': word }))).toBe('unsigned int')
    for (const id of [0, word + 1])
      expect(typeOf((btf) => ({ 'kptr.btf': btf, 'kptr.btf_id': id }))).toBeUndefined()
    expect(typeOf(() => ({ 'kptr.btf': gone, 'kptr.btf_id': word }))).toBeUndefined()
  })
})

it('an entry that a batch told of is read anew where it lies', () => {
  const guest = new KernelGuest()
  addArray(guest, { id: 1, name: 'a', valueSize: 4, maxEntries: 2 }, [u32(1), u32(2)])
  const map = openMap(guest)
  const [first, second] = [0, 1].map((key) => map.entry(key)?.value?.address ?? 0n)
  const entry = map.entryAt(u32(7), [second ?? 0n])
  expect([hex(entry.key.bytes), entry.value?.bytes]).toEqual(['07000000', u32(2)])
  guest.u32(second ?? 0n, 9)
  expect(entry.value?.bytes).toEqual(u32(2))
  expect(
    new BpfMap(guest.kernel(), map.info, new Problems()).entryAt(u32(0), [first ?? 0n]).value?.bytes,
  ).toEqual(u32(1))
})
