import { LineEditor } from './line-editor.js'

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
  /** What can be meant has been looked for long enough to say so; by what it is said. */
  isLooking?: boolean
  readonly looking?: string
  /** Said beside the keys, which it adds to. */
  readonly hints?: readonly { readonly key: string; readonly text: string }[]
  completions: readonly Completion[]
  /** Number of the completion that Tab has put in, -1 for none. */
  chosen: number
}

/** What a prompt may have beside its label. */
export interface PromptOptions
  extends Partial<Pick<Prompt, 'complete' | 'change' | 'cancel' | 'looking' | 'hints'>> {
  /** What stands in the line at first. */
  readonly text?: string
  readonly history?: string[]
}

export function makePrompt(
  label: string,
  submit: (text: string) => void,
  { text = '', history = [], ...more }: PromptOptions,
): Prompt {
  return {
    kind: 'prompt',
    label,
    editor: new LineEditor(text),
    history,
    historyAt: history.length,
    submit,
    completions: [],
    chosen: -1,
    ...more,
  }
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
  /** Lines at the margin are headings of those below. */
  readonly hasHeads?: boolean
  top: number
  /** Only lines with this are shown; undefined while nothing is searched. */
  query?: string | undefined
  isTyping?: boolean
}

/** The lines of a text that are shown: all, or those in which the words searched for occur, below their headings. */
export function readLines(
  { lines, hasHeads = false, query = '' }: Reading,
  columns: number,
): readonly string[] {
  const all = lines(columns)
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  if (words.length === 0) return all
  const found: string[] = []
  let head: string | undefined
  for (const line of all) {
    if (hasHeads && line !== '' && !line.startsWith(' ')) head = line
    const lower = line.toLowerCase()
    if (!words.every((word) => lower.includes(word))) continue
    if (head !== undefined && head !== line) found.push(head)
    head = undefined
    found.push(line)
  }
  return found
}
