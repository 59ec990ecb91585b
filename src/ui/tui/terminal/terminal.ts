import { EventEmitter } from 'node:events'
import { plainCharacters } from './plain-characters.js'

/** What is needed of the terminal that is written to. */
export interface TerminalOutput {
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  write(text: string): boolean
  on(event: 'resize', listener: () => void): unknown
  off(event: 'resize', listener: () => void): unknown
}

export interface TerminalOptions {
  readonly mouse: boolean
  /** Nothing but ASCII, for terminals in other character sets. */
  readonly ascii?: boolean
}

const enter = '\x1b[?1049h\x1b[2J\x1b[H\x1b[?25l\x1b[?2004h\x1b[?7l'
const leave = '\x1b[m\x1b[?7h\x1b[?2004l\x1b[?25h\x1b[?1049l'
/** Sequences by which Ink goes to the next line, and erases what is left of one (CNL, EL); CHA goes to a column. */
const nextLine = '\x1b[E'
/** Behind each of these begins a piece of a line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences start with one
const textStart = /(?<=\x1b\[\d+G)/
const eraseRest = '\x1b[K'
/** After which a frame is written though nobody has said that it has the new size. */
const patience = 1000
const mouseOn = '\x1b[?1002h\x1b[?1006h'
const mouseOff = '\x1b[?1006l\x1b[?1002l'

/**
 * The terminal's second screen, as Ink's stdout. `restore` brings back what was there before; it can be called at any time.
 *
 * Frames are as high as the screen. Ink 6 clears all of it before each frame that is (7 KB a key), and where it does not,
 * begins one line too low, because the line feed after a frame has taken the cursor there. So it is told of a line more
 * than there is, and that last line feed stays here: the cursor is on the last line, from which both Ink 6 and later
 * versions come to the first.
 */
export class Terminal extends EventEmitter {
  readonly isTTY = true
  readonly #out: TerminalOutput
  readonly #mouse: boolean
  readonly #ascii: boolean
  #isOpen = false
  /** Ink's frames go nowhere: they are of another size, or it is had to forget what it has written. */
  #isMuted = false
  #isWider = false
  #timer: NodeJS.Timeout | undefined

  constructor(out: TerminalOutput, { mouse, ascii = false }: TerminalOptions) {
    super()
    this.#out = out
    this.#mouse = mouse
    this.#ascii = ascii
  }

  /** As Ink sees it. */
  get columns(): number {
    return this.width + (this.#isWider ? 1 : 0)
  }

  get width(): number {
    return Math.max(20, this.#out.columns ?? 80)
  }

  /** A line more than frames have. */
  get rows(): number {
    return this.height + 1
  }

  get height(): number {
    return Math.max(6, this.#out.rows ?? 24)
  }

  open(): void {
    this.#isOpen = true
    this.#out.on('resize', this.#resized)
    this.#out.write(`${enter}${this.#mouse ? mouseOn : ''}`)
  }

  restore(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    clearTimeout(this.#timer)
    this.#isMuted = false
    this.#out.off('resize', this.#resized)
    this.#out.write(`${this.#mouse ? mouseOff : ''}${leave}`)
  }

  /** Something for the terminal itself: the clipboard, say. */
  control(sequence: string): void {
    if (this.#isOpen) this.#out.write(sequence)
  }

  /** Ink's. */
  write(text: string, done?: () => void): boolean {
    if (this.#isOpen && !this.#isMuted) {
      const frame = erasedFirst(withoutLastFeed(text))
      if (frame !== '') this.#out.write(this.#ascii ? plainCharacters(frame) : frame)
    }
    done?.()
    return true
  }

  /**
   * Has Ink write a whole frame: after another size, after another program had the screen. Ink forgets what it has written only
   * when the terminal gets narrower.
   */
  redraw(): void {
    if (!this.#isOpen) return
    clearTimeout(this.#timer)
    this.#isMuted = true
    this.#isWider = true
    this.emit('resize')
    this.#isWider = false
    this.#isMuted = false
    this.#out.write('\x1b[m\x1b[2J\x1b[H')
    this.emit('resize')
  }

  /** Frames are of the old size until all is laid out anew and redraw() is called; one that is too high would scroll the screen. */
  readonly #resized = (): void => {
    this.#isMuted = true
    this.emit('size')
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.redraw(), patience)
  }
}

/** A frame ends in a line feed, or in the sequence that goes to the next line. */
function withoutLastFeed(text: string): string {
  const end = ['\n', nextLine].find((feed) => text.endsWith(feed))
  return end === undefined ? text : text.slice(0, -end.length)
}

/**
 * Ink erases what is left of a line behind its text. Behind a text that fills the line the cursor still is on its last
 * character, which would go: so it is erased before, from where the text begins (Ink 8 begins where a line differs).
 */
function erasedFirst(frame: string): string {
  return frame
    .split(textStart)
    .map((piece, i) => {
      const end = i === 0 ? -1 : piece.indexOf(eraseRest)
      return end < 0 ? piece : eraseRest + piece.slice(0, end) + piece.slice(end + eraseRest.length)
    })
    .join('')
}
