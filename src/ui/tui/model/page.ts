import { types } from 'node:util'
import { CryoscopeError } from '../../../errors.js'
import { escapeText } from '../../../text.js'
import { ListModel } from './list.js'
import { ArrayRows, type Content, type Row } from './row.js'
import type { View } from './view.js'

interface Shown {
  readonly id: string
  title: string
  readonly list: ListModel
}

/** A view that is open: its list, the detail of what is under the cursor, and which of the two has the keys. */
export class Page {
  readonly view: View
  readonly list: ListModel
  focus: 'list' | 'detail' = 'list'
  /** The detail has the whole body. */
  zoomed = false
  #detail: Shown | undefined
  readonly opened = new Set<string>()
  readonly openedInDetail = new Set<string>()
  /** State of the target when it was read; another one means that it must be read again. */
  readAt = ''
  /** Milliseconds that the last reading took. */
  cost = 0
  #isFresh = true

  constructor(view: View) {
    this.view = view
    this.list = new ListModel(emptyContent)
  }

  /** Reads it, and again the detail. */
  load(state: string, height: number): void {
    const start = performance.now()
    this.list.replace(
      safely(() => this.view.load(this.opened)),
      height,
    )
    const { startAt } = this.list.content
    if (this.#isFresh && startAt !== undefined && startAt > 0) {
      this.list.moveTo(startAt + Math.floor(height / 2), height)
      this.list.moveTo(startAt, height)
    }
    // What needs its decoder first says where to start when it has that.
    this.#isFresh &&= startAt === undefined
    this.readAt = state
    this.loadDetail(true)
    this.cost = performance.now() - start
  }

  /** The detail of the row under the cursor; made when it is asked for, so not for rows that one only passes. */
  get detail(): Shown | undefined {
    this.loadDetail()
    return this.#detail
  }

  /** The detail that was made last: for what only needs to know whether there is one. */
  get lastDetail(): Shown | undefined {
    return this.#detail
  }

  /** Sees to it that the detail is that of the row under the cursor. */
  loadDetail(anew = false): void {
    const row = this.list.selected
    if (this.view.detail === undefined || row === undefined) {
      this.#detail = undefined
      if (this.focus === 'detail') this.focus = 'list'
      return
    }
    const isSame = this.#detail?.id === row.id
    if (isSame && !anew) return
    const made = safelyDetail(() => this.view.detail?.(row, this.openedInDetail))
    if (made === undefined) {
      this.#detail = undefined
      return
    }
    if (isSame && this.#detail !== undefined) {
      this.#detail.title = made.title
      this.#detail.list.replace(made.content, 1)
    } else this.#detail = { id: row.id, title: made.title, list: new ListModel(made.content) }
  }

  /** The list that has the keys. */
  get active(): ListModel {
    return this.focus === 'detail' && this.detail !== undefined ? this.detail.list : this.list
  }
}

export const emptyContent: Content = {
  columns: [{ title: '' }],
  rows: new ArrayRows([]),
  empty: 'reading …',
  untitled: true,
}

/** What cannot be read is said in the pane that should show it. */
export function safely(read: () => Content): Content {
  try {
    return read()
  } catch (error) {
    return failed(error)
  }
}

function safelyDetail(
  read: () => { readonly title: string; readonly content: Content } | undefined,
): { readonly title: string; readonly content: Content } | undefined {
  try {
    return read()
  } catch (error) {
    return { title: 'cannot be shown', content: failed(error) }
  }
}

function failed(error: unknown): Content {
  const sentence = types.isNativeError(error) ? error.message : String(error)
  const lines = [sentence.split('\n').join(' ')]
  if (!(error instanceof CryoscopeError) && types.isNativeError(error)) {
    lines.push(
      '',
      'This is a mistake in cryoscope, not in the guest:',
      ...(error.stack ?? '').split('\n').slice(1, 6),
    )
  }
  const rows = lines.map(
    (line, number): Row => ({
      id: `failure/${number}`,
      cells: [escapeText(line)],
      tone: 'problem',
      inert: true,
    }),
  )
  return { columns: [{ title: '' }], rows: new ArrayRows(rows), empty: '', untitled: true, isMessage: true }
}
