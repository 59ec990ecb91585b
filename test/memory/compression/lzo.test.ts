import { describe, expect, it } from 'vitest'
import { unpacker } from '../../../src/memory/compression/unpack.js'

const unpack = unpacker('lzo')

/** What a stream of LZO1X unpacks to; undefined where it is refused. */
function unpacked(packed: readonly number[], size: number): string | undefined {
  const into = new Uint8Array(size)
  return unpack(Uint8Array.from(packed), into) ? Buffer.from(into).toString('latin1') : undefined
}

const text = (words: string): number[] => [...Buffer.from(words, 'latin1')]
/** M4 with distance 0x4000: the end of a stream (Documentation/staging/lzo.rst). */
const end = [0x11, 0, 0]
/** A first byte from 18 on: so many literals less 17. */
const literals = (words: string): number[] => [17 + words.length, ...text(words)]

describe('LZO1X', () => {
  it('copies two bytes from up to 1 KiB back after literals of a match', () => {
    // M2 copies 3 from 4 back and one literal follows: after 1 to 3 literals a code below 16 copies 2 bytes.
    const stream = [...literals('abcd'), 0x40 | (3 << 2) | 1, 0, ...text('X'), 0b0000_0100, 0, ...end]
    // From distance 1 + (code >> 2) + 4 * 0 = 2.
    expect(unpacked(stream, 10)).toBe('abcdabcXcX')
  })

  it('copies three bytes from 2 KiB and more back after a long run of literals', () => {
    const run = Array.from({ length: 2060 }, (_, i) => 97 + (i % 26))
    // 0: a run of 18 and more; zeros count 255 each.
    const length = run.length - 18
    const zeros = Math.floor((length - 1) / 255)
    const head = [0, ...Array<number>(zeros).fill(0), length - zeros * 255]
    // State 4: distance 2049 + (code >> 2) + 4 * next: 2049 + 1 + 4 = 2054.
    const stream = [...head, ...run, 0b0000_0100, 1, ...end]
    const whole = unpacked(stream, run.length + 3)
    expect(whole?.slice(-3)).toBe(Buffer.from(run.slice(2060 - 2054, 2060 - 2051)).toString('latin1'))
    // With a place that is before the first byte it is refused.
    expect(unpacked([...head, ...run, 0b0000_1100, 3, ...end], run.length + 3)).toBeUndefined()
  })

  it('refuses what ends early, goes beyond its room, or points before its start', () => {
    expect(unpacked([...literals('abcd'), ...end], 4)).toBe('abcd')
    expect(unpacked(literals('abcd'), 4)).toBeUndefined()
    expect(unpacked([...literals('abcd'), ...end], 3)).toBeUndefined()
    expect(unpacked([...literals('abcd'), 0x40, 1, ...end], 7)).toBeUndefined()
    expect(unpacked([...literals('abcd'), 0x40 | (3 << 2) | 3, 0, ...text('X')], 10)).toBeUndefined()
    expect(unpacked([...literals('abcd'), 0b0000_0100], 6)).toBeUndefined()
  })
})

describe('LZO1X that ends early', () => {
  it.each<[string, readonly number[], number]>([
    ['before anything', [], 0],
    ['before the first literals', [19, 97], 2],
    ['before the length of a run', [0], 0],
    ['inside the length of a run', [0, 0, 0], 0],
    ['before the literals of a run', [1, 97, 98], 3],
    ['before the distance of a short match', [...literals('abcd'), 0x40], 4],
    ['before the length of a match', [...literals('abcd'), 0x20], 4],
    ['inside the length of a match', [...literals('abcd'), 0x20, 0, 0], 4],
    ['before the distance of a match', [...literals('abcd'), 0x21], 4],
    ['inside the distance of a match', [...literals('abcd'), 0x21, 0], 4],
    ['before the distance of a small code', [...literals('ab'), 0x04], 2],
    ['before the literals of a match', [...literals('abcd'), 0x21, 0x0d, 0], 8],
    ['before its end', [...literals('abcd'), 0x21, 0x0c, 0], 7],
  ])('%s is refused', (_, packed, size) => {
    expect(unpacked(packed, size)).toBeUndefined()
  })

  it('is whole with what was missing', () => {
    expect(unpacked([19, 97, 98, ...end], 2)).toBe('ab')
    expect(unpacked([18, 97, ...end], 1)).toBe('a')
    expect(unpacked(end, 0)).toBe('')
    expect(unpacked([1, ...text('abcd'), ...end], 4)).toBe('abcd')
    expect(unpacked([...literals('abcd'), 0x21, 0x0c, 0, ...end], 7)).toBe('abcdabc')
    expect(unpacked([...literals('abcd'), 0x21, 0x0d, 0, 120, ...end], 8)).toBe('abcdabcx')
    expect(unpacked([...literals('abcd'), 0x20, 1, 0x0c, 0, ...end], 38)).toBe('abcd'.repeat(10).slice(0, 38))
    expect(unpacked([19, 97, 98, ...end], 1)).toBeUndefined()
    expect(unpacked([...end, 0], 0)).toBeUndefined()
  })
})
