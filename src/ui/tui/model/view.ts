import type { Content, Row } from './row.js'
import type { Target } from './target.js'

/** A page of a tab: a list, and what is known of the row under the cursor. */
export interface View {
  /** Its part of the breadcrumbs. */
  readonly title: string
  /** What it shows, for marks; undefined for the first page of a tab. */
  readonly target?: Target
  /** Reads it; again after each stop, and now and then while the guest runs. `opened` are ids of open tree rows. */
  load(opened: Set<string>): Content
  /** Below or beside the list. */
  detail?(row: Row, opened: Set<string>): Detail | undefined
  /** It shows things that move even while the guest stands still (the console). */
  readonly restless?: boolean
}

export interface Detail {
  readonly title: string
  readonly content: Content
}
