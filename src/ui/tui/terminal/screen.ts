import { EventEmitter } from 'node:events'
import { FrameWriter } from './frame-writer.js'

/** What a screen needs of the terminal it writes to. */
export interface TerminalOutput {
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  readonly isTTY?: boolean | undefined
  write(text: string): boolean
  on(event: 'resize', listener: () => void): unknown
  off(event: 'resize', listener: () => void): unknown
}

const enter = '\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?7l'
const leave = '\x1b[m\x1b[r\x1b[?7h\x1b[?2004l\x1b[?25h\x1b[?1049l'
const mouseOn = '\x1b[?1002h\x1b[?1006h'
const mouseOff = '\x1b[?1006l\x1b[?1002l'
// Frames appear at once, on terminals that know how (DEC mode 2026).
const begin = '\x1b[?2026h'
const end = '\x1b[?2026l'

/**
 * The terminal's second screen. It is given whole frames, of which only the differences go to the terminal. `restore`
 * brings back what was there before; it can be called at any time.
 */
export class Screen extends EventEmitter {
  readonly #out: TerminalOutput
  readonly #mouse: boolean
  readonly #writer = new FrameWriter()
  #open = false
  #frame: readonly string[] = []
  /** Bytes sent for frames so far, and how many frames; for measuring. */
  bytes = 0
  frames = 0

  constructor(out: TerminalOutput, mouse: boolean) {
    super()
    this.#out = out
    this.#mouse = mouse
  }

  get columns(): number {
    return Math.max(20, this.#out.columns ?? 80)
  }

  get rows(): number {
    return Math.max(6, this.#out.rows ?? 24)
  }

  open(): void {
    this.#open = true
    this.#out.on('resize', this.#resized)
    this.#out.write(`${enter}${this.#mouse ? mouseOn : ''}`)
  }

  restore(): void {
    if (!this.#open) return
    this.#open = false
    this.#out.off('resize', this.#resized)
    this.#out.write(`${this.#mouse ? mouseOff : ''}${leave}`)
  }

  /** Writes the whole frame again, for a terminal that others wrote to. */
  redraw(): void {
    this.#writer.forget()
    this.#send(this.#frame)
  }

  /** Something for the terminal itself: the clipboard, say. */
  control(sequence: string): void {
    if (this.#open) this.#out.write(sequence)
  }

  /** Shows a frame. */
  show(frame: readonly string[]): void {
    this.#send(frame)
  }

  #send(frame: readonly string[]): void {
    if (!this.#open) return
    this.#frame = frame
    const text = this.#writer.update(frame, this.rows)
    if (text === '') return
    this.frames++
    this.bytes += text.length + begin.length + end.length
    this.#out.write(`${begin}${text}${end}`)
  }

  readonly #resized = (): void => {
    this.#writer.forget()
    this.emit('resize')
  }
}
