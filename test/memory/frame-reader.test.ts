import { describe, expect, it } from 'vitest'
import { asFrame, asPhysical, asPosition, type Frame } from '../../src/brands.js'
import { FrameReader, hole } from '../../src/memory/frame-reader.js'
import type { MemoryWindow, PhysicalMemory, PhysicalRange } from '../../src/memory/types.js'

const size = 4096

/** Frames 0 to 39, each full of its own number, in two windows; which of them were located. */
function numbered(data: readonly PhysicalRange[]) {
  const windows = [0, 20].map((first): MemoryWindow => {
    const bytes = Uint8Array.from({ length: 20 * size }, (_, i) => first + Math.floor(i / size))
    return { bytes, view: new DataView(bytes.buffer) }
  })
  const located: number[] = []
  const memory: PhysicalMemory = {
    description: 'forty frames',
    ranges: [{ start: asPhysical(0), length: 40 * size }],
    windows,
    generation: 0,
    locate: (frame: Frame) => {
      located.push(frame)
      return asPosition(frame >= 40 ? -1 : Math.floor(frame / 20) * 2 ** 32 + (frame % 20) * size)
    },
    dataRanges: () => data,
    read: () => {
      throw new Error('is read frame by frame')
    },
    close: () => undefined,
  }
  return { reader: new FrameReader(memory), located }
}

const frames = (first: number, count: number): PhysicalRange => ({
  start: asPhysical(first * size),
  length: count * size,
})
const sparse = [frames(2, 1), frames(5, 3), frames(11, 1), frames(15, 2), frames(22, 1), frames(30, 4)]
const held = [2, 5, 6, 7, 11, 15, 16, 22, 30, 31, 32, 33]

describe('reading by frames', () => {
  it('touches no frame that was never written: it reads as zeros', () => {
    for (let frame = 0; frame < 40; frame++) {
      const { reader, located } = numbered(sparse)
      const target = new Uint8Array(4).fill(0xee)
      expect(reader.read(target, 0, () => asFrame(frame))).toBe(4)
      expect([...target]).toEqual(new Array(4).fill(held.includes(frame) ? frame : 0))
      expect(located).toEqual(held.includes(frame) ? [frame] : [])
    }
  })

  it('remembers the last range for neighbours, and still finds every other', () => {
    const { reader, located } = numbered(sparse)
    for (const frame of [...held, ...held.toReversed()]) {
      const target = new Uint8Array(1)
      reader.read(target, 0, () => asFrame(frame))
      expect(target[0]).toBe(frame)
    }
    expect(located).toEqual([...held, ...held.toReversed()])
  })

  it('joins what lies in different frames, from the middle of one to the middle of another', () => {
    const { reader } = numbered([frames(0, 40)])
    const target = new Uint8Array(2 * size)
    const asked: number[] = []
    const length = reader.read(target, 3 * size + 100, (page) => {
      asked.push(page)
      return asFrame(39 - page)
    })
    expect(length).toBe(2 * size)
    expect(asked).toEqual([3, 4, 5])
    expect([target[0], target[size - 101], target[size - 100], target[2 * size - 101]]).toEqual([
      36, 36, 35, 35,
    ])
    expect([target[2 * size - 100], target[2 * size - 1]]).toEqual([34, 34])
  })

  it('reads holes as zeros, and ends before a frame that is missing', () => {
    const { reader } = numbered([frames(0, 40)])
    const target = new Uint8Array(4 * size).fill(0xee)
    const places = [asFrame(7), hole, asFrame(9), asFrame(-2)]
    expect(reader.read(target, 0, (page) => places[page] as Frame)).toBe(3 * size)
    expect([0, size, 2 * size, 3 * size].map((at) => target[at])).toEqual([7, 0, 9, 0xee])
    // Memory that the guest does not have at all is missing, not zero.
    expect(reader.read(target, 0, () => asFrame(40))).toBe(0)
  })

  it('says whether any frame of a run may hold something', () => {
    const { reader } = numbered(sparse)
    const has = (first: number, end: number): boolean => reader.hasData(asFrame(first), asFrame(end))
    expect([has(0, 2), has(0, 3), has(3, 5), has(3, 6), has(8, 11), has(12, 15)]).toEqual([
      false,
      true,
      false,
      true,
      false,
      false,
    ])
    expect([has(2, 2), has(34, 40), has(34, 41), has(33, 34)]).toEqual([false, false, true, true])
  })

  it('counts a frame that a range of data covers in part', () => {
    const { reader } = numbered([{ start: asPhysical(4 * size + 8), length: size }])
    expect([3, 4, 5, 6].map((frame) => reader.hasData(asFrame(frame), asFrame(frame + 1)))).toEqual([
      false,
      true,
      true,
      false,
    ])
  })
})
