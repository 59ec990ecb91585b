import { describe, expect, it } from 'vitest'
import { unpacker } from '../../../src/memory/compression/unpack.js'
import { hasEndlessWeights, windowOf } from '../../../src/memory/compression/zstd-frame.js'
import { packed, plausiblePage } from '../../support/packed.js'

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))

/** A frame of 64 bytes: a raw block, and one whose literals have a tree with this table of weights. */
const frame = (table: string): Uint8Array =>
  bytesOf(`28b52ffd 20 40  08 0000 aa  ad 0000 020405 0a ${table} 8181818181818181 ${'81'.repeat(12)}`)

describe('a frame of zstd', () => {
  it.each([
    ['f003', true],
    ['10f801', true],
    // Half of the states for a symbol, and what the encoder of a page wrote.
    ['1001', false],
    ['003a60', false],
  ])('whose weights have the table %s never ends: %s', (table, isEndless) => {
    expect(hasEndlessWeights(frame(table))).toBe(isEndless)
  })

  it('that would never end is refused', () => {
    expect(unpacker('zstd')(frame('f003'), new Uint8Array(64))).toBe(false)
  })

  it('that was packed well ends', () => {
    for (let seed = 1; seed < 6; seed++) {
      const page = plausiblePage(seed)
      const bytes = packed('zstd', page)
      expect(hasEndlessWeights(bytes)).toBe(false)
      const into = new Uint8Array(page.length)
      expect(unpacker('zstd')(bytes, into)).toBe(true)
      expect(Buffer.compare(into, page)).toBe(0)
    }
  })

  it.each([
    ['28b52ffd 20 40', 64],
    ['28b52ffd 60 0001', 512],
    ['28b52ffd a0 00000100', 65_536],
    ['28b52ffd e0 0000010000000000', 65_536],
    // Exponent 3, mantissa 4; with a dictionary's id behind.
    ['28b52ffd 01 1c 07', 12_288],
    ['28b52ffe 20 40', Number.NaN],
    ['', Number.NaN],
  ])('%s has a window of %i bytes', (hex, window) => {
    expect(windowOf(bytesOf(hex))).toBe(window)
  })
})
