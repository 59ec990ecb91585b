import { CryoscopeError } from '../../errors.js'
import { currentScope, InterruptedError } from './cell-scope.js'
import type { Message } from './wire/message.js'

/** Lines that cells ask for, answered one after the other in the order in which they were asked. */
export class Inputs {
  readonly #waiting: ((line: string) => void)[] = []

  /** Asks by `send`, which gets the request of the running cell. Throws 'state' where nobody can answer. */
  async ask(send: (request: Message) => void): Promise<string> {
    const scope = currentScope()
    if (scope?.request.content.allow_stdin !== true) {
      throw new CryoscopeError(
        'state',
        'nobody can be asked here: the notebook is run without a person, or the cell has ended; give the value in the cell instead',
      )
    }
    const { signal } = scope.abort
    return await new Promise<string>((resolve, reject) => {
      const answer = (line: string): void => {
        signal.removeEventListener('abort', end)
        resolve(line)
      }
      const end = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(answer), 1)
        reject(new InterruptedError())
      }
      if (signal.aborted) return reject(new InterruptedError())
      signal.addEventListener('abort', end, { once: true })
      this.#waiting.push(answer)
      send(scope.request)
    })
  }

  /** An answer; nobody waits for one that comes after an interrupt. */
  take(line: string): void {
    this.#waiting.shift()?.(line)
  }
}
