import { describe, expect, it } from 'vitest'
import { BpfMap } from '../../../src/bpf/map.js'
import { readMap } from '../../../src/bpf/map-info.js'
import { Problems } from '../../../src/problems.js'
import { addArray, addPerCpuArray } from '../../support/bpf-objects.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { addMap, addWords, memberOf, pairs, readWhole } from '../../support/map-objects.js'
import { writeBucketTable } from '../../support/structures.js'
import { openMap } from '../opened.js'

describe('stack traces', () => {
  function stacks(flags: number, fill: (guest: KernelGuest) => readonly bigint[]) {
    const guest = new KernelGuest()
    guest.symbol('schedule', guest.image(64), 'T')
    const buckets = fill(guest)
    const map = addMap(guest, 'stack_trace', 'bpf_stack_map', {
      valueSize: 80,
      flags,
      members: { n_buckets: buckets.length },
      extra: buckets.length * 8,
    })
    const table = memberOf(guest, 'bpf_stack_map', map, 'buckets')
    for (const [i, bucket] of buckets.entries()) guest.u64(table + BigInt(i * 8), bucket)
    return { guest, map }
  }

  const bucket = (guest: KernelGuest, frames: readonly bigint[], nr = frames.length): bigint => {
    const at = guest.objects.make('stack_map_bucket', { nr }, { extra: 256 })
    const data = memberOf(guest, 'stack_map_bucket', at, 'data')
    for (const [i, frame] of frames.entries()) guest.u64(data + BigInt(i * 8), frame)
    return at
  }

  it('are symbolised and padded', () => {
    const { guest, map } = stacks(0, (guest) => {
      const schedule = guest.symbols.find(({ name }) => name === 'schedule')?.address ?? 0n
      return [0n, bucket(guest, [schedule + 0x1cn, 0x401000n])]
    })
    const { entries, state, problems } = readWhole(guest, map)
    expect(entries[0]?.key.hex).toBe('01000000')
    expect(entries[0]?.value?.hex).toMatch(/^.{16}0010400000000000(00){64}$/)
    expect(entries[0]?.notes?.frames).toEqual([
      { address: expect.stringMatching(/^0xffffffff/), symbol: 'schedule+0x1c' },
      { address: '0x401000' },
    ])
    expect(state).toEqual({ buckets: 2, buildIds: false, deepest: 10 })
    expect(problems).toEqual([])
  })

  it('deeper than the map allows are cut, and say so', () => {
    const { guest, map } = stacks(0, (guest) => [bucket(guest, [1n, 2n], 1000)])
    const { entries, problems } = readWhole(guest, map)
    expect(entries[0]?.notes?.frames).toHaveLength(10)
    expect(problems).toEqual(['bucket 0: it claims 1000 frames where 10 fit'])
  })

  it('by build id give offsets into files', () => {
    const { guest, map } = stacks(1 << 5, (guest) => {
      const at = bucket(guest, [], 2)
      const data = memberOf(guest, 'stack_map_bucket', at, 'data')
      const id = Uint8Array.from({ length: 20 }, (_, i) => i)
      guest.objects.set('bpf_stack_build_id', data, { status: 1, build_id: id, offset: 0x1234 })
      guest.objects.set('bpf_stack_build_id', data + 40n, { status: 2, ip: 0x7f00n })
      return [at]
    })
    const { entries, state } = readWhole(guest, map)
    expect(entries[0]?.notes?.frames).toEqual([
      { status: 'valid', buildId: '000102030405060708090a0b0c0d0e0f10111213', offset: 0x1234 },
      { status: 'ip', address: '0x7f00' },
    ])
    expect(state).toMatchObject({ buildIds: true, deepest: 2 })
  })
})

it('instruction arrays lead to machine code', () => {
  const guest = new KernelGuest()
  const code = guest.symbol('text_of_program', guest.image(64), 'T')
  const stride = guest.objects.sizeOf('bpf_insn_array_value')
  const map = addMap(guest, 'insn_array', 'bpf_insn_array', {
    valueSize: 16,
    maxEntries: 2,
    members: { used: 1, ips: addWords(guest, [code + 16n, 0n]) },
    extra: 2 * stride,
  })
  const values = memberOf(guest, 'bpf_insn_array', map, 'values')
  guest.objects.set('bpf_insn_array_value', values, { orig_off: 3, xlated_off: 4, jitted_off: 16 })
  guest.objects.set('bpf_insn_array_value', values + BigInt(stride), { orig_off: 5, xlated_off: 0xffffffff })
  const { entries, state } = readWhole(guest, map)
  expect(entries.map(({ notes }) => notes)).toEqual([
    { original: 3, xlated: 4, deleted: false, jited: 16 },
    { original: 5, xlated: null, deleted: true, jited: 0 },
  ])
  expect(entries[0]?.value?.target).toMatchObject({ kind: 'instruction', symbol: 'text_of_program+0x10' })
  expect(state).toEqual({ used: true })
})

it('resizable hashes are walked through their tables', () => {
  const guest = new KernelGuest()
  const { objects } = guest
  const elements = [1, 2, 3].map((n) => {
    const element = objects.make('rhtab_elem', {}, { extra: 16 })
    const data = memberOf(guest, 'rhtab_elem', element, 'data')
    guest.u32(data, n)
    guest.u32(data + 8n, n * n)
    return memberOf(guest, 'rhtab_elem', element, 'node')
  })
  const tbl = writeBucketTable(guest, [[], elements.slice(0, 2), elements.slice(2)])
  const map = addMap(guest, 'rhash', 'bpf_rhtab', { members: { 'ht.tbl': tbl, 'ht.nelems': 3 } })
  const { entries, state, map: opened, problems } = readWhole(guest, map)
  expect(pairs(entries)).toEqual([
    ['01000000', '01000000'],
    ['02000000', '04000000'],
    ['03000000', '09000000'],
  ])
  expect(state).toEqual({ elements: 3 })
  expect(opened.get(3)).toEqual(Uint8Array.of(9, 0, 0, 0))
  expect(problems).toEqual([])
})

it('maps of an unknown type give the bytes of their struct, and why', () => {
  const guest = new KernelGuest()
  const map = addMap(guest, 'array', 'bpf_array', { extra: 512 })
  guest.objects.set('bpf_map', map, { map_type: 36 })
  const kernel = guest.kernel()
  const opened = new BpfMap(kernel, readMap(kernel, map), new Problems())
  const state = opened.state()
  expect(opened.unsupported).toContain('type 36 are newer')
  expect(state.reason).toBe(opened.unsupported)
  expect(String(state.hex).length).toBe(1024)
  expect(() => [...opened.entries()]).toThrow(/type 36/)
})

it('sections of string literals give their strings', () => {
  const guest = new KernelGuest()
  const text = Buffer.from('one\0two words\0\0')
  const map = addArray(guest, { name: '.rodata.str1.1', valueSize: text.length, maxEntries: 1 }, [text])
  expect(readWhole(guest, map).state).toEqual({ strings: ['one', 'two words'] })
  // A name is no proof: values that each CPU has are no section.
  const other = new KernelGuest()
  addPerCpuArray(other, { name: '.rodata.str1.1', valueSize: 8, maxEntries: 1 }, [])
  expect(openMap(other).state()).toEqual({})
})
