import type { Input } from './input.js'
import type { Random } from './random.js'

/** One kind of hostile input, and what reads it. */
export interface Kind {
  readonly name: string
  /** The room of src that is tried, for `--room`. */
  readonly room: string
  /** Share of the time; 1 unless told. */
  readonly weight?: number
  /** Makes what the inputs are damaged from; once in each process. Throws Skipped where this machine lacks something. */
  prepare(): Prepared | Promise<Prepared>
}

export interface Prepared {
  /** Names of the bases. */
  readonly bases: readonly string[]
  damage(random: Random): Input
  /** Reads all there is. Throws for what is a fault of ours. */
  read(input: Input): void | Promise<void>
}

/** Why a kind cannot be tried here, in a clause. */
export class Skipped extends Error {}

/** What was read is not so, or was said in a way that nobody should see. */
export class Wrong extends Error {}
