import type { Page } from '../brands.js'
import type { AddressSpace } from './address-space.js'
import { frameEntries } from './page-tables.js'

/**
 * How many of `count` pages, from `first` on, cannot be read for one and the same reason: 0 where the first can. What an
 * entry of an upper table says of all pages below it costs one look, so that terabytes that are not mapped cost few.
 */
export function missingPages(space: AddressSpace, first: Page, count: number): number {
  if (space.locate(first) >= 0) return 0
  const end = first + count
  const why = absence(space, first)
  let page = Math.min(end, why.end) as Page
  while (page < end && space.locate(page) < 0) {
    const next = absence(space, page)
    if (next.what !== why.what) break
    page = Math.min(end, next.end) as Page
  }
  return page - first
}

/** Why a page is missing, and up to where that holds. */
function absence(space: AddressSpace, page: Page): { readonly what: string; readonly end: number } {
  // Its frame is not held: that of the next may be.
  if (space.frameOf(page) >= 0) return { what: 'absent', end: page + 1 }
  const { format } = space
  const problem = space.problemAt(BigInt(page) * 4096n)
  if (problem.kind !== 'not-present' && problem.kind !== 'absent') {
    const upperHalf = 2 ** 52 - 2 ** format.pageBits
    return { what: problem.kind, end: page < upperHalf ? upperHalf : Number.POSITIVE_INFINITY }
  }
  const isTable = problem.kind === 'absent'
  const name = isTable ? problem.table : problem.level
  const level = name === undefined ? 0 : format.names.indexOf(name)
  const span = 2 ** (format.stride * level + format.pageShift) * (isTable ? frameEntries : 1)
  return { what: `${problem.kind} ${name}`, end: page - (page % span) + span }
}
