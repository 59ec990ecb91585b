import { describe, expect, it } from 'vitest'
import { unpacker } from '../../../src/memory/compression/unpack.js'
import { isSafeFrame } from '../../../src/memory/compression/zstd-frame.js'
import { packed, plausiblePage } from '../../support/packed.js'

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))

/** A frame of 64 bytes: a raw block, and one whose literals have a tree with this table of weights. */
function frame(table: string): Uint8Array {
  const block = bytesOf(`020405 0a ${table} ${'81'.repeat(20)}`)
  const head = Buffer.from([(block.length << 3) | 5, 0, 0])
  return Uint8Array.of(...bytesOf('28b52ffd 20 40  080000 aa'), ...head, ...block)
}

describe('a frame of zstd', () => {
  it.each([
    ['f003', true],
    ['10f801', true],
    // Half of the states for a symbol, and what the encoder of a page wrote.
    ['1001', false],
    ['003a60', false],
  ])('whose weights have the table %s never ends: %s', (table, isEndless) => {
    expect(isSafeFrame(frame(table))).toBe(!isEndless)
  })

  it('that would never end is refused', () => {
    expect(unpacker('zstd')(frame('f003'), new Uint8Array(64))).toBe(false)
  })

  it('that was packed well ends', () => {
    for (let seed = 1; seed < 6; seed++) {
      const page = plausiblePage(seed)
      const bytes = packed('zstd', page)
      expect(isSafeFrame(bytes)).toBe(true)
      const into = new Uint8Array(page.length)
      expect(unpacker('zstd')(bytes, into)).toBe(true)
      expect(Buffer.compare(into, page)).toBe(0)
    }
  })

  it('with anything behind it is refused: another frame may never end', () => {
    const small = bytesOf('28b52ffd 20 01  090000 aa')
    expect(unpacker('zstd')(small, new Uint8Array(1))).toBe(true)
    expect(unpacker('zstd')(Uint8Array.of(...small, ...frame('f003')), new Uint8Array(1))).toBe(false)
    // Not even what another frame's checksum would take.
    expect([0, 1, 4].map((more) => isSafeFrame(Uint8Array.of(...small, ...new Uint8Array(more))))).toEqual([
      true,
      false,
      false,
    ])
    // Its checksum is its own.
    const checked = bytesOf('28b52ffd 24 01  090000 aa  00000000')
    expect(isSafeFrame(checked)).toBe(true)
    expect(isSafeFrame(Uint8Array.of(...checked, 0))).toBe(false)
  })

  it.each([
    ['28b52ffd 20 40', true],
    ['28b52ffd a0 00008000', true],
    ['28b52ffd a0 01008000', false],
    ['28b52ffd e0 0000800000000000', true],
    ['28b52ffd e0 0000000001000000', false],
    // Exponent 13, mantissas 0 and 1; with a dictionary's id behind.
    ['28b52ffd 01 68 07', true],
    ['28b52ffd 01 69 07', false],
    ['28b52ffe 20 40', false],
    ['', false],
  ])('%s has a window that a page may need: %s', (hex, isSafe) => {
    expect(isSafeFrame(bytesOf(hex))).toBe(isSafe)
  })
})
