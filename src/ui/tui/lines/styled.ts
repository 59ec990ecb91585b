import { cutText, textWidth } from '../../../present/text/fit.js'
import { paint, type Theme, type Tone } from '../style/theme.js'

/** Pieces of text on one line, each in its tone. */
export class StyledLine {
  readonly #theme: Theme
  #text = ''
  width = 0

  constructor(theme: Theme) {
    this.#theme = theme
  }

  /** Adds text, cut so that the line is at most `limit` wide. */
  add(text: string, tone: Tone = 'plain', limit = Number.POSITIVE_INFINITY): this {
    const room = limit - this.width
    if (room <= 0 || text === '') return this
    const shown = cutText(text, room)
    this.#text += paint(this.#theme, tone, shown)
    this.width += textWidth(shown)
    return this
  }

  /** Blanks up to a column. */
  pad(column: number, tone: Tone = 'plain'): this {
    return this.add(' '.repeat(Math.max(0, column - this.width)), tone)
  }

  toString(): string {
    return this.#text
  }
}

/** The text, cut or filled to exactly this width. */
export function fitted(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const shown = cutText(text, width)
  const space = ' '.repeat(Math.max(0, width - textWidth(shown)))
  return align === 'right' ? space + shown : shown + space
}
