import { describe, expect, it, vi } from 'vitest'
import { Problems } from '../../src/problems.js'
import { addArray, addPerCpuArray, elementAt, perCpuSlot, setMap } from '../support/bpf-objects.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { bytesOf, hex, openMap, read, u32 } from './opened.js'

const wild = 0xffff800000001000n

describe('array maps', () => {
  it.each([
    [4, 3],
    [8, 1],
    [12, 600],
    [1, 5],
    [5000, 4],
  ])('with values of %i bytes give all of %i elements', (valueSize, maxEntries) => {
    const guest = new KernelGuest()
    const values = Array.from({ length: maxEntries }, (_, i) => bytesOf(i, valueSize))
    addArray(guest, { valueSize, maxEntries }, values)
    const map = openMap(guest)
    expect(map.type).toBe('array')
    expect(read(map)).toEqual({ entries: values.map((value, i) => [hex(u32(i)), hex(value)]), problems: [] })
  })

  it('give an element by its key, with its place in memory', () => {
    const guest = new KernelGuest()
    const address = addArray(guest, { valueSize: 12, maxEntries: 600 }, [])
    const last = elementAt(guest, address, 599, 12)
    guest.write(last, bytesOf(599, 12))
    const map = openMap(guest)
    expect(map.entry(599)?.value).toMatchObject({ bytes: bytesOf(599, 12), address: last })
    expect(map.entry(u32(599))?.key.bytes).toEqual(u32(599))
    expect(map.entry(600)).toBeUndefined()
    expect(map.entry(0xffffffff)).toBeUndefined()
    expect(map.get(599)).toEqual(bytesOf(599, 12))
  })

  it('give more entries than one batch holds', () => {
    const guest = new KernelGuest()
    const values = Array.from({ length: 150 }, (_, i) => bytesOf(i, 16384))
    addArray(guest, { valueSize: 16384, maxEntries: 150 }, values)
    const map = openMap(guest)
    const counts: number[] = []
    for (const { count } of map.batches()) counts.push(count)
    expect(counts.length).toBeGreaterThan(1)
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(150)
    expect(read(map).entries.map(([, value]) => value)).toEqual(values.map(hex))
  })

  it('leave out elements in a page that is missing, say which, and go on', () => {
    const guest = new KernelGuest()
    const values = Array.from({ length: 1000 }, (_, i) => bytesOf(i, 20))
    const address = addArray(guest, { valueSize: 20, maxEntries: 1000 }, values)
    const page = (elementAt(guest, address, 400, 20) & ~0xfffn) + 4096n
    guest.unmap(page)
    const { entries, problems } = read(openMap(guest))
    const gone = [...values.keys()].filter((i) => {
      const at = elementAt(guest, address, i, 20)
      return at + 20n > page && at < page + 4096n
    })
    expect(gone.length).toBeGreaterThan(150)
    expect(entries.map(([key]) => key)).toEqual(
      [...values.keys()].filter((i) => !gone.includes(i)).map((i) => hex(u32(i))),
    )
    // The element that only ends in the page, and those that start in it.
    const straddles = elementAt(guest, address, gone[0] ?? 0, 20) < page
    const reason = `page not present at 0x${page.toString(16)} (pte)`
    const first = gone[straddles ? 1 : 0] ?? 0
    const at = elementAt(guest, address, first, 20).toString(16)
    expect(problems).toEqual([
      ...(straddles ? [`element ${gone[0]}: ${reason}`] : []),
      `elements ${first} to ${gone.at(-1)}: page not present at 0x${at} (pte)`,
    ])
  })

  it('say so when a lookup hits the missing page', () => {
    const guest = new KernelGuest()
    const address = addArray(guest, { valueSize: 4096, maxEntries: 8 }, [])
    guest.unmap((elementAt(guest, address, 5, 4096) & ~0xfffn) + 4096n)
    const map = openMap(guest)
    expect(map.entry(1)).toBeDefined()
    expect(map.entry(5)).toBeUndefined()
  })

  it.each<[string, Record<string, number>, string]>([
    [
      '2^32 - 1 elements',
      { max_entries: 0xffffffff },
      '4294967295 entries of 16 bytes are more than memory holds',
    ],
    ['elements of 4 GiB', { value_size: 0xffffffff }, 'its elements lie 16 bytes apart and have 4294967295'],
  ])('that claim %s are not believed', (_, members, sentence) => {
    const guest = new KernelGuest()
    addArray(guest, { valueSize: 16, maxEntries: 2, members })
    const { entries, problems } = read(openMap(guest))
    expect(entries).toEqual([])
    expect(problems).toEqual([expect.stringContaining(sentence)])
  })

  it.each([0, 8, 0xffffffff])('whose elements lie %i bytes apart are not walked', (stride) => {
    const guest = new KernelGuest()
    const address = addArray(guest, { valueSize: 16, maxEntries: 2, members: { max_entries: 0xffffff } })
    guest.objects.set('bpf_array', address, { elem_size: stride })
    const { entries, problems } = read(openMap(guest))
    expect(entries).toEqual([])
    expect(problems).toHaveLength(1)
  })

  it('say once for a hole, not once for a page or an element, that it is missing', () => {
    const guest = new KernelGuest({ memory: 64 * 2 ** 20 })
    const address = addArray(guest, { valueSize: 8, maxEntries: 512 })
    guest.objects.set('bpf_map', address, { max_entries: 6_000_000 })
    const { problems, entries } = read(openMap(guest))
    expect(entries.length).toBeGreaterThanOrEqual(512)
    // The rest of a page table, and what has none.
    expect(problems).toEqual([
      expect.stringMatching(/^elements \d+ to \d+: page not present at \w+ \(pte\)$/),
      expect.stringMatching(/^elements \d+ to 5999999: page not present at \w+ \(pmd\)$/),
    ])
  })
})

describe('per-CPU arrays', () => {
  const elements = Array.from({ length: 5 }, (_, i) => [bytesOf(i, 16), bytesOf(i + 100, 16)])

  it('give a value for each possible CPU', () => {
    const guest = new KernelGuest({ cpus: [0, 3] })
    addPerCpuArray(guest, { valueSize: 16, maxEntries: 5 }, elements)
    const map = openMap(guest)
    expect(map.perCpu).toBe(true)
    expect(read(map)).toEqual({
      entries: elements.map((values, i) => [hex(u32(i)), values.map(hex).join(' ')]),
      problems: [],
    })
    const entry = map.entry(4)
    expect(entry?.value).toBeUndefined()
    expect(entry?.cpus?.map(({ cpu, bytes }) => [cpu, hex(bytes)])).toEqual([
      [0, hex(bytesOf(4, 16))],
      [3, hex(bytesOf(104, 16))],
    ])
    expect(map.get(4)).toEqual([bytesOf(4, 16), bytesOf(104, 16)])
    expect(map.entry(5)).toBeUndefined()
  })

  it('say where each value lies', () => {
    const guest = new KernelGuest()
    const address = addPerCpuArray(guest, { valueSize: 16, maxEntries: 5 }, elements)
    const pointer = Buffer.from(guest.bytesAt(perCpuSlot(guest, address, 2), 8)).readBigUInt64LE()
    const addresses = openMap(guest)
      .entry(2)
      ?.cpus?.map((value) => value.address)
    expect(addresses).toEqual(guest.cpus.map((cpu) => guest.perCpu(pointer, cpu)))
  })

  it('leave out elements whose pointer is null, wild or missing, say which, and go on', () => {
    const guest = new KernelGuest()
    const address = addPerCpuArray(guest, { valueSize: 16, maxEntries: 5 }, elements)
    guest.u64(perCpuSlot(guest, address, 1), 0n)
    guest.u64(perCpuSlot(guest, address, 3), wild)
    const { entries, problems } = read(openMap(guest))
    expect(entries.map(([key]) => key)).toEqual([0, 2, 4].map((i) => hex(u32(i))))
    expect(problems[0]).toBe('element 1: the pointer to its per-CPU values is null')
    expect(problems[1]).toMatch(/^element 3, CPU 0: .*(not present|canonical)/)
    expect(problems).toHaveLength(2)
  })

  it('say once for a page of pointers that it is missing', () => {
    const guest = new KernelGuest()
    const address = addPerCpuArray(guest, { valueSize: 8, maxEntries: 600 }, [])
    // Nothing else lies in the pages of the pointers.
    guest.alloc(8192)
    const page = (perCpuSlot(guest, address, 300) & ~0xfffn) + 4096n
    guest.unmap(page)
    const { entries, problems } = read(openMap(guest))
    const first = [...Array(600).keys()].findIndex((i) => perCpuSlot(guest, address, i) >= page)
    const last = [...Array(600).keys()].findLastIndex((i) => perCpuSlot(guest, address, i) < page + 4096n)
    expect(entries).toHaveLength(600 - (last - first + 1))
    expect(problems).toEqual([
      expect.stringContaining(
        `elements ${first} to ${last}: the pointer to its per-CPU values: page not present`,
      ),
    ])
  })

  it.each([
    ['2^32 - 1 elements', { max_entries: 0xffffffff }],
    ['values of 4 GiB', { value_size: 0xffffffff }],
  ])('that claim %s are not believed', (_, members) => {
    const guest = new KernelGuest()
    addPerCpuArray(guest, { valueSize: 16, maxEntries: 2, members }, [])
    const { entries, problems } = read(openMap(guest))
    expect(entries).toEqual([])
    expect(problems).toEqual([expect.stringContaining('are more than memory holds')])
  })
})

it('elements per CPU are left when 65,536 in a row have no values, which is said', () => {
  const guest = new KernelGuest({ memory: 8 * 2 ** 20 })
  const maxEntries = 70_000
  const map = guest.objects.make('bpf_array', {}, { extra: 8 * maxEntries })
  setMap(guest, map, 'percpu_array', { valueSize: 4, maxEntries })
  const problems = new Problems()
  const add = vi.spyOn(problems, 'add')
  expect([...openMap(guest).entries(problems)]).toEqual([])
  expect(add.mock.calls.slice(65_535)).toEqual([
    ['element 65535', 'the pointer to its per-CPU values is null'],
    ['elements', '65536 in a row are out of order: those behind element 65535 are not looked at'],
  ])
})
