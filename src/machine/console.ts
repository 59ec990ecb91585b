import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { CryoscopeError } from '../errors.js'
import { escapeText } from '../text.js'
import { delay } from './wait.js'

// What a person or a pattern can use; a guest that floods its console does not flood us.
const mostText = 16 * 1024 * 1024
const longestMatch = 64 * 1024
const chunkSize = 64 * 1024
const pollMilliseconds = 20

/** The guest's serial console, a file that QEMU appends to. */
export class Console {
  /** Undefined when QEMU sends it where we cannot know. */
  readonly path: string | undefined
  /** Says whether more can come. */
  readonly #isAlive: () => boolean

  constructor(path: string | undefined, isAlive: () => boolean) {
    this.path = path
    this.#isAlive = isAlive
  }

  /** Everything so far (the last 16 MiB of it), with the carriage returns of the serial line removed. */
  text(): string {
    return tail(this.#known(), mostText).replaceAll('\r', '')
  }

  /** The last lines that are not empty, escaped for a terminal. */
  lastLines(count: number): string[] {
    return this.path === undefined ? [] : lastLines(this.path, count)
  }

  /** Text as it comes, from the beginning or from now on, until the guest ends. */
  async *follow({
    from = 'now',
    signal,
  }: {
    from?: 'start' | 'now'
    signal?: AbortSignal
  } = {}): AsyncGenerator<string> {
    const decoder = new StringDecoder('utf8')
    const buffer = Buffer.alloc(chunkSize)
    const file = openSync(this.#known(), 'r')
    try {
      let position = from === 'start' ? 0 : fstatSync(file).size
      for (;;) {
        signal?.throwIfAborted()
        // Asked before reading: what was written before the end is still delivered.
        const alive = this.#isAlive()
        const length = readSync(file, buffer, 0, chunkSize, position)
        position += length
        if (length > 0) {
          const text = decoder.write(buffer.subarray(0, length)).replaceAll('\r', '')
          if (text !== '') yield text
        } else if (!alive) {
          return
        } else {
          await delay(pollMilliseconds, signal)
        }
      }
    } finally {
      closeSync(file)
    }
  }

  /** Resolves when the text or pattern has appeared since the beginning; undefined when the guest ended without it. */
  async waitFor(
    wanted: string | RegExp,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<true | undefined> {
    const pattern =
      typeof wanted === 'string' ? wanted : new RegExp(wanted.source, wanted.flags.replace(/[gy]/g, ''))
    let text = ''
    for await (const chunk of this.follow({ from: 'start', ...(signal ? { signal } : {}) })) {
      text += chunk
      if (typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text)) return true
      text = text.slice(-longestMatch)
    }
    return undefined
  }

  #known(): string {
    if (this.path !== undefined) return this.path
    throw new CryoscopeError(
      'not-found',
      'the console of a QEMU that cryoscope did not start is not known to it',
    )
  }
}

/** The last lines of a console file that are not empty, escaped; none when there is no file. */
export function lastLines(path: string, count: number): string[] {
  let text: string
  try {
    text = tail(path, 64 * 1024)
  } catch {
    return []
  }
  const lines = text.split(/[\r\n]+/).map((line) => escapeText(line).trim())
  return lines.filter((line) => line !== '').slice(-count)
}

function tail(path: string, most: number): string {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const length = Math.min(size, most)
    const bytes = Buffer.alloc(length)
    let filled = 0
    while (filled < length) {
      const read = readSync(file, bytes, filled, length - filled, size - length + filled)
      if (read === 0) break
      filled += read
    }
    return bytes.toString('utf8', 0, filled)
  } finally {
    closeSync(file)
  }
}
