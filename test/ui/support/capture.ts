import { Output, type Stream } from '../../../src/ui/cli/output.js'

/** An Output whose text a test can look at. */
export interface Capture {
  readonly output: Output
  stdout(): string
  stderr(): string
}

export interface CaptureOptions {
  /** Columns make stdout a terminal. */
  readonly columns?: number
  readonly stderrTerminal?: boolean
  readonly environment?: NodeJS.ProcessEnv
}

export function capture({ columns, stderrTerminal = false, environment = {} }: CaptureOptions = {}): Capture {
  const stdout = new Recorder(columns)
  const stderr = new Recorder(stderrTerminal ? 80 : undefined)
  return {
    output: new Output({ stdout, stderr, environment }),
    stdout: () => stdout.text,
    stderr: () => stderr.text,
  }
}

/** A stream that keeps what it is given; `fail` makes it report an error as a closed pipe does, after the write. */
export class Recorder implements Stream {
  readonly isTTY: boolean
  readonly columns: number | undefined
  text = ''
  writes = 0
  fail: Error | undefined
  readonly #errorListeners: ((error: Error) => void)[] = []

  constructor(columns?: number) {
    this.isTTY = columns !== undefined
    this.columns = columns
  }

  write(text: string): boolean {
    this.writes++
    const { fail } = this
    if (fail !== undefined) {
      process.nextTick(() => {
        for (const listener of this.#errorListeners) listener(fail)
      })
      return true
    }
    this.text += text
    return true
  }

  once(): void {}

  off(): void {}

  on(_event: 'error', listener: (error: Error) => void): void {
    this.#errorListeners.push(listener)
  }
}
