import { CryoscopeError } from '../errors.js'

/** Something that is there and could not be read. */
export interface Problem {
  readonly where: string
  readonly why: string
}

/** A group of facts that this kernel does not keep, or not in a way known here. */
export interface Absence {
  readonly group: string
  readonly reason: string
}

/** What went wrong while one answer was put together; the rest of the answer stands. */
export class Gathering {
  readonly problems: Problem[] = []
  readonly absent: Absence[] = []

  /** The value, or undefined and a problem. Errors that are ours to fix are thrown on. */
  attempt<T>(where: string, read: () => T): T | undefined {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof CryoscopeError)) throw error
      this.problem(where, error.message)
      return undefined
    }
  }

  problem(where: string, why: string): void {
    if (this.problems.some((known) => known.where === where && known.why === why)) return
    this.problems.push({ where, why })
  }

  lacks(group: string, reason: string): undefined {
    if (!this.absent.some((known) => known.group === group)) this.absent.push({ group, reason })
    return undefined
  }
}
