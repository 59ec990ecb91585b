import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { asFileOffset, asFrame, asPhysical, asPosition } from '../../src/brands.js'
import { CachedMemory, type FrameSource, inWindows } from '../../src/memory/frame-cache.js'
import { FileMapping, windowPosition } from '../../src/memory/mapping.js'
import type { MemoryWindow } from '../../src/memory/types.js'

const frame = 4096
const MiB = 2 ** 20
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-frames-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** A source whose frames hold their own number; every seventh block is not there. */
function numbered(options: Partial<FrameSource> & { loads?: number[] } = {}): FrameSource {
  const blockSize = options.blockSize ?? frame
  return {
    description: 'numbers',
    ranges: () => [{ start: asPhysical(0), length: 2 ** 40 }],
    blockSize,
    place: (block) => (block % 7 === 6 ? -1 : block),
    load(block, into) {
      options.loads?.push(block)
      const view = new DataView(into.buffer, into.byteOffset, into.byteLength)
      for (let at = 0; at < blockSize; at += frame)
        view.setFloat64(at + 8, (block * blockSize + at) / frame, true)
      return true
    },
    close() {},
    ...options,
  }
}

const numberAt = (memory: CachedMemory, position: number): number =>
  (memory.windows[Math.floor(position / 2 ** 32)] as MemoryWindow).view.getFloat64((position >>> 0) + 8, true)

describe('CachedMemory', () => {
  it('gives every frame its bytes, however few it keeps', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 20_000 }), { minLength: 1, maxLength: 200 }),
        fc.constantFrom(frame, 16 * frame),
        (frames, blockSize) => {
          const memory = new CachedMemory(numbered({ blockSize }), 16 * MiB)
          for (const at of frames) {
            const block = Math.floor((at * frame) / blockSize)
            const position = memory.locate(asFrame(at))
            if (block % 7 === 6) expect(position).toBe(-1)
            else expect(numberAt(memory, position)).toBe(at)
          }
        },
      ),
    )
  })

  it('keeps within its budget, and what was located last stays in place', () => {
    const loads: number[] = []
    const memory = new CachedMemory(numbered({ loads }), 16 * MiB)
    const first = memory.locate(asFrame(1))
    const wrong: number[] = []
    for (let at = 0; at < 50_000; at++) {
      const position = memory.locate(asFrame(at))
      if (position >= 0 && numberAt(memory, position) !== at) wrong.push(at)
      // Asked for again and again, it is never unpacked a second time.
      if (numberAt(memory, memory.locate(asFrame(1))) !== 1) wrong.push(1)
    }
    expect(wrong).toEqual([])
    expect(memory.windows.filter((window) => window !== undefined).length).toBe(4)
    expect(memory.locate(asFrame(1))).not.toBe(first)
    expect(loads.filter((block) => block === 1)).toHaveLength(1)
    expect(memory.generation).toBeGreaterThan(10)
  })

  it('never writes over a window that somebody kept', () => {
    const memory = new CachedMemory(numbered(), 16 * MiB)
    const position = memory.locate(asFrame(3))
    const kept = memory.windows[Math.floor(position / 2 ** 32)] as MemoryWindow
    const before = memory.generation
    for (let at = 100; at < 30_000; at++) memory.locate(asFrame(at))
    expect(memory.generation).toBeGreaterThan(before)
    expect(kept.view.getFloat64((position >>> 0) + 8, true)).toBe(3)
  })

  it('loads bytes that blocks share once, and takes what needs no copy from its windows', () => {
    const loads: number[] = []
    const bytes = new Uint8Array(8 * frame).fill(9)
    const window = { bytes, view: new DataView(bytes.buffer) }
    const memory = new CachedMemory(
      numbered({
        loads,
        windows: [window],
        place: (block) => (block < 100 ? 7 : inWindows(asPosition((block - 100) * frame))),
      }),
    )
    expect(new Set([1, 2, 50].map((at) => memory.locate(asFrame(at)))).size).toBe(1)
    expect(loads).toEqual([1])
    expect(memory.locate(asFrame(103))).toBe(3 * frame)
    expect(memory.windows[0]).toBe(window)
  })

  it('forgets copies of memory that changes, and only those', () => {
    const loads: number[] = []
    const changing = new CachedMemory(numbered({ loads, changes: true }))
    const still = new CachedMemory(numbered({ loads }))
    for (const memory of [changing, still]) {
      memory.locate(asFrame(5))
      const { generation } = memory
      memory.invalidate()
      memory.locate(asFrame(5))
      expect(memory.generation === generation).toBe(memory === still)
    }
    expect(loads).toEqual([5, 5, 5])
  })

  it('keeps four blocks at least, however large they are', () => {
    const blockSize = 8 * MiB
    const loads: number[] = []
    const memory = new CachedMemory(numbered({ blockSize, loads }), 0)
    for (const block of [0, 1, 2, 3, 3, 2]) {
      const position = memory.locate(asFrame((block * blockSize) / frame + 5))
      expect(numberAt(memory, position)).toBe((block * blockSize) / frame + 5)
    }
    expect(loads).toEqual([0, 1, 2, 3])
    expect(memory.generation).toBe(0)
    expect(memory.windows.map(({ bytes }) => bytes.length)).toEqual(Array(4).fill(blockSize))
    memory.locate(asFrame((4 * blockSize) / frame))
    expect(memory.windows.filter((window) => window !== undefined)).toHaveLength(4)
    expect(memory.generation).toBe(1)
  })

  it('maps windows of a large file when a block in them is asked for, and forgets them with the file', () => {
    const path = join(directory, 'large')
    const fd = openSync(path, 'w')
    ftruncateSync(fd, 2 ** 30 + 2 * frame)
    writeSync(fd, Uint8Array.of(7), 0, 1, 2 ** 30 + frame)
    closeSync(fd)
    const mapping = new FileMapping(path)
    // The first 2^18 + 2 frames lie in the file, the others are copied; behind the file there is nothing to map.
    const memory = new CachedMemory(
      numbered({
        mapping,
        windows: mapping.windows,
        place: (block) =>
          block < 2 ** 20 ? inWindows(windowPosition(asFileOffset(block * frame))) : (block as number),
        close: () => mapping.close(),
      }),
    )
    expect(memory.windows).toHaveLength(2)
    expect(memory.read(asPhysical(2 ** 30 + frame), 2)).toEqual({ ok: true, bytes: Uint8Array.of(7, 0) })
    expect(memory.read(asPhysical(2 ** 30 + frame), 1).bytes[0]).toBe(7)
    expect(Object.keys(mapping.windows)).toEqual(['1'])
    expect(memory.locate(asFrame(2 ** 19))).toBe(-1)
    const copy = memory.locate(asFrame(2 ** 20 + 1))
    const { generation } = memory
    mapping.onLost?.()
    expect(memory.generation).toBe(generation + 1)
    expect(memory.windows.slice(0, 2)).toEqual([undefined, undefined])
    // What was copied is there still.
    expect(memory.locate(asFrame(2 ** 20 + 1))).toBe(copy)
    expect(numberAt(memory, copy)).toBe(2 ** 20 + 1)
    memory.close()
  })

  it('tells what its source tells: what it is, what was lost, which parts may hold data', () => {
    const ranges = [{ start: asPhysical(0), length: 8 * frame }]
    const data = [{ start: asPhysical(frame), length: frame }]
    const told = new CachedMemory(
      numbered({ ranges: () => ranges, dataRanges: () => data, lost: () => 'it became shorter' }),
    )
    expect(told).toMatchObject({ description: 'numbers', lost: 'it became shorter', ranges })
    expect(told.dataRanges()).toEqual(data)
    const silent = new CachedMemory(numbered({ ranges: () => ranges }))
    expect(silent.lost).toBeUndefined()
    expect(silent.dataRanges()).toEqual(ranges)
    silent.close()
    expect(silent.dataRanges()).toEqual([])
  })

  it('is empty when it is closed', () => {
    let closed = 0
    const memory = new CachedMemory(numbered({ close: () => void closed++ }))
    memory.locate(asFrame(1))
    memory.close()
    memory.close()
    expect(closed).toBe(1)
    expect(memory.locate(asFrame(1))).toBe(-1)
    expect(memory.windows).toEqual([])
    expect(memory.ranges).toEqual([])
    expect(memory.read(asPhysical(frame), 8).ok).toBe(false)
  })

  it('says absent where a block cannot be loaded, and tries again', () => {
    let works = false
    const load = (_: unknown, into: Uint8Array): boolean => {
      if (!works) into.fill(9)
      return works
    }
    const memory = new CachedMemory(numbered({ load }))
    expect(memory.locate(asFrame(1))).toBe(-1)
    works = true
    // Nothing of what was tried is left in its place.
    expect(memory.locate(asFrame(1))).toBe(0)
    expect(memory.read(asPhysical(frame), 4)).toEqual({ ok: true, bytes: new Uint8Array(4) })
  })
})
