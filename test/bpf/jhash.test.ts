import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jhash } from '../../src/bpf/maps/jhash.js'
import { referenceJhash } from '../support/reference-jhash.js'

/** From Bob Jenkins' lookup3.c (driver5): hashlittle is jhash. */
const known: readonly [string, number, number][] = [
  ['', 0, 0xdeadbeef],
  ['', 0xdeadbeef, 0xbd5b7dde],
  ['Four score and seven years ago', 0, 0x17770551],
  ['Four score and seven years ago', 1, 0xcd628161],
]

describe.each([
  ['jhash', jhash],
  ['the reference', referenceJhash],
])('%s', (_, hash) => {
  it.each(known)('of "%s" with seed %i is what its author says', (text, seed, expected) => {
    expect(hash(Buffer.from(text), seed)).toBe(expected)
  })
})

it('jhash agrees with the reference for keys of any length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(0xffffffff), (key, seed) => {
      expect(jhash(key, seed)).toBe(referenceJhash(key, seed))
    }),
    { numRuns: 500 },
  )
})

it('jhash takes a key that is a part of a buffer', () => {
  const bytes = Uint8Array.from({ length: 40 }, (_, i) => i * 7)
  for (let length = 0; length < 30; length++) {
    const part = bytes.subarray(5, 5 + length)
    expect(jhash(part, 99)).toBe(referenceJhash(part.slice(), 99))
  }
})
