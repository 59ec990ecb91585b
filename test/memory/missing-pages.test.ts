import { describe, expect, it, vi } from 'vitest'
import { asPage, type Page } from '../../src/brands.js'
import { pageOf } from '../../src/memory/address-space.js'
import { missingPages } from '../../src/memory/missing-pages.js'
import { GuestBuilder } from '../support/guest-builder.js'

const start = 0xffffd90000000000n
const first = pageOf(start)
const nowhere = 0x7f_ffff_f003n

function guestWith(...offsets: number[]): GuestBuilder {
  const guest = new GuestBuilder()
  for (const offset of offsets) guest.map(start + BigInt(offset) * 4096n, guest.frame())
  return guest
}

describe('missingPages', () => {
  it('counts up to the next page that is there, and to the end', () => {
    const space = guestWith(3, 5, 70_000, 2 ** 20).space()
    const from = (offset: number, count: number): number => missingPages(space, asPage(first + offset), count)
    expect(from(3, 10)).toBe(0)
    expect(from(4, 10)).toBe(1)
    expect(from(70_001, 5)).toBe(5)
    expect(from(71_000, 1)).toBe(1)
    // The rest of the table of page 5, and what its upper table has not: two reasons.
    expect(from(6, 2 ** 20)).toBe(506)
    expect(from(512, 2 ** 20)).toBe(69_632 - 512)
  })

  it('agrees with a look at every page', () => {
    const space = guestWith(0, 4, 9, 500, 513, 1600).space()
    const missing = (page: Page): boolean => space.locate(page) < 0
    const found: number[] = []
    for (let page = first; page < first + 2000; ) {
      const count = missingPages(space, page, first + 2000 - page)
      for (let i = 0; i < count; i++) found.push(page + i)
      page = asPage(page + Math.max(1, count))
    }
    expect(found).toEqual(Array.from({ length: 2000 }, (_, i) => first + i).filter((n) => missing(asPage(n))))
  })

  it('tells frames and tables that are not held from pages that are not mapped', () => {
    const guest = guestWith(0, 1, 2, 513)
    guest.setEntry(start, 0, nowhere)
    guest.setEntry(start + 4096n, 0, nowhere)
    guest.setEntry(start + 513n * 4096n, 1, nowhere)
    const space = guest.space()
    expect(missingPages(space, first, 600)).toBe(2)
    expect(missingPages(space, asPage(first + 3), 600)).toBe(509)
    // One table that is not held, and the 512 entries behind it in the upper one are not in it.
    expect(missingPages(space, asPage(first + 512), 512)).toBe(512)
  })

  it('looks a few times at terabytes that are not mapped, or are no addresses', () => {
    const space = guestWith(0).space()
    const looks = vi.spyOn(space, 'problemAt')
    // The rest of one table at each level: of pages, of 2 MiB, of 1 GiB, of 512 GiB.
    expect(missingPages(space, asPage(first + 1), 2 ** 30)).toBe(511)
    expect(missingPages(space, asPage(first + 2 ** 27), 2 ** 28)).toBe(2 ** 28)
    expect(missingPages(space, asPage(2 ** 40), 2 ** 50)).toBe(2 ** 50)
    expect(looks.mock.calls.length).toBeLessThan(520)
  })
})
