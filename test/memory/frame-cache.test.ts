import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asFrame, asPhysical, asPosition } from '../../src/brands.js'
import { CachedMemory, type FrameSource, inWindows } from '../../src/memory/frame-cache.js'
import type { MemoryWindow } from '../../src/memory/types.js'

const frame = 4096
const MiB = 2 ** 20

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
    for (let at = 0; at < 50_000; at++) {
      const position = memory.locate(asFrame(at))
      if (position >= 0) expect(numberAt(memory, position)).toBe(at)
      // Asked for again and again, it is never unpacked a second time.
      expect(numberAt(memory, memory.locate(asFrame(1)))).toBe(1)
    }
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
    const memory = new CachedMemory(numbered({ load: () => works }))
    expect(memory.locate(asFrame(1))).toBe(-1)
    works = true
    expect(memory.locate(asFrame(1))).toBeGreaterThanOrEqual(0)
  })
})
