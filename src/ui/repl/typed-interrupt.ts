import { closeSync, constants, openSync, readSync } from 'node:fs'
import type { ReadStream } from 'node:tty'

/** Turns of loops between two looks at the clock. */
const turnsBetween = 8
/** Keys wait for so long at most while code lets nothing else run. */
const deafMilliseconds = 100
const ctrlC = '\x03'
const escapeKey = '\x1b'

/** The error that Node's evaluator ends code with at Ctrl-C; whoever asks for interrupts knows both by the code. */
function interrupted(): Error {
  return Object.assign(new Error('interrupted'), { code: 'ERR_SCRIPT_EXECUTION_INTERRUPTED' })
}

export interface InterruptOptions {
  readonly stdin: ReadStream
  /** Whether the Escape key, alone, interrupts as well. */
  readonly escapes?: boolean
  /** Reads what was typed without waiting; undefined without a terminal. For tests. */
  readonly read?: () => Buffer | undefined
}

/**
 * Hears Ctrl-C while code keeps the event loop from turning: after an `await` nobody but the code itself can look at the
 * keyboard, so every loop of it asks here (`guardLoops`). Other keys go on to whoever reads them.
 */
export class TypedInterrupt {
  readonly #stdin: ReadStream
  readonly #escapes: boolean
  readonly #read: () => Buffer | undefined
  #file: number | undefined
  #turns = 0
  /** When the event loop has last turned, as far as is known. */
  #lastTurn = 0
  #isAsking = false
  #isInterrupted = false

  constructor({ stdin, escapes = false, read }: InterruptOptions) {
    this.#stdin = stdin
    this.#escapes = escapes
    this.#read = read ?? (() => this.#readTerminal())
  }

  /** A piece of code begins. */
  begin(): void {
    this.#isInterrupted = false
    this.#isAsking = false
    this.#lastTurn = performance.now()
  }

  /** Throws when the code shall end; from then on at every call, so that code which catches it ends as well. */
  readonly check = (): void => {
    if (this.#isInterrupted) throw interrupted()
    if (++this.#turns % turnsBetween !== 0) return
    const now = performance.now()
    if (!this.#isAsking) {
      this.#isAsking = true
      this.#lastTurn = now
      setImmediate(() => {
        this.#isAsking = false
      })
    }
    if (now - this.#lastTurn < deafMilliseconds) return
    this.#lastTurn = now
    const typed = this.#read()
    if (typed === undefined || typed.length === 0) return
    const text = typed.toString('latin1')
    if (text.includes(ctrlC) || (this.#escapes && text.endsWith(escapeKey))) {
      this.#isInterrupted = true
      throw interrupted()
    }
    this.#stdin.unshift(typed)
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  #readTerminal(): Buffer | undefined {
    if (!this.#stdin.isTTY) return undefined
    const buffer = Buffer.alloc(4096)
    try {
      this.#file ??= openSync('/dev/tty', constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
      return buffer.subarray(0, readSync(this.#file, buffer))
    } catch {
      // Nothing was typed (EAGAIN), or there is no terminal of ours.
      return undefined
    }
  }
}
