import { CryoscopeError } from '../errors.js'
import type { Console } from './console.js'
import { isAlive, type ProcessIdentity } from './host-process.js'
import { ConnectionLostError, type QmpClient } from './qmp.js'
import { delay } from './wait.js'

// From the closing of its sockets to the end of a process that unmaps gigabytes.
const endMilliseconds = 1000

/** Knows whether the guest lives, and lets whoever waits for it hear at once when it does not. */
export class Lifeline {
  /** Resolves, never rejects, when the guest has ended or the connection was closed; the error says how. */
  readonly ended: Promise<CryoscopeError>
  readonly #label: string
  readonly #qemu: ProcessIdentity
  readonly #console: Console
  readonly #waiting = new Set<(error: Error) => void>()
  #end: CryoscopeError | undefined
  #shutdown: string | undefined
  #closed = false

  /** `label` names the guest in sentences: "guest @vm1". */
  constructor(label: string, qemu: ProcessIdentity, qmp: QmpClient, console: Console) {
    this.#label = label
    this.#qemu = qemu
    this.#console = console
    qmp.onEvent(({ event, data }) => {
      if (event === 'SHUTDOWN') this.#shutdown = String(data.reason)
    })
    this.ended = qmp.closed.then(async () => {
      this.#end = await this.#tellEnd()
      for (const reject of [...this.#waiting]) reject(this.#end)
      return this.#end
    })
  }

  /** From now on an end of the connection is our doing. */
  closing(): void {
    this.#closed = true
  }

  /** The work's result, or how the guest ended when it ends first. */
  orEnd<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#end !== undefined) {
        work.catch(() => {})
        reject(this.#end)
        return
      }
      this.#waiting.add(reject)
      work
        .then(resolve, async (error: unknown) => {
          // One connection can break before the other tells that the guest is gone.
          reject(
            error instanceof ConnectionLostError
              ? await Promise.race([this.ended, delay(endMilliseconds).then(() => error)])
              : error,
          )
        })
        .finally(() => this.#waiting.delete(reject))
    })
  }

  async #tellEnd(): Promise<CryoscopeError> {
    if (this.#closed) return new CryoscopeError('guest', `the connection to ${this.#label} was closed`)
    const limit = performance.now() + endMilliseconds
    while (isAlive(this.#qemu) && performance.now() < limit) await delay(2)
    if (isAlive(this.#qemu)) {
      return new CryoscopeError(
        'guest',
        `the connection to ${this.#label} broke, and its QEMU runs on; connect again`,
      )
    }
    const how =
      this.#shutdown === 'guest-reset' || this.#shutdown === 'guest-panic'
        ? 'crashed or rebooted'
        : this.#shutdown === 'guest-shutdown'
          ? 'powered off'
          : 'ended: its QEMU is gone'
    return new CryoscopeError('guest', `${this.#label} ${how}; ${lastWords(this.#console)}`)
  }
}

/** The end of the console in words. */
export function lastWords(console: Console): string {
  const lines = console.lastLines(5)
  return lines.length === 0 ? 'its console is empty' : `last console lines: ${lines.join(' | ')}`
}
