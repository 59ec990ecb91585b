import type { Cockpit } from '../../model/cockpit.js'
import { useCockpit } from './use-cockpit.js'

export interface Selection {
  readonly id: string | undefined
  /** What Enter does with it: "open", "open branch"; undefined when it does nothing. */
  readonly enter: string | undefined
  readonly pane: 'list' | 'detail'
}

const selectionOf = (cockpit: Cockpit): Selection => ({
  id: cockpit.selected?.id,
  enter: cockpit.enterHint,
  pane: cockpit.page.focus,
})

/** What is under the cursor of the pane that has the keys. */
export function useSelection(): Selection {
  return useCockpit(selectionOf)
}
