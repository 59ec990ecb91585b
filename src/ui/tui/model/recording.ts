import type { Desk } from './desk.js'
import type { Recorder } from './parts.js'
import type { Row } from './row.js'

/** What work in the background takes at once, so that keys are never kept waiting. */
export const sliceMilliseconds = 12

/** Notes what panes show at a stop, in the background and before any pane asks, so that the next stop can be compared with it. */
export class Recording {
  readonly #desk: Desk & { changed(): void }
  readonly #recorders: readonly Recorder[]
  #going: Iterator<void> | undefined

  constructor(desk: Desk & { changed(): void }, recorders: readonly Recorder[]) {
    this.#desk = desk
    this.#recorders = recorders
  }

  /** Whether something is still to be read and compared. */
  get isGoing(): boolean {
    return this.#going !== undefined
  }

  begin(): void {
    const going = this.#all()
    this.#going = going
    const slice = () => {
      if (this.#going !== going) return
      const end = performance.now() + sliceMilliseconds
      while (performance.now() < end) {
        if (going.next().done === true) {
          this.#going = undefined
          this.#desk.changed()
          return
        }
      }
      setTimeout(slice, 5)
    }
    setTimeout(slice, 30)
  }

  /** Notes what is left, now. */
  finish(): void {
    while (this.#going !== undefined) if (this.#going.next().done === true) this.#going = undefined
  }

  stop(): void {
    this.#going = undefined
  }

  *#all(): Generator<void> {
    for (const { group, rows } of this.#recorders) {
      try {
        const found: Row[] = []
        for (const row of rows(this.#desk)) {
          found.push(row)
          if (found.length % 64 === 0) yield
        }
        this.#desk.ledger.noteAll(group, found)
      } catch {
        // What cannot be read is said where it is shown; here it is only not compared.
      }
      yield
    }
  }
}
