import type { Disassembler } from '../../../present/machine-code/disassembler.js'
import type { Session } from '../../../session/session.js'
import type { Ledger } from './changes.js'
import type { Rates } from './rates.js'
import type { StopPoint } from './stops.js'

/** What panes work with. */
export interface Desk {
  readonly vm: Session
  /** Width of the screen, for text that is broken into lines. */
  readonly columns: number
  /** Width of a list that has a detail. */
  readonly listColumns: number
  readonly ledger: Ledger
  readonly rates: Rates
  /** Another text when the guest has run since. */
  readonly state: string
  /** Does something that takes its time, with progress. */
  operate(
    title: string,
    work: (signal: AbortSignal, progress: (part: number) => void) => Promise<string | undefined>,
  ): void
  /** Reads the page that is seen again. */
  refresh(force?: boolean): void
  /** Undefined until its library is loaded. */
  readonly disassembler: Disassembler | undefined
  /** The vCPU that steps, and that the vCPU pane shows. */
  readonly cpu: number
  /** Where the guest is to stop. */
  readonly stops: readonly StopPoint[]
}
