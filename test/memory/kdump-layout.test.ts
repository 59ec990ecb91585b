import { describe, expect, it } from 'vitest'
import { encodeNotes } from '../../src/memory/core-layout.js'
import { prstatusNote, vmcoreinfoNote } from '../../src/memory/core-notes.js'
import { blockRuns, type KdumpSpec, layOutKdump } from '../../src/memory/kdump-layout.js'

const info = 'OSRELEASE=6.18\n'
const spec: KdumpSpec = {
  notes: [prstatusNote({ rip: 5n }, 1)],
  vmcoreinfo: info,
  release: '6.18.0',
  version: '#1 SMP',
  architecture: 'x86_64',
  cpus: 3,
  blockSize: 4096,
  memory: [
    { first: 1, count: 20 },
    { first: 40, count: 8 },
  ],
  held: [
    { first: 3, count: 6 },
    { first: 8, count: 11 },
    { first: 40, count: 8 },
  ],
  physBase: 0x1000000n,
}

const bitsOf = (bitmap: Uint8Array): number[] =>
  [...bitmap].flatMap((byte, at) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte >> bit) & 1).map((bit) => at * 8 + bit),
  )
const numbers = (first: number, count: number): number[] => Array.from({ length: count }, (_, n) => first + n)
const headOf = (change: Partial<KdumpSpec> = {}) => {
  const layout = layOutKdump({ ...spec, ...change })
  return { ...layout, head: Buffer.from(layout.head) }
}

/** makedumpfile's diskdump_mod.h, by the offsets of the structs on 64-bit machines. */
describe('a kdump-compressed dump', () => {
  it('begins with struct disk_dump_header', () => {
    const { head } = headOf()
    expect(head.toString('latin1', 0, 8)).toBe('KDUMP   ')
    expect(head.readInt32LE(8)).toBe(6)
    // struct new_utsname: six names of 65 bytes, of which domainname is empty.
    const names = Array.from({ length: 6 }, (_, n) => head.toString('latin1', 12 + n * 65, 77 + n * 65))
    expect(names.map((name) => name.replace(/\0+$/, ''))).toEqual([
      'Linux',
      '',
      '6.18.0',
      '#1 SMP',
      'x86_64',
      '',
    ])
    // status: compressed by zlib; block_size, sub_hdr_size, bitmap_blocks, max_mapnr; nr_cpus.
    expect([424, 428, 432, 436, 440, 460].map((at) => head.readUInt32LE(at))).toEqual([1, 4096, 1, 2, 48, 3])
  })

  it('says names that are too long as far as there is room, with their end', () => {
    const { head } = headOf({ version: 'v'.repeat(100) })
    expect(head.toString('latin1', 12 + 3 * 65, 12 + 4 * 65)).toBe(`${'v'.repeat(64)}\0`)
    expect(head.toString('latin1', 12 + 4 * 65, 12 + 4 * 65 + 6)).toBe('x86_64')
  })

  it('goes on with struct kdump_sub_header: base, level, places of notes, pages of 64 bits', () => {
    const { head } = headOf()
    const notes = encodeNotes([...spec.notes, vmcoreinfoNote(info)])
    const word = (at: number): number => Number(head.readBigUInt64LE(4096 + at))
    expect(head.readBigInt64LE(4096)).toBe(0x1000000n)
    expect(headOf({ physBase: -0x200000n }).head.readBigInt64LE(4096)).toBe(-0x200000n)
    const [infoAt, infoSize, notesAt, notesSize] = [32, 40, 48, 56].map(word)
    expect([infoSize, notesAt, notesSize, word(96)]).toEqual([info.length, 4096 + 104, notes.length, 48])
    expect(head.toString('latin1', infoAt, (infoAt ?? 0) + (infoSize ?? 0))).toBe(info)
    expect(Buffer.compare(head.subarray(notesAt, (notesAt ?? 0) + notes.length), notes)).toBe(0)
  })

  it('says that pages are left out where any is', () => {
    const level = (held: KdumpSpec['held']): number => headOf({ held }).head.readInt32LE(4096 + 8)
    expect(level(spec.held)).toBe(31)
    expect(level(spec.memory)).toBe(0)
    expect(level([spec.memory[0] ?? { first: 0, count: 0 }])).toBe(31)
  })

  it('has a bit for each page that there is, and one for each that it holds', () => {
    const { head, descriptorsAt, blocksAt } = headOf()
    expect(bitsOf(head.subarray(8192, 12288))).toEqual([...numbers(1, 20), ...numbers(40, 8)])
    expect(bitsOf(head.subarray(12288, 16384))).toEqual([...numbers(3, 16), ...numbers(40, 8)])
    expect([head.length, descriptorsAt]).toEqual([16384, 16384])
    // A descriptor of 24 bytes for each of the 25 blocks that are held.
    expect(blocksAt).toBe(16384 + 25 * 24)
  })

  it('takes more blocks where notes and bitmaps need them', () => {
    const blocks = 4096 * 8 + 1
    const { head, descriptorsAt } = headOf({
      notes: Array.from({ length: 20 }, (_, n) => prstatusNote({ rip: 5n }, n)),
      memory: [{ first: 0, count: blocks }],
      held: [{ first: blocks - 1, count: 1 }],
    })
    expect([432, 436, 440].map((at) => head.readUInt32LE(at))).toEqual([2, 4, blocks])
    expect(descriptorsAt).toBe((1 + 2 + 4) * 4096)
    expect(bitsOf(head.subarray(5 * 4096, 7 * 4096))).toEqual([blocks - 1])
    const exact = headOf({ memory: [{ first: 0, count: blocks - 1 }], held: [] })
    expect(exact.head.readUInt32LE(436)).toBe(2)
    expect(headOf({ memory: [], held: [] }).head.readUInt32LE(440)).toBe(0)
  })
})

it.each([
  [[[0, 4096]], [[0, 1]]],
  [[[0, 4097]], [[0, 2]]],
  [[[4095, 2]], [[0, 2]]],
  [
    [
      [0, 4096],
      [4096, 4096],
    ],
    [[0, 2]],
  ],
  [
    [
      [0, 4096],
      [8192, 4096],
    ],
    [
      [0, 1],
      [2, 1],
    ],
  ],
  [
    [
      [0, 3 * 4096],
      [4096, 4096],
      [8192, 8192],
    ],
    [[0, 4]],
  ],
])('the bytes %j touch the blocks %j', (ranges, runs) => {
  const found = blockRuns(
    ranges.map(([start = 0, length = 0]) => ({ start, length })),
    4096,
  )
  expect(found.map(({ first, count }) => [first, count])).toEqual(runs)
})
