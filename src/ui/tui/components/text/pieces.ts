import { cutText, textWidth } from '../../../../present/text/fit.js'
import type { Tone } from '../../style/theme.js'

/** Text in one tone. */
export interface Piece {
  readonly text: string
  readonly tone: Tone
}

/** One line of the screen. */
export type Pieces = readonly Piece[]

export function samePieces(a: Pieces, b: Pieces): boolean {
  return (
    a === b ||
    (a.length === b.length && a.every(({ text, tone }, i) => text === b[i]?.text && tone === b[i]?.tone))
  )
}

/** The text, cut or filled to exactly this width. */
export function fitted(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const shown = cutText(text, width)
  const space = ' '.repeat(Math.max(0, width - textWidth(shown)))
  return align === 'right' ? space + shown : shown + space
}

/** Collects the pieces of a line that is at most so wide. */
export class LineOfPieces {
  readonly pieces: Piece[] = []
  readonly #limit: number
  width = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  add(text: string, tone: Tone = 'plain'): this {
    const room = this.#limit - this.width
    if (room <= 0 || text === '') return this
    const shown = cutText(text, room)
    this.width += textWidth(shown)
    const last = this.pieces.at(-1)
    if (last?.tone === tone) this.pieces[this.pieces.length - 1] = { text: last.text + shown, tone }
    else this.pieces.push({ text: shown, tone })
    return this
  }
}
