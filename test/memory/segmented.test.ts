import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { asFileOffset, asFrame, asPhysical } from '../../src/brands.js'
import { FileMapping } from '../../src/memory/mapping.js'
import { openRamFile } from '../../src/memory/ram-file.js'
import { type Segment, SegmentedMemory } from '../../src/memory/segmented.js'
import type { PhysicalMemory } from '../../src/memory/types.js'

const KiB = 2 ** 10
const MiB = 2 ** 20
const GiB = 2 ** 30
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-segmented-'))
const open: PhysicalMemory[] = []
afterEach(() => {
  for (const memory of open.splice(0)) memory.close()
})
afterAll(() => rmSync(directory, { recursive: true }))

/** A file in which every word holds its own offset, mapped with these segments. */
function numbered(size: number, segments: readonly Segment[]): PhysicalMemory {
  const words = new Uint32Array(Math.ceil(size / 4))
  for (let i = 0; i < words.length; i++) words[i] = i * 4
  const path = join(directory, `ram-${size}`)
  writeFileSync(path, new Uint8Array(words.buffer, 0, size))
  const memory = openRamFile(path, segments, 'RAM of the test')
  open.push(memory)
  return memory
}

/** The file offset that the word at a physical address came from; -1 where memory holds none. */
function sourceOf(memory: PhysicalMemory, physical: number): number {
  const { ok, bytes } = memory.read(asPhysical(physical), 4)
  return ok ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) : -1
}

describe('SegmentedMemory', () => {
  it('reads RAM that is split round the PCI hole', () => {
    const memory = numbered(MiB, [
      { physical: asPhysical(0), offset: asFileOffset(0), length: 768 * KiB },
      { physical: asPhysical(4 * GiB), offset: asFileOffset(768 * KiB), length: 256 * KiB },
    ])
    expect(memory.description).toBe('RAM of the test')
    expect(memory.ranges).toEqual([
      { start: 0, length: 768 * KiB },
      { start: 4 * GiB, length: 256 * KiB },
    ])
    expect(sourceOf(memory, 0x1234)).toBe(0x1234)
    expect(sourceOf(memory, 768 * KiB - 4)).toBe(768 * KiB - 4)
    expect(sourceOf(memory, 768 * KiB)).toBe(-1)
    expect(sourceOf(memory, 4 * GiB - 4)).toBe(-1)
    expect(sourceOf(memory, 4 * GiB + 0x1234)).toBe(768 * KiB + 0x1234)
    expect(sourceOf(memory, 4 * GiB + 256 * KiB)).toBe(-1)
    expect(memory.locate(asFrame(0x100000))).toBe(768 * KiB)
    expect(memory.locate(asFrame(0xc0000))).toBe(-1)
  })

  it('reads up to the end of a range and says where memory ends', () => {
    const memory = numbered(16 * KiB, [
      { physical: asPhysical(64 * KiB), offset: asFileOffset(0), length: 16 * KiB },
    ])
    const { ok, bytes } = memory.read(asPhysical(64 * KiB + 12 * KiB + 4092), 8)
    expect(ok).toBe(false)
    expect(bytes).toHaveLength(4)
    expect(memory.read(asPhysical(80 * KiB - 4), 8)).toMatchObject({
      problem: { kind: 'absent', address: BigInt(80 * KiB), physical: 80 * KiB },
    })
    expect(memory.read(asPhysical(0), 1)).toMatchObject({
      ok: false,
      problem: { kind: 'absent', physical: 0 },
    })
  })

  it('takes the first segment where several hold the same memory', () => {
    const memory = numbered(64 * KiB, [
      { physical: asPhysical(8 * KiB), offset: asFileOffset(32 * KiB), length: 16 * KiB },
      { physical: asPhysical(0), offset: asFileOffset(0), length: 12 * KiB },
      { physical: asPhysical(4 * KiB), offset: asFileOffset(60 * KiB), length: 4 * KiB },
    ])
    expect(memory.ranges).toEqual([
      { start: 0, length: 12 * KiB },
      { start: 12 * KiB, length: 12 * KiB },
    ])
    expect(sourceOf(memory, 4 * KiB)).toBe(4 * KiB)
    expect(sourceOf(memory, 8 * KiB)).toBe(8 * KiB)
    expect(sourceOf(memory, 12 * KiB)).toBe(36 * KiB)
  })

  it('leaves out what lies behind the end of the file', () => {
    const memory = numbered(20 * KiB, [
      { physical: asPhysical(0), offset: asFileOffset(8 * KiB), length: MiB },
      { physical: asPhysical(2 * MiB), offset: asFileOffset(20 * KiB), length: 4 * KiB },
      { physical: asPhysical(4 * MiB), offset: asFileOffset(1 * GiB), length: 4 * KiB },
    ])
    expect(memory.ranges).toEqual([{ start: 0, length: 12 * KiB }])
    expect(sourceOf(memory, 8 * KiB)).toBe(16 * KiB)
    expect(sourceOf(memory, 12 * KiB)).toBe(-1)
    expect(sourceOf(memory, 2 * MiB)).toBe(-1)
  })

  it('holds only whole frames', () => {
    const memory = numbered(20 * KiB, [
      { physical: asPhysical(2 * KiB), offset: asFileOffset(100), length: 8 * KiB },
    ])
    expect([0, 1, 2].map((frame) => memory.locate(asFrame(frame)))).toEqual([-1, 100 + 2 * KiB, -1])
  })

  it('reads frames at file offsets that are not aligned, across windows too', () => {
    const path = join(directory, 'large')
    const fd = openSync(path, 'w')
    ftruncateSync(fd, GiB + 64 * KiB)
    writeSync(
      fd,
      Uint8Array.from({ length: 8192 }, (_, i) => i % 251),
      0,
      8192,
      GiB - 4096,
    )
    closeSync(fd)
    // The frame at 4096 lies half in the first window and half in the second.
    const memory = new SegmentedMemory('large', new FileMapping(path), [
      { physical: asPhysical(0), offset: asFileOffset(GiB - 4096 - 2048), length: 12 * KiB },
    ])
    open.push(memory)
    const { ok, bytes } = memory.read(asPhysical(2048), 8192)
    expect(ok).toBe(true)
    expect(
      Buffer.compare(
        bytes,
        Uint8Array.from({ length: 8192 }, (_, i) => i % 251),
      ),
    ).toBe(0)
    const position = memory.locate(asFrame(1))
    const window = memory.windows[Math.floor(position / 2 ** 32)]
    expect(window?.view.getUint8((position >>> 0) + 4095)).toBe((2048 + 4095) % 251)
  })

  it('names the ranges that hold data', () => {
    const path = join(directory, 'sparse')
    const fd = openSync(path, 'w')
    ftruncateSync(fd, 8 * MiB)
    writeSync(fd, new Uint8Array(4096).fill(1), 0, 4096, 6 * MiB)
    closeSync(fd)
    const memory = openRamFile(
      path,
      [
        { physical: asPhysical(0), offset: asFileOffset(0), length: 4 * MiB },
        { physical: asPhysical(GiB), offset: asFileOffset(4 * MiB), length: 4 * MiB },
      ],
      'sparse',
    )
    open.push(memory)
    const ranges = memory.dataRanges()
    const at = GiB + 2 * MiB
    expect(ranges.some(({ start, length }) => at >= start && at + 4096 <= start + length)).toBe(true)
    expect(ranges.every(({ start }) => start >= GiB)).toBe(true)
  })

  it('holds nothing once closed', () => {
    const memory = numbered(16 * KiB, [
      { physical: asPhysical(0), offset: asFileOffset(0), length: 16 * KiB },
    ])
    expect(sourceOf(memory, 4096)).toBe(4096)
    memory.close()
    memory.close()
    expect(memory.read(asPhysical(4096), 4)).toMatchObject({
      ok: false,
      problem: { kind: 'absent', physical: 4096 },
    })
    expect(memory.locate(asFrame(1))).toBe(-1)
    expect(memory.windows).toEqual([])
    expect(memory.dataRanges()).toEqual([])
  })

  it('holds nothing any more of a file that is given up', () => {
    const path = join(directory, 'given-up')
    writeFileSync(path, new Uint8Array(16 * KiB).fill(7))
    const mapping = new FileMapping(path)
    const memory = new SegmentedMemory('given up', mapping, [
      { physical: asPhysical(0), offset: asFileOffset(0), length: 16 * KiB },
    ])
    open.push(memory)
    expect(memory.read(asPhysical(0), 1)).toEqual({ ok: true, bytes: Uint8Array.of(7) })
    const { generation, ranges } = memory
    mapping.onLost?.()
    expect(memory.generation).toBe(generation + 1)
    expect(memory.locate(asFrame(0))).toBe(-1)
    expect(memory.windows).toEqual([])
    expect(memory.dataRanges()).toEqual([])
    // What it was meant to hold is known still.
    expect(memory.ranges).toBe(ranges)
    expect(memory.lost).toBeUndefined()
  })

  it('finds what a search through all segments finds', () => {
    const size = 64 * KiB
    const segment = fc.record({
      physical: fc.nat(64).map((n) => asPhysical(n * 2 * KiB)),
      offset: fc.nat(size + 8 * KiB).map(asFileOffset),
      length: fc.nat(12).map((n) => n * 2 * KiB),
    })
    fc.assert(
      fc.property(
        fc.array(segment, { maxLength: 8 }),
        fc.array(fc.nat(40), { minLength: 5 }),
        (list, frames) => {
          const memory = numbered(size, list)
          const { ranges } = memory
          for (const [i, { start, length }] of ranges.entries()) {
            expect(length).toBeGreaterThan(0)
            const before = ranges[i - 1]
            if (before !== undefined) expect(start).toBeGreaterThanOrEqual(before.start + before.length)
          }
          for (const frame of frames) {
            const position = memory.locate(asFrame(frame))
            const holders = list.filter(
              ({ physical, offset, length }) =>
                frame * 4096 >= physical && frame * 4096 + 4096 <= physical + Math.min(length, size - offset),
            )
            const places = holders.map(({ physical, offset }) => offset + frame * 4096 - physical)
            // A frame that two segments share in part is held by neither: overlaps are cut.
            if (position >= 0) expect(places).toContain(position)
            else if (holders.length > 0) expect(list.length).toBeGreaterThan(1)
          }
          memory.close()
        },
      ),
      { numRuns: 100 },
    )
  })
})
