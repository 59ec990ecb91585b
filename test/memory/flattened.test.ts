import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { FlattenedBytes } from '../../src/memory/flattened.js'
import { flatten } from '../support/kdump.js'

const directory = mkdtempSync(join(tmpdir(), 'cryoscope-flat-'))
const path = join(directory, 'flat')
afterAll(() => rmSync(directory, { recursive: true }))

function withFlat<T>(bytes: Uint8Array, look: (flat: FlattenedBytes) => T): T {
  writeFileSync(path, bytes)
  const flat = new FlattenedBytes(path)
  try {
    return look(flat)
  } finally {
    flat.close()
  }
}

describe('FlattenedBytes', () => {
  it('is what writing the pieces in their order makes', () => {
    const pieces = fc.array(
      fc.record({ offset: fc.nat({ max: 300 }), bytes: fc.uint8Array({ minLength: 1, maxLength: 60 }) }),
      { minLength: 1, maxLength: 30 },
    )
    fc.assert(
      fc.property(pieces, (list) => {
        const image = new Map<number, number>()
        for (const { offset, bytes } of list) {
          for (const [i, byte] of bytes.entries()) image.set(offset + i, byte)
        }
        withFlat(flatten(list), (flat) => {
          expect(flat.problems).toEqual([])
          expect(flat.size).toBe(Math.max(...image.keys()) + 1)
          for (let offset = 0; offset < flat.size; offset += 7) {
            const expected: number[] = []
            for (let at = offset; at < offset + 40 && image.has(at); at++)
              expected.push(image.get(at) as number)
            expect([...flat.bytes(offset, 40)]).toEqual(expected)
          }
        })
      }),
    )
  })

  it('says when it is cut short or damaged, and gives what is there', () => {
    const whole = flatten([{ offset: 0, bytes: Buffer.from('hello') }])
    withFlat(whole.subarray(0, 4096 + 16 + 3), (flat) => {
      expect(Buffer.from(flat.bytes(0, 5)).toString()).toBe('hel')
      expect(flat.problems).toEqual([expect.stringContaining('cut short')])
    })
    whole.writeBigInt64BE(-5n, 4096 + 16 + 5)
    withFlat(whole, (flat) => {
      expect(Buffer.from(flat.bytes(0, 5)).toString()).toBe('hello')
      expect(flat.problems).toEqual([expect.stringContaining('a piece that cannot be, at byte 4117')])
    })
  })

  it('ends whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        withFlat(Buffer.concat([flatten([], { end: false }), bytes]), (flat) => {
          expect(flat.bytes(0, 100).length).toBeLessThanOrEqual(100)
        })
      }),
    )
  })
})

it('gives any place in any order, and nothing where there is none', () => {
  const pieces = [0, 10, 20, 30].map((offset, n) => ({ offset, bytes: new Uint8Array(5).fill(n + 1) }))
  withFlat(flatten(pieces), (flat) => {
    for (const n of [3, 0, 2, 1, 3, 1, 0]) {
      expect([...flat.bytes(10 * n, 5)]).toEqual(Array(5).fill(n + 1))
      expect([...flat.bytes(10 * n + 4, 9)]).toEqual([n + 1])
      expect(flat.bytes(10 * n + 5, 5)).toHaveLength(0)
      expect(flat.bytes(10 * n + 9, 1)).toHaveLength(0)
    }
    for (const [offset, length] of [
      [-1, 2],
      [Number.NaN, 2],
      [0, 0],
      [0, -1],
      [35, 1],
    ] as const)
      expect(flat.bytes(offset, length)).toHaveLength(0)
    expect(flat.size).toBe(35)
  })
})

it('joins pieces that lie side by side, as far as asked', () => {
  const pieces = ['abc', 'def', 'ghi'].map((text, n) => ({ offset: 3 * n, bytes: Buffer.from(text) }))
  withFlat(flatten([...pieces, { offset: 10, bytes: Buffer.from('k') }]), (flat) => {
    const text = (offset: number, length: number): string =>
      Buffer.from(flat.bytes(offset, length)).toString()
    expect(text(0, 9)).toBe('abcdefghi')
    expect(text(2, 5)).toBe('cdefg')
    expect(text(0, 100)).toBe('abcdefghi')
    expect(text(8, 1)).toBe('i')
    expect(text(8, 3)).toBe('i')
  })
})

it('has nothing behind a place that the file lost while it was looked at', () => {
  const second = { offset: 3, bytes: Buffer.from('def') }
  writeFileSync(path, flatten([second, { offset: 0, bytes: Buffer.from('abc') }]))
  // Whoever has it open for writing keeps it from being mapped.
  const writer = openSync(path, 'r+')
  const flat = new FlattenedBytes(path)
  expect(Buffer.from(flat.bytes(0, 6)).toString()).toBe('abcdef')
  ftruncateSync(writer, 4096 + 16 + 3 + 16 + 2)
  expect(Buffer.from(flat.bytes(0, 6)).toString()).toBe('ab')
  expect(Buffer.from(flat.bytes(3, 6)).toString()).toBe('def')
  expect(flat.lost).toContain('became shorter while it was looked at')
  flat.close()
  closeSync(writer)
})

it.each([
  ['begins before the dump', [-2n, 5n]],
  ['begins where no file can', [2n ** 52n, 5n]],
  ['has no bytes', [0n, 0n]],
  ['has more bytes than a file can have', [0n, 2n ** 52n]],
] as const)('leaves out a piece that %s, and what follows it', (_, [start, length]) => {
  const bytes = flatten([
    { offset: 0, bytes: Buffer.from('abc') },
    { offset: 3, bytes: Buffer.from('def') },
  ])
  const at = 4096 + 16 + 3
  bytes.writeBigInt64BE(start, at)
  bytes.writeBigInt64BE(length, at + 8)
  withFlat(bytes, (flat) => {
    expect(flat.size).toBe(3)
    expect(flat.problems).toEqual([
      `the flattened file has a piece that cannot be, at byte ${at}: the rest is left out`,
    ])
  })
})

it('takes the furthest and the longest piece that can be for one that is cut', () => {
  const bytes = flatten([{ offset: 0, bytes: Buffer.from('abc') }], { end: false })
  bytes.writeBigInt64BE(2n ** 52n - 1n, 4096)
  bytes.writeBigInt64BE(2n ** 52n - 1n, 4096 + 8)
  withFlat(bytes, (flat) => {
    expect(flat.size).toBe(2 ** 52 + 2)
    expect(flat.problems).toEqual([
      `the flattened file has no end mark: ${path} is cut short, with less than 1 % of what it should have`,
    ])
    expect(Buffer.from(flat.bytes(2 ** 52 - 1, 3)).toString()).toBe('abc')
  })
})

it('is empty without pieces', () => {
  withFlat(flatten([]), (flat) => {
    expect(flat).toMatchObject({ size: 0, problems: [], lost: undefined })
    expect(flat.bytes(0, 1)).toHaveLength(0)
  })
})
