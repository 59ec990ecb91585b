import type { Page } from '../src/brands.js'
import type { Session } from '../src/session/session.js'
import { print, repeat, timed } from './measure.js'

const hits = 10_000_000
const runs = 9

/** Virtual to physical, over the pages of the large map in random order. */
export function measureTranslation(session: Session): void {
  const { space } = session.kernel
  const pages = shuffled(pagesOf(session))
  // What the cache holds at once: its slots are picked by the low bits of the page number.
  const warm = pages.slice(0, 8192)
  print(`translation, ${pages.length} pages`, [
    {
      what: 'limit: read as many numbers in that order',
      times: repeat(runs, () => timed(() => sum(warm))),
      count: hits,
    },
    { what: 'cached', times: repeat(runs, () => timed(() => translate(warm))), count: hits, goal: 10 },
    {
      what: 'uncached',
      times: repeat(runs, () => {
        space.invalidate()
        return timed(() => once(pages))
      }),
      count: pages.length,
      goal: 1,
    },
  ])

  function translate(these: Float64Array): number {
    let found = 0
    for (let i = 0; i < hits; i++) if (space.locate(these[i & 8191] as Page) >= 0) found++
    return found
  }

  function once(these: Float64Array): number {
    let found = 0
    for (const page of these) if (space.locate(page as Page) >= 0) found++
    if (found !== these.length) throw new Error(`${these.length - found} pages are missing`)
    return found
  }
}

function sum(these: Float64Array): number {
  let total = 0
  for (let i = 0; i < hits; i++) total += these[i & 8191] as number
  return total
}

function pagesOf(session: Session): Float64Array {
  const pages = new Set<number>()
  for (const batch of session.map('million').batches()) {
    for (let i = 0; i < batch.count; i++) pages.add(batch.pages[i] as number)
  }
  return Float64Array.from(pages)
}

/** The same order in every run. */
function shuffled(pages: Float64Array): Float64Array {
  let state = 1
  for (let i = pages.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    const other = state % (i + 1)
    ;[pages[i], pages[other]] = [pages[other] as number, pages[i] as number]
  }
  return pages
}
