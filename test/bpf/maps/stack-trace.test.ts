import { describe, expect, it } from 'vitest'
import { KernelGuest } from '../../support/kernel-guest.js'
import { addMap, memberOf, readWhole } from '../../support/map-objects.js'
import { u32 } from '../opened.js'

const buildIds = 1 << 5

/** A map of stacks: the frames of each bucket as words, or what a test writes. */
function stacks(
  buckets: readonly (readonly bigint[] | undefined)[],
  { flags = 0, valueSize = 24, nr }: { flags?: number; valueSize?: number; nr?: number } = {},
) {
  const guest = new KernelGuest()
  const map = addMap(guest, 'stack_trace', 'bpf_stack_map', {
    valueSize,
    flags,
    members: { n_buckets: buckets.length },
    // Something lies behind the table.
    extra: (buckets.length + 1) * 8,
  })
  const table = memberOf(guest, 'bpf_stack_map', map, 'buckets')
  const made = buckets.map((frames, i) => {
    if (frames === undefined) return 0n
    const at = guest.objects.make('stack_map_bucket', { nr: nr ?? frames.length }, { extra: 256 })
    const data = memberOf(guest, 'stack_map_bucket', at, 'data')
    for (const [n, frame] of frames.entries()) guest.u64(data + BigInt(n * 8), frame)
    guest.u64(table + BigInt(i * 8), at)
    return at
  })
  guest.u64(table + BigInt(buckets.length * 8), made.find((at) => at !== 0n) ?? 0n)
  return { guest, map, data: made.map((at) => memberOf(guest, 'stack_map_bucket', at, 'data')) }
}

describe('a stack', () => {
  it('is found by the number of its bucket, and by no other key', () => {
    const { guest, map, data } = stacks([undefined, [1n, 2n]])
    const { map: opened } = readWhole(guest, map)
    const frames = (key: Uint8Array) => opened.entry(key)?.notes?.frames
    expect(frames(u32(1))).toEqual([
      { address: '0x1', symbol: undefined },
      { address: '0x2', symbol: undefined },
    ])
    expect(opened.entry(u32(1))?.notes).toMatchObject({ address: `0x${(data[1] ?? 0n).toString(16)}` })
    // An empty bucket, and one behind the last, which holds a pointer too.
    for (const key of [u32(0), u32(2)]) expect(opened.entry(key)).toBeUndefined()
  })

  it('may fill its bucket, and is padded with zeros where it does not', () => {
    const { guest, map } = stacks([[1n, 2n, 3n], [4n]])
    const { entries, problems } = readWhole(guest, map)
    expect(problems).toEqual([])
    expect(entries.map(({ value }) => value?.hex)).toEqual([
      `01${'0'.repeat(14)}02${'0'.repeat(14)}03${'0'.repeat(14)}`,
      `04${'0'.repeat(46)}`,
    ])
  })

  it('that claims one frame too many is cut, in a map whose values end within a frame too', () => {
    const { guest, map } = stacks([[1n, 2n, 3n, 4n]], { valueSize: 28 })
    const { entries, problems, state } = readWhole(guest, map)
    expect(problems).toEqual(['bucket 0: it claims 4 frames where 3 fit'])
    expect(entries[0]?.notes?.frames).toHaveLength(3)
    expect(state).toMatchObject({ deepest: 3 })
  })

  it('that cannot be read is left out, and the others are there', () => {
    const { guest, map } = stacks([[1n], [2n]])
    guest.u64(memberOf(guest, 'bpf_stack_map', map, 'buckets'), 0xffff_dead_0000_0000n)
    const { entries, problems } = readWhole(guest, map)
    expect(entries.map(({ key }) => key.hex)).toEqual(['01000000'])
    expect(problems).toEqual([expect.stringMatching(/^bucket 0: page not present/)])
  })
})

it('a frame by build id whose state has no name keeps its number, and offsets are unsigned', () => {
  const { guest, map, data } = stacks([[]], { flags: buildIds, valueSize: 80, nr: 2 })
  const [at = 0n] = data
  guest.objects.set('bpf_stack_build_id', at, { status: 7, ip: 0xffffffff81000000n })
  guest.objects.set('bpf_stack_build_id', at + 40n, { status: 1, offset: 2n ** 64n - 1n })
  const { map: opened } = readWhole(guest, map)
  expect(opened.entry(u32(0))?.notes?.frames).toEqual([
    { status: '7', address: '0xffffffff81000000' },
    { status: 'valid', buildId: '0'.repeat(40), offset: 2n ** 64n - 1n },
  ])
  expect(opened.entry(u32(0))?.value?.bytes).toHaveLength(80)
})
