import type { Problems } from '../../problems.js'

/**
 * So many steps of a walk that fail one after the other mean that its size or its place is wrong, and it is left. Where
 * only some pages are missing, others come in between.
 */
export const mostInRow = 2 ** 16

/** Ends the walk of a table in which step after step brings problems. */
export class Patience {
  readonly #problems: Problems
  readonly #what: string
  #before: number
  #inRow = 0

  /** `what` is a step, in the singular: "bucket". */
  constructor(problems: Problems, what: string) {
    this.#problems = problems
    this.#what = what
    this.#before = problems.added
  }

  /** A step was in order; so is one after which `endsAt` finds no new problem. */
  begin(): void {
    this.#inRow = 0
  }

  /** Whether this step was one too many, which is said. */
  endsAt(index: number): boolean {
    const { added } = this.#problems
    this.#inRow = added > this.#before ? this.#inRow + 1 : 0
    this.#before = added
    if (this.#inRow < mostInRow) return false
    const what = this.#what
    this.#problems.add(
      `${what}s`,
      `${mostInRow} in a row are out of order: those behind ${what} ${index} are not looked at`,
    )
    return true
  }
}
