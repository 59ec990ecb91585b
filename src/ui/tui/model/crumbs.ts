import { textWidth } from '../../../present/text/fit.js'
import type { Cockpit } from './cockpit.js'

const between = 3

/** Titles of the pages by which one came here, as far as there is room; earlier ones make room for the last. */
export function crumbTitles({ columns, tabs, tab }: Cockpit, taken: number): readonly string[] {
  const room = columns - taken - 4
  let titles = (tabs[tab]?.pages ?? []).map(({ view }) => view.title)
  while (titles.length > 1 && titles.reduce((sum, title) => sum + textWidth(title) + between, 0) > room)
    titles = ['…', ...titles.slice(titles[0] === '…' ? 2 : 1)]
  return titles
}

/** Number of the page whose title stands at that column; undefined where none does. */
export function crumbAt(cockpit: Cockpit, column: number): number | undefined {
  const pages = cockpit.tabs[cockpit.tab]?.pages ?? []
  const titles = crumbTitles(cockpit, 0)
  let at = 1
  for (const [i, title] of titles.entries()) {
    const end = at + textWidth(title)
    if (column >= at && column < end) return title === '…' ? undefined : pages.length - titles.length + i
    at = end + between
  }
  return undefined
}
