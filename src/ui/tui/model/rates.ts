interface Sample {
  readonly at: number
  readonly values: readonly bigint[]
}

/** Looks that a trail goes back. */
const trailLength = 24

/** Counters seen twice: how fast they grow. Times are milliseconds of the guest's running. */
export class Rates {
  readonly #samples = new Map<string, Sample>()
  readonly #rates = new Map<string, readonly number[]>()
  readonly #trails = new Map<string, { at: number; figures: (number | undefined)[] }>()
  /** Milliseconds for which the guest is known to have run. */
  clock = 0

  /**
   * Notes counters of something, and gives how much each grew per second since they were last noted at another time;
   * undefined before the second time.
   */
  note(id: string, values: readonly bigint[]): readonly number[] | undefined {
    const last = this.#samples.get(id)
    if (last === undefined) {
      this.#samples.set(id, { at: this.clock, values })
      return undefined
    }
    const elapsed = this.clock - last.at
    if (elapsed <= 0) return this.#rates.get(id)
    const rates = values.map((value, i) => (Number(value - (last.values[i] ?? value)) * 1000) / elapsed)
    this.#samples.set(id, { at: this.clock, values })
    this.#rates.set(id, rates)
    return rates
  }

  /** Figures of something at the last looks, the newest last; two at the same time are one. */
  trail(id: string, figure: number | undefined): readonly (number | undefined)[] {
    const trail = this.#trails.get(id) ?? { at: Number.NaN, figures: [] }
    if (trail.at === this.clock) trail.figures.pop()
    trail.figures.push(figure)
    if (trail.figures.length > trailLength) trail.figures.shift()
    trail.at = this.clock
    this.#trails.set(id, trail)
    return trail.figures
  }
}
