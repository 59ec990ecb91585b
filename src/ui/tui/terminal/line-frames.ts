import { EventEmitter } from 'node:events'

const linesPerPart = 1000
/** Columns that Ink lays out: enough for the number of a line. */
const columns = 8

/**
 * Between Ink and the screen. Ink takes every text apart into characters, measures them and puts them together again,
 * which costs more than everything else in a frame. So it lays out numbers, one for each line; the lines themselves, ready
 * for the terminal, wait here until a frame says where each of them goes.
 */
export class LineFrames extends EventEmitter {
  readonly isTTY = true
  readonly columns = columns
  readonly #parts = new Map<number, readonly string[]>()
  readonly #show: (lines: readonly string[]) => void
  readonly #rows: () => number

  constructor(show: (lines: readonly string[]) => void, rows: () => number) {
    super()
    this.#show = show
    this.#rows = rows
  }

  get rows(): number {
    return this.#rows()
  }

  /** The lines of a part of the screen, as the next frames show them. */
  put(part: number, lines: readonly string[]): void {
    this.#parts.set(part, lines)
  }

  /** What stands for a line in the frames of Ink. */
  token(part: number, index: number): string {
    return String(part * linesPerPart + index)
  }

  /** Ink's stdout: a frame of numbers. */
  write(frame: string): boolean {
    this.#show(
      frame.split('\n').map((token) => {
        const number = token === '' ? Number.NaN : Number(token)
        return this.#parts.get(Math.floor(number / linesPerPart))?.[number % linesPerPart] ?? ''
      }),
    )
    return true
  }
}
