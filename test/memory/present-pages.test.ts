import { describe, expect, it } from 'vitest'
import { asPage, asPhysical } from '../../src/brands.js'
import { pageOf } from '../../src/memory/address-space.js'
import { GuestBuilder } from '../support/guest-builder.js'

const start = 0xffffd90000009000n
const first = pageOf(start)
const window = 2 ** 20

function pagesAt(guest: GuestBuilder, offsets: readonly number[]): void {
  for (const offset of offsets) guest.map(start + BigInt(offset) * 4096n, guest.frame())
}

describe('presentPages', () => {
  it.each([4, 5] as const)(
    'finds pages anywhere in 4 GiB with %s levels, and those at its edges',
    (levels) => {
      const guest = new GuestBuilder({ levels })
      const offsets = [0, 1, 511, 512, 70_000, 524_288, window - 1]
      pagesAt(guest, [...offsets, -1, window])
      const { pages, problem } = guest.space().presentPages(first, window)
      expect(pages.map((page) => page - first)).toEqual(offsets)
      expect(problem).toBeUndefined()
    },
  )

  it('gives the pages of huge ones that lie in the range', () => {
    const guest = new GuestBuilder()
    guest.map(0xffffd90000200000n, asPhysical(2 ** 21), { size: '2M' })
    const from = pageOf(0xffffd90000200000n)
    expect(guest.space().presentPages(asPage(from + 500), 100).pages).toEqual(
      Array.from({ length: 12 }, (_, i) => from + 500 + i),
    )
    expect(guest.space().presentPages(asPage(from - 3), 5).pages).toEqual([from, from + 1])
  })

  it('agrees with a walk of every page', () => {
    const guest = new GuestBuilder()
    pagesAt(guest, [3, 4, 9, 500, 513, 1600])
    const space = guest.space()
    const walked = Array.from({ length: 2000 }, (_, i) => first + i).filter(
      (page) => space.frameOf(asPage(page)) >= 0,
    )
    expect(space.presentPages(first, 2000).pages).toEqual(walked)
  })

  it('says which table is missing, and gives the rest', () => {
    const guest = new GuestBuilder()
    pagesAt(guest, [2, 600])
    // The page table of the second 2 MiB is where no memory is.
    guest.setEntry(start + 600n * 4096n, 1, 0x7f_ffff_f003n)
    const { pages, problem } = guest.space().presentPages(first, window)
    expect(pages).toEqual([first + 2])
    expect(problem).toMatchObject({ kind: 'absent', physical: 0x7f_ffff_f000 })
  })

  it('ends where tables lead back to themselves', () => {
    const guest = new GuestBuilder()
    guest.setEntry(start, 3, BigInt(guest.root) | 3n)
    const { pages } = guest.space().presentPages(first, window)
    expect(pages.length).toBeLessThanOrEqual(window)
  })

  it('refuses ranges that are no addresses', () => {
    const { pages, problem } = new GuestBuilder().space().presentPages(asPage(2 ** 40), 10)
    expect(pages).toEqual([])
    expect(problem?.kind).toBe('non-canonical')
  })
})
