const keptPages = 4

/**
 * Pages of a walk that can only go forward. Pages in order cost one walk in all; going back past those at hand starts
 * the walk anew.
 */
export class EntryPages {
  readonly #walk: () => Iterable<string>
  readonly #length: number
  readonly #pages = new Map<number, readonly string[]>()
  #iterator: Iterator<string> | undefined
  /** The page that the walk gives next. */
  #next = 0

  constructor(walk: () => Iterable<string>, length: number) {
    this.#walk = walk
    this.#length = length
  }

  /** Entries of a page; none behind the end. */
  page(page: number): readonly string[] {
    const known = this.#pages.get(page)
    if (known !== undefined) return known
    if (this.#iterator === undefined || page < this.#next) {
      this.#iterator = this.#walk()[Symbol.iterator]()
      this.#next = 0
    }
    for (;;) {
      const entries = this.#take(this.#iterator)
      const at = this.#next++
      if (at === page) {
        this.#keep(page, entries)
        return entries
      }
      if (entries.length < this.#length) return []
    }
  }

  #take(iterator: Iterator<string>): string[] {
    const entries: string[] = []
    while (entries.length < this.#length) {
      const step = iterator.next()
      if (step.done === true) break
      entries.push(step.value)
    }
    return entries
  }

  #keep(page: number, entries: readonly string[]): void {
    this.#pages.set(page, entries)
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= keptPages) return
      this.#pages.delete(oldest)
    }
  }
}
