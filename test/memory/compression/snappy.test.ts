import { describe, expect, it } from 'vitest'
import { unpackSnappy } from '../../../src/memory/compression/snappy.js'

/** What a stream unpacks to as text; undefined where it is refused. */
function unpacked(packed: readonly number[], size: number): string | undefined {
  const into = new Uint8Array(size)
  return unpackSnappy(Uint8Array.from(packed), into) ? Buffer.from(into).toString('latin1') : undefined
}

const text = (letters: string): number[] => [...Buffer.from(letters)]
/** A literal of up to 60 bytes. */
const literal = (letters: string): number[] => [(letters.length - 1) << 2, ...text(letters)]

describe('Snappy, by its format description', () => {
  it('copies by one byte of distance, with 3 bits more in the tag', () => {
    expect(unpacked([10, ...literal('abcdef'), 1 | (0 << 2), 6], 10)).toBe('abcdefabcd')
    // 11 bytes from 4 back: they repeat what is copied.
    expect(unpacked([15, ...literal('abcd'), 1 | (7 << 2), 4], 15)).toBe('abcdabcdabcdabc')
    const long = 'x'.repeat(200) + 'y'.repeat(60) + 'z'.repeat(40)
    const parts = [long.slice(0, 60), long.slice(60, 120), long.slice(120, 180), long.slice(180, 240)]
    const body = [...parts, long.slice(240)].flatMap(literal)
    // 300 + 4 bytes: 0xb0 0x02; a distance of 256 + 44 reaches the first byte.
    expect(unpacked([0xb0, 0x02, ...body, 1 | (1 << 5), 44], 304)).toBe(`${long}xxxx`)
    expect(unpacked([0xb0, 0x02, ...body, 1 | (1 << 5), 45], 304)).toBeUndefined()
  })

  it('copies by two and by four bytes of distance', () => {
    expect(unpacked([7, ...literal('abcdef'), 2 | (0 << 2), 6, 0], 7)).toBe('abcdefa')
    expect(unpacked([9, ...literal('abcdef'), 3 | (2 << 2), 5, 0, 0, 0], 9)).toBe('abcdefbcd')
    expect(unpacked([9, ...literal('abcdef'), 3 | (2 << 2), 5, 0, 0, 1], 9)).toBeUndefined()
    expect(unpacked([9, ...literal('abcdef'), 2 | (2 << 2), 5, 1], 9)).toBeUndefined()
  })

  it.each([
    [60, [59 << 2]],
    [61, [60 << 2, 60]],
    [256, [60 << 2, 255]],
    [257, [61 << 2, 0, 1]],
    [4000, [61 << 2, 0x9f, 0x0f]],
    [300, [62 << 2, 0x2b, 0x01, 0]],
    [300, [63 << 2, 0x2b, 0x01, 0, 0]],
  ])('has literals of %i bytes', (length, tag) => {
    const letters = Buffer.alloc(length, 'abcdefg').toString()
    const size = length < 128 ? [length] : [(length & 127) | 128, length >> 7]
    expect(unpacked([...size, ...tag, ...text(letters)], length)).toBe(letters)
    // One byte short, and one too many.
    expect(unpacked([...size, ...tag, ...text(letters).slice(1)], length)).toBeUndefined()
    expect(unpacked([...size, ...tag, ...text(letters), 0], length)).toBeUndefined()
  })

  it('refuses what begins before the output, goes beyond it, or ends early', () => {
    const six = literal('abcdef')
    expect(unpacked([10, ...six, 1, 0], 10)).toBeUndefined()
    expect(unpacked([10, ...six, 1, 7], 10)).toBeUndefined()
    expect(unpacked([9, ...six, 1, 6], 9)).toBeUndefined()
    expect(unpacked([11, ...six, 1, 6], 11)).toBeUndefined()
    expect(unpacked([10, ...six, 1], 10)).toBeUndefined()
    expect(unpacked([9, ...six, 3 | (2 << 2), 5, 0, 0], 9)).toBeUndefined()
    expect(unpacked([5, ...six], 5)).toBeUndefined()
    expect(unpacked([6, ...six], 7)).toBeUndefined()
  })

  it('refuses a length that does not end', () => {
    expect(unpacked([], 0)).toBeUndefined()
    expect(unpacked([0x80], 0)).toBeUndefined()
    expect(unpacked([0x80, 0x80, 0x80, 0x80, 0x00], 0)).toBe('')
    expect(unpacked([0x80, 0x80, 0x80, 0x80, 0x80, 0x00], 0)).toBeUndefined()
    expect(unpacked([0x80, 0], 0)).toBe('')
  })
})
