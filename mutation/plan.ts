/** What a worker is to do, and what earlier ones found. */
export interface Plan {
  /** Where the worker writes what it finds: one `Word` a line. */
  readonly journal: string
  readonly tests: readonly string[]
  readonly mutants: readonly Planned[]
  /** From the run without faults; absent before it. */
  readonly files?: readonly TestFile[]
}

export interface Planned {
  readonly id: number
  /** Test files that reach the source, the nearest first. */
  readonly tests: readonly string[]
}

/** A test file as it runs without a fault. */
export interface TestFile {
  readonly path: string
  /** The first test that fails by itself; those that do are left out. */
  readonly broken?: string
  /** Faults that were reached while modules were loaded, and in what is run before and after tests. */
  readonly loading: readonly number[]
  readonly around: readonly number[]
  /** Seconds of the processor for what is no test. */
  readonly seconds: number
  /** Those that pass. */
  readonly tests: readonly TestCase[]
}

interface TestCase {
  readonly name: string
  readonly seconds: number
  readonly reached: readonly number[]
}

export type Word =
  | { readonly kind: 'pid'; readonly pid: number }
  | { readonly kind: 'dry'; readonly file: TestFile }
  /** The processor time that the worker may use from here on. */
  | { readonly kind: 'limit'; readonly id: number; readonly seconds: number }
  | { readonly kind: 'verdict'; readonly id: number; readonly killer?: string; readonly tests: number }
  | { readonly kind: 'end' }
