import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { listArenas } from '../../../src/bpf/arena/arenas.js'
import { listMaps } from '../../../src/bpf/map-info.js'
import { CryoscopeError } from '../../../src/errors.js'
import { Problems } from '../../../src/problems.js'
import { ArenaGuest } from '../../support/arena-guest.js'
import { ruinsOf } from '../../support/ruin.js'

const test = new ArenaGuest({
  free: [
    [4, 9],
    [12, 2 ** 20 - 1],
  ],
  constants: [(1n << 44n) + 0x20n],
})
test.pages(3, 0)
test.pages(2, 10)
const { kernel, arena } = test.build()
const { damage, near, ruin } = ruinsOf(test.guest, kernel)
const struct = listMaps(kernel, new Problems()).find(({ id }) => id === arena.id)?.address ?? 0n

function readAll(): void {
  const problems = new Problems()
  try {
    for (const found of listArenas(kernel, listMaps(kernel, problems), problems, problems)) {
      JSON.stringify(found)
      void [found.freeRanges, found.allocatedPages, found.users, found.strays]
      JSON.stringify(found.globals)
      found.describe(1n << 44n)
      for (const allocator of found.allocators) JSON.stringify(allocator)
      expect(found.pages.length).toBeLessThan(100_000)
    }
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
  }
  for (const { why } of problems.list) expect(why.length).toBeGreaterThan(10)
}

describe('an arena in ruined memory', () => {
  it('is read in full when nothing is ruined', () => {
    ruin([])
    const [found] = listArenas(kernel, listMaps(kernel, new Problems()), new Problems(), new Problems())
    expect(found?.pages).toEqual([0, 1, 2, 10, 11])
    expect(found?.problems).toEqual([])
  })

  it.each([
    ['anywhere', false],
    ['in the arena itself', true],
  ])('ends, with reasons: %s', (_, close) => {
    fc.assert(
      fc.property(damage, near(struct), (far, own) => {
        ruin(close ? own : far)
        readAll()
      }),
      { numRuns: 60, endOnFailure: true },
    )
  })
})
