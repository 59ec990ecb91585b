/** A group of facts that this kernel does not keep, or not in a way known here. */
export interface Absence {
  readonly group: string
  readonly reason: string
}

/** What this kernel does not have: said, and no problem. */
export class Absences {
  readonly #list: Absence[] = []
  readonly #unsure: string

  /** `unread` says of what a part could not be read: what is not in the rest may be there after all. */
  constructor(unread?: string) {
    this.#unsure = unread === undefined ? '' : `, as far as could be read: ${unread}`
  }

  lacks(group: string, reason: string): undefined {
    if (!this.has(group)) this.#list.push({ group, reason: `${reason}${this.#unsure}` })
    return undefined
  }

  has(group: string): boolean {
    return this.#list.some((known) => known.group === group)
  }

  get list(): readonly Absence[] {
    return this.#list
  }
}
