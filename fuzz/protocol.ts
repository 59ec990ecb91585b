import type { Input } from './input.js'

/** What the fuzzer asks of a worker process. Answers come in the order of the requests. */
export type Request =
  | { readonly do: 'prepare'; readonly kind: string }
  /** Tries inputs from `from` on, until the time or the count is reached. */
  | {
      readonly do: 'run'
      readonly kind: string
      readonly seed: string
      readonly from: number
      readonly count: number
      readonly milliseconds: number
    }
  /** The input that an index stands for. */
  | { readonly do: 'make'; readonly kind: string; readonly seed: string; readonly index: number }
  | { readonly do: 'try'; readonly kind: string; readonly input: Input }

export interface Answer {
  /** Why the kind cannot be tried here. */
  readonly skipped?: string
  /** The kind cannot be tried because its bases themselves show a fault. */
  readonly broken?: string
  readonly done?: number
  readonly faults?: readonly Fault[]
  /** Of the inputs that were tried, the one that took the most processor time. */
  readonly slowest?: Slowest
  readonly input?: Input
}

export interface Slowest {
  readonly index: number
  readonly milliseconds: number
}

/** What went wrong with an input. */
export interface Fault {
  readonly index: number
  /** What faults have in common that are one. */
  readonly signature: string
  /** The error and where it came from. */
  readonly text: string
}

/** File descriptor on which a worker says what it is at: the index as a 64-bit word. */
export const progressFd = 4
