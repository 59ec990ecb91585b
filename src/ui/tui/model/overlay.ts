import type { LineEditor } from './line-editor.js'

/** What takes the keys before the panes do. */
export type Overlay = Prompt | Menu | Reading

/** A line to be typed at the bottom of the screen. */
export interface Prompt {
  readonly kind: 'prompt'
  readonly label: string
  readonly editor: LineEditor
  /** Lines typed before, the newest last. */
  readonly history: readonly string[]
  historyAt: number
  /** What can be meant by the text so far, best first: shown, and taken with Tab. */
  readonly complete?: (text: string, at: number) => readonly Completion[] | Promise<readonly Completion[]>
  readonly change?: (text: string) => void
  readonly submit: (text: string) => void
  readonly cancel?: () => void
  /** What can be meant has been looked for long enough to say so. */
  isLooking?: boolean
  completions: readonly Completion[]
  /** Number of the completion that Tab has put in, -1 for none. */
  chosen: number
}

export interface Completion {
  readonly text: string
  /** Where in the line it begins. */
  readonly from: number
  readonly about?: string
}

/** A choice among a few. */
export interface Menu {
  readonly kind: 'menu'
  readonly title: string
  readonly items: readonly MenuItem[]
  cursor: number
}

export interface MenuItem {
  readonly label: string
  readonly about?: string
  /** A key that takes it at once. */
  readonly key?: string
  readonly run: () => void
}

/** Text to be read, over the panes: help, a result. Lines are safe for the terminal and may be styled. */
export interface Reading {
  readonly kind: 'reading'
  readonly title: string
  readonly lines: (columns: number) => readonly string[]
  top: number
}
