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
