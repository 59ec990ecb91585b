import { currentScope } from './cell-scope.js'
import type { Header, Outgoing } from './wire/message.js'

type StreamName = 'stdout' | 'stderr'

/** Pieces that are written in one turn travel as one message, up to this many characters. */
const longestPiece = 1 << 16

/** What goes to front ends as the output of a cell: the one whose code, promise or timer is running. */
export class Output {
  readonly #publish: (message: Outgoing) => void
  #last: Partial<Header> = {}
  #pending: { readonly name: StreamName; readonly parent: Partial<Header>; text: string } | undefined

  constructor(publish: (message: Outgoing) => void) {
    this.#publish = publish
  }

  /** Where output goes that belongs to no cell. */
  set fallback(header: Partial<Header>) {
    this.#last = header
  }

  get parent(): Partial<Header> {
    return currentScope()?.request.header ?? this.#last
  }

  send(message: Outgoing): void {
    this.flush()
    this.#publish({ parent: this.parent, ...message })
  }

  stream(name: StreamName, text: string): void {
    const { parent } = this
    const pending = this.#pending
    if (pending !== undefined && pending.name === name && pending.parent === parent) pending.text += text
    else {
      this.flush()
      this.#pending = { name, parent, text }
      setImmediate(() => this.flush())
    }
    if ((this.#pending?.text.length ?? 0) >= longestPiece) this.flush()
  }

  flush(): void {
    const pending = this.#pending
    if (pending === undefined) return
    this.#pending = undefined
    const { name, parent, text } = pending
    this.#publish({ type: 'stream', content: { name, text }, parent })
  }

  /** Makes what cells print their output. */
  takeStandardStreams(): void {
    for (const name of ['stdout', 'stderr'] as const) {
      process[name].write = (chunk: string | Uint8Array, encoding?: unknown, callback?: unknown): boolean => {
        this.stream(name, typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString())
        const done = typeof encoding === 'function' ? encoding : callback
        if (typeof done === 'function') process.nextTick(done)
        return true
      }
    }
  }
}
