import type { Cockpit } from './cockpit.js'
import type { Page } from './page.js'

/** Titles of columns that are not shown, by what the lists are called that have them. */
export type HiddenColumns = Readonly<Record<string, readonly string[]>>

/** What choices are kept by: lists of a kind have the same columns. */
export function kindOf({ columns }: Page['list']['content']): string {
  return columns.map(({ title }) => title).join(' ')
}

/** Offers the columns of the list, each to be shown or not; the choice is kept, also for the next time. */
export function chooseColumns(cockpit: Cockpit, at = 0): void {
  const list = cockpit.page.active
  const titles = list.content.columns.map(({ title }) => title).filter((title) => title !== '')
  if (list.isTree || titles.length < 2) {
    cockpit.say('there are no columns to choose here', 'warning')
    return
  }
  cockpit.menu(
    'Columns: Enter shows or hides one',
    titles.map((title, i) => ({
      label: `${list.hidden.has(title) ? '[ ]' : '[x]'} ${title}`,
      run: () => {
        const hidden = new Set(list.hidden)
        if (!hidden.delete(title)) hidden.add(title)
        if (hidden.size < titles.length) {
          list.hidden = hidden
          cockpit.hidden = { ...cockpit.hidden, [kindOf(list.content)]: [...hidden] }
          cockpit.settings.keepColumns?.(cockpit.hidden)
        } else cockpit.say('the last column stays')
        chooseColumns(cockpit, i)
      },
    })),
    at,
  )
}
