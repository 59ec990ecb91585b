import { CryoscopeError } from '../errors.js'
import { Found } from '../found.js'
import { type Problem, problemText } from '../problems.js'
import type { Absence } from '../sched/absences.js'
import { escapeText } from '../text.js'
import { type ProblemCode, type SectionName, type Severity, sectionNames } from './schema.js'

/** One thing that is wrong, with the object it is about: "map:12", "task:187", "section:arenas". */
export interface ReportProblem {
  readonly severity: Severity
  readonly code: ProblemCode
  readonly subject: string
  readonly message: string
}

/** How much of a section is there. */
export interface SectionStatus {
  readonly status: 'complete' | 'partial' | 'unavailable'
  /** How many there should be; null where nothing says so. */
  readonly expected: number | null
  readonly obtained: number
  /** Why it is not complete. */
  readonly reasons: readonly string[]
  readonly milliseconds: number
}

/** Sentences that are kept of one section; those beyond are counted. */
const reasonLimit = 1000

/** What a section says while it is put together. */
export class SectionNotes {
  readonly #problems: ReportProblem[]
  readonly #name: SectionName
  #reasons: string[] = []
  #more = 0
  expected: number | undefined
  obtained: number | undefined
  #unavailable = false
  /** What kinds of things are missing. */
  readonly losses = new Set<ProblemCode>()

  constructor(problems: ReportProblem[], name: SectionName) {
    this.#problems = problems
    this.#name = name
  }

  /** Something is missing: the section is not complete. */
  lost(code: ProblemCode, subject: string, message: string): void {
    this.losses.add(code)
    if (this.#reasons.length === reasonLimit) {
      this.#more++
      return
    }
    const { message: text } = this.#add('error', code, subject, message)
    this.#reasons.push(subject === `section:${this.#name}` ? text : `${subject}: ${text}`)
  }

  /** The section is not complete for a reason that is told elsewhere. */
  incomplete(reason: string): void {
    this.#reasons.push(reason)
  }

  /** Something is there, and odd. */
  warn(code: ProblemCode, subject: string, message: string): void {
    this.#add('warning', code, subject, message)
  }

  /** This kernel does not keep something. Where it might after all, the section is not complete. */
  lacks({ group, reason, unsure }: Absence): void {
    if (unsure) this.lost('absent', group, reason)
    else this.note('absent', group, reason)
  }

  note(code: ProblemCode, subject: string, message: string): void {
    this.#add('note', code, subject, message)
  }

  /** Names in a message are the guest's. */
  #add(severity: Severity, code: ProblemCode, subject: string, message: string): ReportProblem {
    const problem = { severity, code, subject: escapeText(subject), message: escapeText(message) }
    this.#problems.push(problem)
    return problem
  }

  unavailable(code: ProblemCode, message: string): void {
    this.#unavailable = true
    this.lost(code, `section:${this.#name}`, message)
  }

  /** The value, or undefined and a problem. */
  attempt<T>(code: ProblemCode, subject: string, read: () => T): T | undefined {
    try {
      return read()
    } catch (error) {
      this.#failed(code, subject, error)
      return undefined
    }
  }

  status(milliseconds: number): SectionStatus {
    const { expected, obtained = 0 } = this
    const reasons = [...this.#reasons]
    if (this.#more > 0) reasons.push(`${this.#more} more of this kind`)
    if (expected !== undefined && obtained < expected && reasons.length === 0)
      reasons.push(`the kernel counts ${expected}, ${obtained} were found`)
    const isPartial = reasons.length > 0
    const status = this.#unavailable ? 'unavailable' : isPartial ? 'partial' : 'complete'
    return { status, expected: expected ?? null, obtained, reasons, milliseconds }
  }

  /** A report comes whatever happens: mistakes of ours are told like those of the memory. */
  #failed(code: ProblemCode, subject: string, error: unknown): void {
    if (error instanceof CryoscopeError) this.lost(code, subject, error.message)
    else this.lost('internal', subject, `a mistake of cryoscope's own, please report it: ${String(error)}`)
  }
}

/** Puts sections together, each by itself: one that fails costs the report nothing else. */
export class Sections {
  readonly problems: ReportProblem[] = []
  readonly #statuses = new Map<SectionName, SectionStatus>()
  readonly #losses = new Map<SectionName, ReadonlySet<ProblemCode>>()
  readonly #ground: () => readonly Problem[]

  /** `ground` is what could not be read of what all sections rest on: types, symbols. It may grow while they are read. */
  constructor(ground: () => readonly Problem[] = () => []) {
    this.#ground = ground
  }

  take<T>(name: SectionName, otherwise: T, read: (notes: SectionNotes) => T): T {
    const notes = new SectionNotes(this.problems, name)
    const start = performance.now()
    const known = this.#ground()
    let value = otherwise
    try {
      value = read(notes)
      notes.obtained ??= Array.isArray(value) ? value.length : 1
    } catch (error) {
      notes.attempt('kernel', `section:${name}`, () => {
        throw error
      })
      notes.unavailable('kernel', 'the section could not be read')
    }
    const before = new Set(known.map(problemText))
    for (const problem of this.#ground())
      if (!before.has(problemText(problem))) notes.lost('kernel', problem.where, problem.why)
    const [first] = known
    if (first !== undefined) {
      const more = known.length === 1 ? '' : `, and ${known.length - 1} more of what this rests on`
      notes.incomplete(`${first.where}: ${first.why}${more}`)
    }
    this.#losses.set(name, notes.losses)
    this.#statuses.set(name, notes.status(round(performance.now() - start)))
    return value
  }

  /** Where a section that this one is made of is not whole, this one is not either; `codes` are the losses that matter. */
  depend(notes: SectionNotes, name: SectionName, codes?: readonly ProblemCode[]): void {
    const lost = [...(this.#losses.get(name) ?? [])].filter((code) => codes?.includes(code) !== false)
    if (lost.length === 0) return
    notes.incomplete(`section:${name} is not whole, and this one is made of it`)
    // What is made of this one lacks the same.
    for (const code of lost) notes.losses.add(code)
  }

  /** The list of a section, which knows whether that is whole. */
  found<T>(name: SectionName, list: readonly T[]): Found<T> {
    const status = this.#statuses.get(name)
    if (status?.status === 'complete') return Found.all(list)
    return Found.some(list, status?.reasons[0] ?? 'it was not read')
  }

  get statuses(): Readonly<Record<string, SectionStatus>> {
    return Object.fromEntries(
      sectionNames.flatMap((name) => {
        const status = this.#statuses.get(name)
        return status === undefined ? [] : [[name, status]]
      }),
    )
  }
}

/** Milliseconds to a hundredth. */
export function round(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100
}
