import { describe, expect, it } from 'vitest'
import { asFrame, asPhysical } from '../../src/brands.js'
import { TouchedMemory } from '../../src/memory/touched.js'
import { ArrayMemory } from '../support/array-memory.js'

const frame = 4096

function memory() {
  const whole = new ArrayMemory(16 * frame)
  for (let n = 0; n < 16; n++) whole.bytes.fill(n, n * frame, (n + 1) * frame)
  whole.remove(8 * frame, frame)
  return { whole, touched: new TouchedMemory(whole) }
}

describe('memory that notes what is asked for', () => {
  it('notes no frame before one is asked for', () => {
    expect(memory().touched.touched()).toEqual([])
  })

  it('notes each frame that a read reaches, in runs, whatever the order', () => {
    const { touched } = memory()
    expect(touched.read(asPhysical(10 * frame + 5), 3)).toEqual({
      ok: true,
      bytes: Uint8Array.of(10, 10, 10),
    })
    touched.read(asPhysical(4 * frame - 1), 2)
    touched.read(asPhysical(2 * frame), frame)
    expect(touched.touched()).toEqual([
      { start: 2 * frame, length: 3 * frame },
      { start: 10 * frame, length: frame },
    ])
    // A read that ends with a frame does not reach the next; none reaches nothing.
    touched.read(asPhysical(5 * frame), 0)
    touched.read(asPhysical(0), frame)
    expect(touched.touched()[0]).toEqual({ start: 0, length: frame })
    expect(touched.touched()).toHaveLength(3)
  })

  it('notes frames that are located, and none that are not there', () => {
    const { whole, touched } = memory()
    expect(touched.locate(asFrame(7))).toBe(whole.locate(7))
    expect(touched.locate(asFrame(8))).toBe(-1)
    expect(touched.read(asPhysical(9 * frame - 4), 8).ok).toBe(false)
    expect(touched.touched()).toEqual([
      { start: 7 * frame, length: frame },
      { start: 9 * frame, length: frame },
    ])
  })

  it('is else the memory that it stands before', () => {
    const { whole, touched } = memory()
    expect(touched.description).toBe(whole.description)
    expect(touched.ranges).toEqual(whole.ranges)
    expect(touched.windows).toBe(whole.windows)
    expect(touched.dataRanges()).toEqual(whole.dataRanges())
    expect(touched.generation).toBe(whole.generation)
    whole.remove(0, frame)
    expect(touched.generation).toBe(whole.generation)
  })
})
