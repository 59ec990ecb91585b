import type { Btf } from './btf.js'

/** What every inflated type starts from. */
export class Inflated {
  readonly id: number
  readonly name: string
  readonly #btf: Btf

  constructor(btf: Btf, id: number, name: string) {
    this.id = id
    this.name = name
    this.#btf = btf
  }

  /** A getter, so that printing a type does not print the file it comes from. */
  get btf(): Btf {
    return this.#btf
  }
}
