import { describe, expect, it } from 'vitest'
import type { DumpBytes } from '../../src/memory/dump-bytes.js'
import { StreamReader } from '../../src/memory/stream-reader.js'

/** Each byte of the file is its offset, modulo 251. */
function reader(size: number, at = 0): StreamReader {
  const bytes = Uint8Array.from({ length: size }, (_, n) => n % 251)
  const file: DumpBytes = {
    size,
    mapping: undefined,
    lost: undefined,
    bytes: (offset, length) => bytes.subarray(offset, offset + length),
    close: () => {},
  }
  return new StreamReader(file, at)
}

const word = (at: number, length: number): number =>
  Array.from({ length }, (_, n) => (at + n) % 251).reduce((sum, byte) => sum * 256 + byte, 0)

describe('a stream', () => {
  it('is read number by number, the high byte first', () => {
    const stream = reader(32, 3)
    expect([stream.peek(), stream.u8(), stream.u16(), stream.u32()]).toEqual([3, 3, 0x0405, 0x06070809])
    expect(stream.at).toBe(10)
    stream.skip(2)
    expect(stream.u8()).toBe(12)
    expect(stream.text(3)).toBe('\r\x0e\x0f')
    expect(stream.at).toBe(16)
    stream.at = 5
    expect(stream.u16()).toBe(0x0506)
  })

  it('goes on where a piece of it ends', () => {
    const piece = 2 ** 20
    for (const [length, read] of [
      [1, 'u8'],
      [2, 'u16'],
      [4, 'u32'],
    ] as const) {
      const stream = reader(piece + 16)
      stream.u8()
      for (let at = piece - length; at <= piece; at++) {
        stream.at = at
        expect(stream[read](), `${read} at ${at}`).toBe(word(at, length))
        // Back to the first piece.
        stream.at = 0
        expect(stream.u8()).toBe(0)
      }
    }
  })

  it('has an end, which nothing is read over', () => {
    const stream = reader(8, 7)
    expect(stream.isAtEnd).toBe(false)
    expect(() => stream.u16()).toThrow(RangeError)
    expect(() => stream.u32()).toThrow(RangeError)
    expect(() => stream.text(2)).toThrow('cut short')
    expect(stream.at).toBe(7)
    expect(stream.u8()).toBe(7)
    expect(stream.isAtEnd).toBe(true)
    expect(() => stream.peek()).toThrow(RangeError)
    stream.at = 4
    stream.skip(4)
    expect(stream.isAtEnd).toBe(true)
    expect(() => stream.skip(1)).toThrow('cut short')
  })

  it('gives text of 4096 bytes at most', () => {
    expect(reader(5000).text(4096)).toHaveLength(4096)
    expect(() => reader(5000).text(4097)).toThrow('cut short')
  })
})
