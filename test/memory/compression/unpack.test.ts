import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { unpackLzo } from '../../../src/memory/compression/lzo.js'
import { type Compression, unpacker } from '../../../src/memory/compression/unpack.js'
import { packed, plausiblePage } from '../../support/packed.js'

const compressions: readonly Compression[] = ['zlib', 'lzo', 'snappy', 'zstd']

describe.each(compressions)('%s', (compression) => {
  const unpack = unpacker(compression)

  it.each([1, 2, 3, 4])('unpacks page %i as it was', (seed) => {
    const page = plausiblePage(seed)
    const bytes = packed(compression, page)
    const into = new Uint8Array(4096)
    expect(unpack(bytes, into)).toBe(true)
    expect(Buffer.compare(into, page)).toBe(0)
  })

  it('unpacks a page of zeros', () => {
    const into = new Uint8Array(4096).fill(1)
    expect(unpack(packed(compression, new Uint8Array(4096)), into)).toBe(true)
    expect(into.every((byte) => byte === 0)).toBe(true)
  })

  it('refuses what unpacks to another length', () => {
    const bytes = packed(compression, plausiblePage(7))
    expect(unpack(bytes, new Uint8Array(4095))).toBe(false)
    expect(unpack(bytes, new Uint8Array(8192))).toBe(false)
    expect(unpack(bytes.subarray(0, bytes.length - 20), new Uint8Array(4096))).toBe(false)
    expect(unpack(new Uint8Array(), new Uint8Array(4096))).toBe(false)
  })

  it('answers false or fills the page, whatever the bytes', () => {
    const good = Uint8Array.from(packed(compression, plausiblePage(9)))
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 })), { maxLength: 8 }),
        (edits) => {
          const bytes = Uint8Array.from(good)
          for (const [at, value] of edits) bytes[at] = value
          expect(typeof unpack(bytes, new Uint8Array(4096))).toBe('boolean')
        },
      ),
      { numRuns: 300 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(typeof unpack(bytes, new Uint8Array(4096))).toBe('boolean')
      }),
      { numRuns: 300 },
    )
  })
})

describe('LZO1X', () => {
  it('unpacks what lzop packs, at each of its levels', () => {
    const shapes = fc.tuple(
      fc.nat({ max: 2 ** 20 }),
      fc.integer({ min: 32, max: 65_536 }),
      fc.constantFrom(1, 3, 7, 9),
    )
    fc.assert(
      fc.property(shapes, ([seed, size, level]) => {
        const bytes = plausiblePage(seed, size)
        const block = packed('lzo', bytes, level)
        if (block.length === 0) return
        const into = new Uint8Array(size)
        expect(unpackLzo(block, into)).toBe(true)
        expect(Buffer.compare(into, bytes)).toBe(0)
      }),
      { numRuns: 120 },
    )
  })

  it('unpacks distances beyond 16 KiB and very long runs', () => {
    const noise = plausiblePage(3, 20_000)
    const bytes = Buffer.concat([noise, Buffer.alloc(40_000), noise, Buffer.alloc(5000, 7)])
    for (const level of [1, 9]) {
      const into = new Uint8Array(bytes.length)
      expect(unpackLzo(packed('lzo', bytes, level), into)).toBe(true)
      expect(Buffer.compare(into, bytes)).toBe(0)
    }
  })
})

describe('LZO instructions', () => {
  const literals = plausiblePage(3).subarray(0, 2100)
  // A run of 3 + 15 + 8 * 255 + 42 literals.
  const run = [...new Uint8Array(9), 42, ...literals]
  const end = [0x11, 0, 0]

  it('of a small code behind a long run copy three bytes from beyond 2048', () => {
    for (const [code, more] of [
      [0x00, 0],
      [0x04, 2],
      [0x0c, 5],
    ] as const) {
      const into = new Uint8Array(2103)
      expect(unpackLzo(Uint8Array.from([...run, code, more, ...end]), into)).toBe(true)
      const from = 2100 - (2049 + (code >> 2) + (more << 2))
      expect([...into.subarray(2100)]).toEqual([...literals.subarray(from, from + 3)])
    }
    // Further back than there is anything.
    expect(unpackLzo(Uint8Array.from([...run, 0x00, 13, ...end]), new Uint8Array(2103))).toBe(false)
  })

  it('of a small code behind few literals copy two bytes from nearby', () => {
    // 1 literal after a match of 3 bytes at distance 5 (code 0x40 | 4 << 2 | 1).
    const near = [...run, 0x51, 0x00, 0xaa, 0x08, 0x01]
    const into = new Uint8Array(2100 + 3 + 1 + 2)
    expect(unpackLzo(Uint8Array.from([...near, ...end]), into)).toBe(true)
    expect([...into.subarray(2100, 2104)]).toEqual([...literals.subarray(2095, 2098), 0xaa])
    const from = 2104 - (1 + 2 + 4)
    expect([...into.subarray(2104)]).toEqual([...into.subarray(from, from + 2)])
  })
})
