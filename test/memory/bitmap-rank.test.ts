import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BitmapRank } from '../../src/memory/bitmap-rank.js'

const rankOf = (bytes: Uint8Array): BitmapRank =>
  new BitmapRank(bytes.length, (offset, length) => bytes.subarray(offset, offset + length))

/** Bitmaps of several chunks, with long runs of zeros and ones. */
const bitmaps = fc
  .array(fc.tuple(fc.constantFrom(0, 0xff, 0x5a, 0x80, 0x01), fc.integer({ min: 1, max: 700 })), {
    maxLength: 8,
  })
  .map((runs) => Buffer.concat(runs.map(([byte, count]) => Buffer.alloc(count, byte))))

describe('BitmapRank', () => {
  it('counts as a count one by one does, in any order', () => {
    fc.assert(
      fc.property(bitmaps, fc.array(fc.nat({ max: 48_000 }), { maxLength: 40 }), (bytes, bits) => {
        const before: number[] = [0]
        for (let bit = 0; bit < bytes.length * 8; bit++) {
          before.push((before[bit] as number) + (((bytes[bit >> 3] as number) >> (bit & 7)) & 1))
        }
        const bitmap = rankOf(bytes)
        const right = bits.map((bit) => {
          const set = bit < bytes.length * 8 && (((bytes[bit >> 3] as number) >> (bit & 7)) & 1) === 1
          return [set ? before[bit] : -1, before[Math.min(bit, bytes.length * 8)]]
        })
        expect(bits.map((bit) => [bitmap.rank(bit), bitmap.countBefore(bit)])).toEqual(right)
      }),
    )
  })

  it('lists the runs', () => {
    fc.assert(
      fc.property(bitmaps, (bytes) => {
        const again = Buffer.alloc(bytes.length)
        let end = -1
        let areApart = true
        for (const { start, length } of rankOf(bytes).runs()) {
          areApart &&= start > end
          end = start + length
          for (let bit = start; bit < end; bit++)
            again[bit >> 3] = (again[bit >> 3] as number) | (1 << (bit & 7))
        }
        expect(areApart).toBe(true)
        expect(again.equals(bytes)).toBe(true)
      }),
    )
  })
})
