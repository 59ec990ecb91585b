/** A group of facts that this kernel does not keep, or not in a way known here. */
export interface Absence {
  readonly group: string
  readonly reason: string
  /** It may be there after all: not all that would show it could be read. */
  readonly unsure?: true
}

/** What this kernel does not have: said, and no problem. */
export class Absences {
  readonly #list: Absence[] = []
  readonly #unread: string | undefined

  /** `unread` says of what a part could not be read: what is not in the rest may be there after all. */
  constructor(unread?: string) {
    this.#unread = unread
  }

  lacks(group: string, reason: string): undefined {
    if (this.has(group)) return undefined
    if (this.#unread === undefined) this.#list.push({ group, reason })
    else
      this.#list.push({ group, reason: `${reason}, as far as could be read: ${this.#unread}`, unsure: true })
    return undefined
  }

  has(group: string): boolean {
    return this.#list.some((known) => known.group === group)
  }

  get list(): readonly Absence[] {
    return this.#list
  }
}
