import { FloatProgress, HBox, Label } from '../widgets/models.js'

/**
 * Goes through something long and shows how far it is.
 *
 * @example for (const task of progress(vm.tasks, 'tasks')) …
 */
export function* progress<T>(items: Iterable<T>, description = '', total?: number): Generator<T> {
  const known = total ?? (Array.isArray(items) ? items.length : undefined)
  const bar = progressBar(known ?? 1, description)
  let done = 0
  try {
    for (const item of items) {
      yield item
      bar.update(++done)
    }
  } finally {
    bar.finish(done)
  }
}

/** A bar that is moved by hand: `const bar = progressBar(100); bar.update(40)`; for `vm.dump`'s progress, say. */
export function progressBar(total: number, description = ''): ProgressBar {
  return new ProgressBar(total, description)
}

const updateMs = 50

export class ProgressBar {
  readonly #bar: FloatProgress
  readonly #label = new Label({ value: '' })
  #total: number
  #drawn = 0

  constructor(total: number, description: string) {
    this.#total = total
    this.#bar = new FloatProgress({ description, min: 0, max: 1, value: 0 })
    new HBox({ children: [this.#bar, this.#label] }).show()
  }

  /** Says how much is done; `total` when it was not known before. The browser hears of it a few times a second. */
  update(done: number, total = this.#total): void {
    this.#total = total
    const now = performance.now()
    if (now - this.#drawn < updateMs && done < total) return
    this.#drawn = now
    this.#show(done)
  }

  finish(done = this.#total): void {
    this.#total = done
    this.#show(done)
  }

  #show(done: number): void {
    const share = this.#total > 0 ? Math.min(1, done / this.#total) : 1
    this.#bar.value = share
    this.#label.value = `${done} of ${this.#total}`
  }
}
