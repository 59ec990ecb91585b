import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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
