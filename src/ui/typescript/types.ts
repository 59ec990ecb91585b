/** A mistake that types show, before anything has run. */
export interface TypeProblem {
  /** Characters from the start of the code. */
  readonly start: number
  readonly length: number
  /** One sentence, with what may have been meant where something is near. */
  readonly message: string
  /** TypeScript's number of it; 0 for a name in quotes that the target does not have. */
  readonly code: number
}

export interface Completion {
  readonly name: string
  readonly kind: 'member' | 'method' | 'name' | 'keyword' | 'text'
  /** As TypeScript writes it; empty where it was not asked. */
  readonly type: string
  /** Of members of C structs: C type, offset and size. Of methods: what they do. */
  readonly note: string
}

export interface Completions {
  /** Where the name that is completed begins in the code. */
  readonly start: number
  readonly items: readonly Completion[]
  /** The expression whose members are offered, or the function whose argument is. */
  readonly target?: string
}

export interface Description {
  /** As an editor shows it: `(property) sched_entity.vruntime: bigint`. */
  readonly text: string
  readonly note: string
}
