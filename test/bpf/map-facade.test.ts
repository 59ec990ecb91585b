import { describe, expect, it } from 'vitest'
import { BpfMap } from '../../src/bpf/map.js'
import { readMap } from '../../src/bpf/map-info.js'
import { elementCount } from '../../src/bpf/maps/element-count.js'
import { Problems } from '../../src/problems.js'
import { addArray, addHash, addPerCpuArray } from '../support/bpf-objects.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { kernelTypes } from '../support/kernel-types.js'
import { addMap } from '../support/map-objects.js'
import { openMap, u32 } from './opened.js'

const word = kernelTypes.find('task_struct', 'struct')

function array(valueSize = 8, members = {}): BpfMap {
  const guest = new KernelGuest()
  addArray(guest, { id: 1, name: 'numbers', valueSize, maxEntries: 3, members }, [u32(5), u32(6), u32(7)])
  return openMap(guest)
}

/** A map that says of itself what a test wants. */
function changed(map: BpfMap, kernel: ConstructorParameters<typeof BpfMap>[0], info: object): BpfMap {
  return new BpfMap(kernel, { ...map.info, ...info }, new Problems())
}

describe('keys', () => {
  const map = array()

  it('without a type are numbers that fit, or bytes', () => {
    expect(map.entry(1)?.value?.bytes[0]).toBe(6)
    expect(map.entry(1n)?.value?.bytes[0]).toBe(6)
    expect(map.entry(u32(2))?.value?.bytes[0]).toBe(7)
    expect(map.entry(3)).toBeUndefined()
    expect(map.keyBytes(2 ** 32 - 1)).toEqual(u32(2 ** 32 - 1))
    for (const wrong of [-1, 2 ** 32, 0.5, 2 ** 53, '1', undefined, null])
      expect(() => map.keyBytes(wrong)).toThrow(
        'keys of map numbers have no type; give them as 4 bytes of hex',
      )
    expect(() => map.keyBytes(Uint8Array.of(1))).toThrow('keys of map numbers have 4 bytes, 1 were given')
  })

  it('of no size need none', () => {
    const guest = new KernelGuest()
    const address = addMap(guest, 'queue', 'bpf_queue_stack', { keySize: 0, members: { size: 5 }, extra: 20 })
    const kernel = guest.kernel()
    const queue = new BpfMap(kernel, readMap(kernel, address), new Problems())
    expect([queue.keyBytes(undefined), queue.keyBytes(null)]).toEqual([new Uint8Array(), new Uint8Array()])
    expect(() => queue.keyBytes(1)).toThrow('have no type')
    expect(() => changed(queue, kernel, { keySize: 9 }).keyBytes(1)).toThrow('give them as 9 bytes of hex')
    expect(changed(queue, kernel, { keySize: 8 }).keyBytes(1n << 63n)).toHaveLength(8)
  })
})

describe('keys that are owners', () => {
  const guest = new KernelGuest()
  const address = addMap(guest, 'task_storage', 'bpf_local_storage_map', { keySize: 4, valueSize: 8 })
  const kernel = guest.kernel()
  const map = new BpfMap(kernel, readMap(kernel, address), new Problems())

  it('are their addresses, as numbers or bytes', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
    expect(map.keyBytes(bytes)).toBe(bytes)
    expect(map.keyBytes(0xffff_8880_0000_1000n)).toEqual(Uint8Array.of(0, 0x10, 0, 0, 0x80, 0x88, 0xff, 0xff))
  })

  it('are file descriptors else, which have the size that the map says', () => {
    expect(map.keyBytes(5)).toEqual(u32(5))
    expect(map.keyBytes(u32(7))).toEqual(u32(7))
    expect(() => map.keyBytes(Uint8Array.of(1, 2))).toThrow(
      'keys of map task_storage have 4 bytes, 2 were given',
    )
    // Keys that programs choose have no addresses in them.
    expect(() => array().keyBytes(new Uint8Array(8))).toThrow(
      'keys of map numbers have 4 bytes, 8 were given',
    )
  })
})

describe('where a value lies', () => {
  it('is told for what has a type and a place', () => {
    const guest = new KernelGuest()
    const address = addArray(guest, { id: 1, name: 'numbers', valueSize: 8, maxEntries: 3 }, [u32(5)])
    const kernel = guest.kernel()
    const bare = new BpfMap(kernel, readMap(kernel, address), new Problems())
    expect(() => bare.valuePlace(0)).toThrow(
      'values of map numbers cannot be written: they have no type or no place',
    )
    expect(() => bare.valuePlace(3)).toThrow('map numbers has no such key')
    const typed = changed(bare, kernel, { valueType: word })
    expect(typed.valuePlace(1)).toEqual({ address: typed.entry(1)?.value?.address, type: word })
    expect(typed.variables).toBeUndefined()
    expect(typed.cpus).toEqual(kernel.cpus.possible)
  })

  it('of a CPU is asked by the CPU', () => {
    const guest = new KernelGuest()
    addPerCpuArray(guest, { id: 1, name: 'counts', valueSize: 8, maxEntries: 1 }, [[u32(1), u32(2)]])
    const map = openMap(guest)
    expect(map.perCpu).toBe(true)
    expect(() => map.valuePlace(0)).toThrow('map counts is per CPU; say which: { map, key, cpu: 0 }')
    expect(() => map.valuePlace(0, 99)).toThrow('cannot be written')
    const kernel = guest.kernel()
    const typed = changed(map, kernel, { valueType: word })
    const cpus = typed.entry(0)?.cpus ?? []
    expect(cpus.map(({ cpu }) => typed.valuePlace(0, cpu).address)).toEqual(
      cpus.map(({ address }) => address),
    )
    expect(typed.get(0)).toHaveLength(cpus.length)
  })

  it('is kept by what has seen it, and read anew', () => {
    const map = array(4)
    const entry = map.entry(1)
    const again = map.entryAt(u32(1), [entry?.value?.address ?? 0n])
    expect(Buffer.from(again.value?.bytes ?? []).readUInt32LE()).toBe(6)
  })
})

describe('entries', () => {
  it('are as many as are asked for', () => {
    const map = array()
    expect([...map.json(0)]).toEqual([])
    expect([...map.json(2)]).toHaveLength(2)
    expect([...map.json()]).toHaveLength(3)
    expect(JSON.parse(map.entryJson(2) ?? '')).toMatchObject({ key: { hex: '02000000' } })
    expect(map.entryJson(3)).toBeUndefined()
    const guest = new KernelGuest()
    const address = addMap(guest, 'queue', 'bpf_queue_stack', {
      keySize: 0,
      members: { size: 5, head: 3 },
      extra: 20,
    })
    const kernel = guest.kernel()
    const queue = new BpfMap(kernel, readMap(kernel, address), new Problems())
    expect([...queue.json(2)]).toHaveLength(2)
    expect([...queue.json(0)]).toEqual([])
  })

  it('of one by one readers come in no batches', () => {
    const guest = new KernelGuest()
    const address = addMap(guest, 'array_of_maps', 'bpf_array', { maxEntries: 1, extra: 8 })
    const kernel = guest.kernel()
    const map = new BpfMap(kernel, readMap(kernel, address), new Problems())
    expect(map.isPacked).toBe(false)
    expect(array().isPacked).toBe(true)
    expect(() => map.batches()).toThrow(
      'entries of an array_of_maps map do not come in batches: use entries()',
    )
    expect([...map.json()]).toEqual([])
    expect(map.inner(0)).toBeUndefined()
    expect(map.entryJson(0)).toBeUndefined()
    // A key or value that no kernel makes.
    const limit = 4 * 2 ** 20
    for (const sizes of [{ keySize: limit + 1 }, { valueSize: limit + 1 }]) {
      const problems = new Problems()
      const wrong = new BpfMap(kernel, { ...map.info, ...sizes }, problems)
      expect([...wrong.entries()]).toEqual([])
      expect(problems.sentences.join()).toMatch(
        /^map: map array_of_maps claims keys of \d+ and values of \d+ bytes, which cannot be$/,
      )
    }
    expect(() => changed(map, kernel, { valueSize: limit + 1 }).entry(0)).toThrow('which cannot be')
    expect(changed(map, kernel, { valueSize: limit }).entry(0)).toBeUndefined()
  })

  it('are there or not', () => {
    const map = array()
    expect([map.has(0), map.has(3)]).toEqual([true, false])
  })
})

describe('a map of a type that is newer', () => {
  function unknown(structure: 'struct' | 'none' | 'wild') {
    const guest = new KernelGuest()
    const address = addArray(guest, { id: 1, name: 'new', valueSize: 8, maxEntries: 1 })
    guest.objects.set('bpf_map', address, { map_type: 77 })
    if (structure !== 'none') {
      const id = guest.alloc(8)
      guest.u32(id, structure === 'wild' ? 2 ** 31 : (kernelTypes.findStruct('bpf_array')?.id ?? 0))
      const ops = guest.global('new_map_ops', 64)
      guest.objects.set('bpf_map_ops', ops, { map_btf_id: id })
      guest.objects.set('bpf_map', address, { ops })
    }
    const kernel = guest.kernel()
    const problems = new Problems()
    return { map: new BpfMap(kernel, readMap(kernel, address), problems), problems, address }
  }
  const reason =
    'maps of type 77 are newer than this reader: how entries are stored is not known here; the bytes of the map itself are in its state'

  it('says so, and shows its bytes', () => {
    const { map, problems } = unknown('none')
    expect(map.unsupported).toBe(reason)
    expect([map.perCpu, map.keys, map.isPacked]).toEqual([false, undefined, false])
    expect(map.state(problems)).toMatchObject({ reason, structure: undefined, operations: undefined })
    expect(String(map.state(problems).hex)).toHaveLength(1024)
    expect(() => map.entry(0)).toThrow(reason)
    expect(() => map.batches()).toThrow(reason)
    expect(array().unsupported).toBeUndefined()
  })

  it('is as large as the kernel says, as far as that can be', () => {
    const { map, problems } = unknown('struct')
    const size = kernelTypes.findStruct('bpf_array')?.size ?? 0
    expect(map.state(problems)).toMatchObject({ structure: 'struct bpf_array', operations: 'new_map_ops' })
    expect(String(map.state(problems).hex)).toHaveLength(size * 2)
    expect(unknown('wild').map.state(problems)).toMatchObject({
      structure: undefined,
      operations: 'new_map_ops',
    })
    expect(problems.list).toEqual([])
  })
})

describe('elements that the kernel counts', () => {
  it('are the sum of all CPUs, where there is a count', () => {
    const guest = new KernelGuest()
    const { address } = addHash(guest, { valueSize: 8, maxEntries: 4 }, [])
    const kernel = guest.kernel()
    const info = readMap(kernel, address)
    expect(elementCount(kernel, info)).toBeUndefined()
    const counters = guest.allocPerCpu(8)
    guest.objects.set('bpf_map', address, { elem_count: counters })
    // One CPU puts in what another takes out.
    for (const [n, cpu] of guest.cpus.entries()) guest.u64(guest.perCpu(counters, cpu), n === 0 ? -2n : 5n)
    expect(elementCount(guest.kernel(), info)).toBe(BigInt(5 * (guest.cpus.length - 1) - 2))
    expect(guest.cpus.length).toBeGreaterThan(1)
  })
})
