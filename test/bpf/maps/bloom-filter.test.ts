import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KernelGuest } from '../../support/kernel-guest.js'
import { addMap, memberOf, readWhole } from '../../support/map-objects.js'
import { referenceJhash } from '../../support/reference-jhash.js'

const bits = 512
const hashes = 3
const seed = 0xfffffffe

/** A filter with these values added, as bloom_map_push_elem does. */
function filter(values: readonly Uint8Array[], valueSize: number) {
  const guest = new KernelGuest()
  const map = addMap(guest, 'bloom_filter', 'bpf_bloom_filter', {
    keySize: 0,
    valueSize,
    members: { bitset_mask: bits - 1, hash_seed: seed, nr_hash_funcs: hashes },
    extra: bits / 8,
  })
  const bitset = new Uint8Array(bits / 8)
  for (const value of values) {
    for (let i = 0; i < hashes; i++) {
      const bit = referenceJhash(value, (seed + i) >>> 0) & (bits - 1)
      bitset[bit >> 3] = (bitset[bit >> 3] as number) | (1 << (bit & 7))
    }
  }
  guest.write(memberOf(guest, 'bpf_bloom_filter', map, 'bitset'), bitset)
  return { guest, map, bitset }
}

describe('a bloom filter', () => {
  it('holds what was added, whatever its size', () => {
    const value = fc.uint8Array({ minLength: 13, maxLength: 13 })
    fc.assert(
      fc.property(fc.array(value, { maxLength: 20 }), value, (values, other) => {
        const { guest, map, bitset } = filter(values, 13)
        const { map: opened, state, entries, problems } = readWhole(guest, map)
        for (const added of values) expect(opened.has(added)).toBe(true)
        const places = Array.from(
          { length: hashes },
          (_, i) => referenceJhash(other, (seed + i) >>> 0) % bits,
        )
        const mayHold = places.every((bit) => ((bitset[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0)
        expect(opened.has(other)).toBe(mayHold)
        const set = [...bitset].reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
        expect(state).toMatchObject({ bits, hashFunctions: hashes, hashSeed: seed, bitsSet: set })
        expect(state.falsePositiveRate).toBeCloseTo((set / bits) ** hashes, 12)
        expect(entries).toEqual([])
        expect(problems).toEqual([])
      }),
      { numRuns: 30 },
    )
  })

  it('that is full could hold any number of elements', () => {
    const { guest, map } = filter([], 4)
    guest.write(memberOf(guest, 'bpf_bloom_filter', map, 'bitset'), new Uint8Array(bits / 8).fill(255))
    const { state } = readWhole(guest, map)
    expect(state).toMatchObject({ fillRatio: 1, falsePositiveRate: 1 })
    expect(state).not.toHaveProperty('estimatedElements')
  })

  it.each([{ bitset_mask: 0xfffffffe }, { nr_hash_funcs: 0 }, { nr_hash_funcs: 2 ** 32 - 1 }])(
    'with parameters that cannot be (%o) answers nothing',
    (members) => {
      const { guest, map } = filter([], 4)
      guest.objects.set('bpf_bloom_filter', map, members)
      const { map: opened, problems } = readWhole(guest, map)
      expect(problems[0]).toContain('cannot be')
      expect(() => opened.has(new Uint8Array(4))).toThrow(/is not in order/)
    },
  )
})
