import { CryoscopeError } from '../../errors.js'

/** Whoever read our output has gone (`| head`): nothing more to do, and nothing is wrong. */
export class BrokenPipe extends Error {
  constructor() {
    super('standard output was closed')
  }
}

/** The part of a stream that Output uses, so that tests can give their own. */
export interface Stream {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  write(text: string): boolean
  once(event: 'drain' | 'close', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  off(event: 'drain' | 'close', listener: () => void): unknown
}

interface OutputOptions {
  readonly stdout?: Stream
  readonly stderr?: Stream
  readonly environment?: NodeJS.ProcessEnv
}

const widthWithoutTerminal = 80
const narrowest = 20

/**
 * Where a command writes: results to stdout, sentences to stderr, progress to stderr when it is a terminal.
 * Text from a guest must have been escaped before it comes here.
 */
export class Output {
  readonly #stdout: Stream
  readonly #stderr: Stream
  readonly #environment: NodeJS.ProcessEnv
  #error: Error | undefined

  constructor({
    stdout = process.stdout,
    stderr = process.stderr,
    environment = process.env,
  }: OutputOptions = {}) {
    this.#stdout = stdout
    this.#stderr = stderr
    this.#environment = environment
    stdout.on('error', (error) => {
      this.#error ??= error
    })
    // A reader of messages that has gone is no reason to fail.
    stderr.on('error', () => {})
  }

  /** Characters in a line of the result. */
  get columns(): number {
    const columns = this.#stdout.isTTY ? this.#stdout.columns : undefined
    return columns === undefined || columns <= 0 ? widthWithoutTerminal : Math.max(columns, narrowest)
  }

  get isTerminal(): boolean {
    return this.#stdout.isTTY === true
  }

  /** Whether progress is shown. */
  get showsProgress(): boolean {
    return this.#stderr.isTTY === true
  }

  /** Writes text, and waits when the reader is slow. Throws BrokenPipe when the reader has gone. */
  async write(text: string): Promise<void> {
    this.#check()
    if (!this.#stdout.write(text)) await this.#drained()
    // A closed pipe reports itself in the turn after the write.
    else await new Promise(setImmediate)
    this.#check()
  }

  async line(text: string): Promise<void> {
    await this.write(`${text}\n`)
  }

  /** One sentence for the person, whatever stdout is for. */
  note(sentence: string): void {
    this.#stderr.write(`cryoscope: ${sentence}\n`)
  }

  /** The same, for what only a person who watches wants to know. */
  progress(sentence: string): void {
    if (this.showsProgress) this.note(sentence)
  }

  /** A line of progress that the next one replaces; an empty one clears it. */
  replaceProgress(text: string): void {
    if (this.showsProgress) this.#stderr.write(`\r\x1b[K${text}`)
  }

  bold(text: string): string {
    return this.#colours() ? `\x1b[1m${text}\x1b[22m` : text
  }

  dim(text: string): string {
    return this.#colours() ? `\x1b[2m${text}\x1b[22m` : text
  }

  #colours(): boolean {
    const { NO_COLOR, TERM } = this.#environment
    return this.isTerminal && !NO_COLOR && TERM !== 'dumb'
  }

  #check(): void {
    if (this.#error === undefined) return
    const { code, message } = this.#error as NodeJS.ErrnoException
    if (code === 'EPIPE') throw new BrokenPipe()
    throw new CryoscopeError('environment', `cannot write the result: ${message}`, { cause: this.#error })
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#stdout.off('drain', done)
        this.#stdout.off('close', done)
        resolve()
      }
      this.#stdout.once('drain', done)
      this.#stdout.once('close', done)
    })
  }
}
