import type { Colours, Theme } from '../style/theme.js'
import type { HiddenColumns } from './columns.js'
import type { Desk } from './desk.js'
import type { Keymap } from './keymap.js'
import type { Completion } from './overlay.js'
import type { Page } from './page.js'
import type { Row } from './row.js'
import type { Target } from './target.js'
import type { View } from './view.js'

/** A tab: a stack of pages, of which the last is seen. */
export interface Tab {
  readonly name: string
  readonly title: string
  /** For narrow screens. */
  readonly short: string
  readonly open: (desk: Desk) => View
  /** Whether it has something to say that should not be missed. */
  readonly trouble?: boolean
  pages: Page[]
}

export type TabEntry = Omit<Tab, 'pages'>

export interface Message {
  readonly text: string
  readonly tone: 'plain' | 'good' | 'warning' | 'problem'
}

/** Something that takes its time: control of the guest, an export. */
export interface Operation {
  readonly title: string
  readonly started: number
  /** Milliseconds for which nothing is said of it. */
  readonly silent: number
  /** 0 to 1, where it is known. */
  progress: number | undefined
  readonly abort: AbortController
}

export interface Mark {
  readonly letter: string
  readonly title: string
  readonly target: Target
}

export interface Settings {
  theme: Theme
  /** Of some tones, in whatever theme. */
  readonly colours?: Colours
  /** Columns that were not wanted the last time, and where that is kept. */
  readonly hidden?: HiddenColumns
  readonly keepColumns?: (hidden: HiddenColumns) => void
  readonly keymap: Keymap
  /** The terminal: for copying. */
  readonly control?: (sequence: string) => void
  readonly quit?: () => void
  /** Gives the terminal back to the shell until that lets us go on. */
  readonly suspend?: () => void
}

/** Runs code with `vm` and `_`. */
export interface Engine {
  /** Resolves to what a person is shown, safe for the terminal; rejects with an error whose message is. */
  evaluate(code: string, selected: unknown, columns: number, signal: AbortSignal): Promise<string>
  /** Whether a condition is true now; rejects with a sentence where it cannot be said. */
  holds(condition: string, signal: AbortSignal): Promise<boolean>
  complete(text: string, at: number): Promise<readonly Completion[]>
  /** Gets ready, which takes a second or two in the background. */
  warm(): void
}

export interface Parts {
  readonly tabs: readonly TabEntry[]
  readonly open: (desk: Desk, target: Target) => View
  readonly recorders: readonly Recorder[]
}

/** Rows that are compared between stops though nobody looked at them. */
export interface Recorder {
  readonly group: string
  readonly rows: (desk: Desk) => Iterable<Row>
}
