/** A group of facts that this kernel does not keep, or not in a way known here. */
export interface Absence {
  readonly group: string
  readonly reason: string
}

/** What this kernel does not have: said, and no problem. */
export class Absences {
  readonly #list: Absence[] = []

  lacks(group: string, reason: string): undefined {
    if (!this.has(group)) this.#list.push({ group, reason })
    return undefined
  }

  has(group: string): boolean {
    return this.#list.some((known) => known.group === group)
  }

  get list(): readonly Absence[] {
    return this.#list
  }
}
