import type { ReadStream, WriteStream } from 'node:tty'
import { cutText } from '../../present/text/fit.js'

const enter = '\x1b[?1049h\x1b[H'
const leave = '\x1b[?1049l'
const help = 'space, b: page   j, k: line   g, G: ends   /: search, n: next   q: back'

/**
 * Shows lines a page at a time, with the keys of less, on the terminal's other screen; resolves when the person leaves.
 * The input must be in raw mode and nobody else may read it meanwhile.
 */
export async function page(lines: readonly string[], input: ReadStream, output: WriteStream): Promise<void> {
  const view = new Page(lines, output)
  output.write(enter)
  const redraw = () => view.draw()
  output.on('resize', redraw)
  try {
    view.draw()
    await new Promise<void>((resolve) => {
      const onData = (chunk: Buffer | string): void => {
        for (const key of keysOf(String(chunk))) {
          if (!view.press(key)) continue
          input.off('data', onData)
          input.off('end', resolve)
          resolve()
          return
        }
        view.draw()
      }
      input.on('data', onData)
      input.on('end', resolve)
      input.resume()
    })
  } finally {
    output.off('resize', redraw)
    output.write(leave)
  }
}

/** Escape sequences as one key each. */
function keysOf(text: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: keys are control characters
  return text.match(/\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Z]|[\s\S]/g) ?? []
}

class Page {
  readonly #lines: readonly string[]
  readonly #output: WriteStream
  #top = 0
  #typed: string | undefined
  #wanted = ''
  #message = ''

  constructor(lines: readonly string[], output: WriteStream) {
    this.#lines = lines
    this.#output = output
  }

  get #rows(): number {
    return Math.max(1, (this.#output.rows || 24) - 1)
  }

  draw(): void {
    const { columns } = this.#output
    const shown = this.#lines.slice(this.#top, this.#top + this.#rows)
    const body = Array.from(
      { length: this.#rows },
      (_, row) => `\x1b[K${cutText(shown[row] ?? '~', columns)}`,
    )
    const end = Math.min(this.#lines.length, this.#top + this.#rows)
    const place = `${this.#top + 1}-${end} of ${this.#lines.length}`
    const status = this.#typed === undefined ? this.#message || `${place}   ${help}` : `/${this.#typed}`
    this.#output.write(`\x1b[H${body.join('\r\n')}\r\n\x1b[K\x1b[7m${cutText(status, columns - 1)}\x1b[27m`)
  }

  /** True when the key ends it. */
  press(key: string): boolean {
    this.#message = ''
    if (this.#typed !== undefined) {
      this.#type(key)
      return false
    }
    if (key === 'q' || key === 'Q' || key === '\x03' || key === '\x04') return true
    const moves: Readonly<Record<string, number>> = {
      ' ': this.#rows,
      f: this.#rows,
      '\x06': this.#rows,
      '\x1b[6~': this.#rows,
      b: -this.#rows,
      '\x02': -this.#rows,
      '\x1b[5~': -this.#rows,
      d: this.#rows >> 1,
      u: -(this.#rows >> 1),
      j: 1,
      '\r': 1,
      '\x1b[B': 1,
      '\x1bOB': 1,
      k: -1,
      '\x1b[A': -1,
      '\x1bOA': -1,
      g: -this.#lines.length,
      '\x1b[H': -this.#lines.length,
      G: this.#lines.length,
      '\x1b[F': this.#lines.length,
    }
    if (key === '/') this.#typed = ''
    else if (key === 'n') this.#search(this.#top + 1)
    else this.#moveTo(this.#top + (moves[key] ?? 0))
    return false
  }

  #type(key: string): void {
    const typed = this.#typed ?? ''
    if (key === '\r') {
      this.#typed = undefined
      if (typed !== '') this.#wanted = typed
      this.#search(this.#top + 1)
    } else if (key === '\x7f' || key === '\b') this.#typed = typed === '' ? undefined : typed.slice(0, -1)
    else if (key === '\x1b' || key === '\x03') this.#typed = undefined
    else if (key >= ' ') this.#typed = typed + key
  }

  #search(from: number): void {
    if (this.#wanted === '') return
    const wanted = this.#wanted.toLowerCase()
    const found = this.#lines.findIndex((line, index) => index >= from && line.toLowerCase().includes(wanted))
    if (found < 0) this.#message = `nothing further on has ${this.#wanted}`
    else this.#moveTo(found)
  }

  #moveTo(line: number): void {
    this.#top = Math.max(0, Math.min(line, this.#lines.length - this.#rows))
  }
}
