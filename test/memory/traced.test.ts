import { expect, it } from 'vitest'
import { asFrame, asPhysical } from '../../src/brands.js'
import { AddressSpace } from '../../src/memory/address-space.js'
import { x86PageTables } from '../../src/memory/page-tables.js'
import { TracedMemory } from '../../src/memory/traced.js'
import { GuestBuilder } from '../support/guest-builder.js'

function world() {
  const guest = new GuestBuilder()
  const at = guest.alloc(3 * 4096, 4096)
  guest.u64(at + 16n, 42n)
  guest.u32(at + 4092n, 7)
  guest.u32(at + 4096n, 8)
  const memory = new TracedMemory(guest.memory)
  const space = new AddressSpace(memory, guest.root, x86PageTables(guest.levels))
  return { guest, at, memory, space }
}

it('notes the words of a value and the page table entries on the way to it, and nothing else', () => {
  const { guest, at, memory, space } = world()
  memory.trace()
  expect(space.u64(at + 16n)).toBe(42n)
  const entries = [0, 1, 2, 3].map((level) => Number(guest.entryAt(at, level)))
  const wanted = [...entries, Number(guest.physicalOf(at + 16n))].sort((a, b) => a - b)
  expect(memory.traced()).toEqual(wanted.map((offset) => ({ offset, length: 8 })))
})

it('joins words that lie side by side, cuts at pages, and takes parts of words whole', () => {
  const { guest, at, memory, space } = world()
  space.u8(at)
  space.u8(at + 4096n)
  memory.trace()
  // The translations are known by now.
  expect(space.read(at + 4088n, 13).ok).toBe(true)
  expect(space.u8(at + 27n)).toBe(0)
  expect(space.u8(at + 35n)).toBe(0)
  const first = Number(guest.physicalOf(at))
  const second = Number(guest.physicalOf(at + 4096n))
  const pieces = [
    { offset: first + 24, length: 16 },
    { offset: first + 4088, length: 8 },
    { offset: second, length: 8 },
  ].sort((a, b) => a.offset - b.offset)
  expect(memory.traced()).toEqual(pieces)
})

it('notes only while it is told to, forgets what was before, and reads physical memory alike', () => {
  const { guest, at, memory, space } = world()
  space.u64(at)
  expect(memory.traced()).toEqual([])
  memory.trace()
  space.u64(at + 8n)
  memory.trace()
  const physical = guest.physicalOf(at + 16n)
  const read = memory.read(asPhysical(physical), 8)
  expect(Buffer.from(read.bytes).readBigUInt64LE()).toBe(42n)
  expect(memory.traced()).toEqual([{ offset: Number(physical), length: 8 }])
  space.u64(at + 24n)
  expect(memory.traced()).toEqual([{ offset: Number(physical), length: 8 }])
})

it('misses none of the accessors', () => {
  const { guest, at, memory } = world()
  const physical = Number(guest.physicalOf(at))
  memory.locate(Math.floor(physical / 4096) as never)
  const window = memory.windows[0]
  if (window === undefined) throw new Error('no window')
  const { view, bytes } = window
  const reads: readonly (() => unknown)[] = [
    () => view.getUint8(physical),
    () => view.getInt8(physical),
    () => view.getUint16(physical, true),
    () => view.getInt16(physical, true),
    () => view.getUint32(physical, true),
    () => view.getInt32(physical, true),
    () => view.getFloat32(physical, true),
    () => view.getFloat64(physical, true),
    () => view.getBigUint64(physical, true),
    () => view.getBigInt64(physical, true),
    () => bytes.subarray(physical, physical + 4),
    () => bytes.slice(physical, physical + 4),
  ]
  for (const read of reads) {
    memory.trace()
    read()
    expect(memory.traced(), String(read)).toEqual([{ offset: physical, length: 8 }])
  }
})

it('gives the pieces of a window that a Uint8Array gives, and notes those', () => {
  const { guest, at, memory, space } = world()
  space.u8(at)
  const [window] = memory.windows
  const [plain] = guest.memory.windows
  if (window === undefined || plain === undefined) throw new Error('no window')
  const size = plain.bytes.length
  for (const [begin, end] of [[], [16], [-8], [-16, -8], [8, 4], [size - 8, size + 100]] as const) {
    memory.trace()
    const piece = window.bytes.subarray(begin, end)
    const wanted = plain.bytes.subarray(begin, end)
    expect([piece.byteOffset - window.bytes.byteOffset, piece.length]).toEqual([
      wanted.byteOffset - plain.bytes.byteOffset,
      wanted.length,
    ])
    const noted = memory.traced().reduce((sum, { length }) => sum + length, 0)
    expect(noted).toBe(wanted.length)
  }
  expect(Object.getPrototypeOf(window.bytes.slice(-8))).toBe(Uint8Array.prototype)
})

it('notes whole pages, and the last word of one', () => {
  const { guest, at, memory } = world()
  const physical = Number(guest.physicalOf(at))
  for (const [offset, length, wanted] of [
    [0, 4096, [[0, 4096]]],
    [4095, 1, [[4088, 8]]],
    [
      4095,
      2,
      [
        [4088, 8],
        [4096, 8],
      ],
    ],
    [7, 2, [[0, 16]]],
    [8, 0, []],
    [
      4090,
      3 * 4096,
      [
        [4088, 8],
        [4096, 4096],
        [8192, 4096],
        [12288, 4096],
      ],
    ],
  ] as const) {
    memory.trace()
    memory.read(asPhysical(physical - 8192), 1)
    memory.trace()
    memory.windows[0]?.bytes.subarray(physical - 8192 + offset, physical - 8192 + offset + length)
    const base = physical - 8192
    expect(memory.traced()).toEqual(wanted.map(([from, size]) => ({ offset: base + from, length: size })))
  }
})

it('is otherwise what the memory is', () => {
  const { guest, memory } = world()
  expect(memory).toMatchObject({
    description: guest.memory.description,
    ranges: guest.memory.ranges,
    generation: guest.memory.generation,
  })
  expect(memory.dataRanges()).toEqual(guest.memory.dataRanges())
  expect(memory.locate(asFrame(2 ** 30))).toBe(-1)
  expect(memory.windows).toHaveLength(0)
  memory.locate(asFrame(0))
  const [window] = memory.windows
  expect(memory.windows).toHaveLength(1)
  memory.locate(asFrame(1))
  expect(memory.windows[0]).toBe(window)
  const { generation } = guest.memory
  memory.close()
  expect(memory.windows).toHaveLength(0)
  expect(guest.memory.generation).not.toBe(generation)
})
