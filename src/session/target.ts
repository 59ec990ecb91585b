import type { Physical } from '../brands.js'
import type { KernelChoice } from '../kernel/kernels.js'
import type { Look, Machine } from '../machine/machine.js'
import type { TraceEnd, TraceHit, TraceOptions } from '../machine/trace.js'
import type { PhysicalMemory } from '../memory/types.js'
import type { RunRecord } from '../time/record.js'
import type { Reference, Value } from '../value/types.js'
import type { VcpuSource } from './vcpu.js'

export type SessionState = 'running' | 'frozen' | 'dump'

/** Why and where a guest stopped. */
export interface Stop {
  readonly reason: 'freeze' | 'advance' | 'step' | 'breakpoint' | 'watchpoint' | 'timeout' | 'interrupted'
  /** The vCPU that hit a breakpoint or watchpoint, or that was stepped. */
  readonly cpu?: number
  /** The instruction at which a breakpoint was hit, or the memory that a watchpoint saw. */
  readonly address?: bigint
  /** Instructions that a stepped vCPU executed. */
  readonly steps?: number
  /** Microseconds the guest ran. */
  readonly elapsedMicroseconds?: number
  readonly note?: string
}

/** Where to stop: a symbol or address about to be executed, or memory about to be written. */
export type StopCondition = OneCondition | { readonly any: readonly OneCondition[] }

export type OneCondition =
  | string
  | bigint
  | { readonly write: string | bigint | Value | Reference; readonly length?: number }

/** The same in addresses. */
export type StopPlaces =
  | {
      readonly addresses: readonly bigint[]
      readonly writes?: readonly { readonly write: bigint; readonly length: number }[]
    }
  | { readonly write: bigint; readonly length: number }

/** Where to write. A scalar member has a place as `value.$member('name')`. */
export type WriteTarget = string | bigint | Value | Reference | MapPlace

/** The value of a map entry, or a member of it. */
export interface MapPlace {
  readonly map: string | number
  readonly key: unknown
  readonly cpu?: number
  /** A path of members: "stats.runs", "slots[3]". */
  readonly field?: string
}

export interface WaitOptions {
  /** Milliseconds to wait at most. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** Control over a target that runs. */
export interface Control {
  readonly state: 'running' | 'frozen'
  /** Counts the times at which the guest may have changed. */
  readonly epoch: number
  freeze(options?: { signal?: AbortSignal }): Promise<Stop>
  /** Freezes a guest that runs for the time of a look; undefined when it stands still on purpose. */
  hold(): Promise<Look | undefined>
  thaw(): Promise<void>
  advance(time: { ms?: number; us?: number }, options?: { signal?: AbortSignal }): Promise<Stop>
  step(cpu: number, count: number): Promise<Stop>
  runUntil(condition: StopPlaces, options: WaitOptions): Promise<Stop>
  /** Stops the guest wherever the condition holds, for `visit` to look, and lets it go on while that gives true. */
  trace(
    condition: { addresses: readonly bigint[] } | { write: bigint; length: number },
    visit: (hit: TraceHit) => Promise<boolean>,
    options: TraceOptions,
  ): Promise<TraceEnd>
  dump(file: string, format: 'elf' | 'kdump', options?: DumpOptions): Promise<void>
  close(): Promise<void>
  /** Ends the guest itself. */
  stop(): Promise<void>
}

export interface DumpOptions {
  readonly signal?: AbortSignal
  /** Bytes done of bytes in all. */
  readonly progress?: (done: number, total: number) => void
}

/** What a session looks at. */
export interface Target {
  /** For people: "@demo", "vmcore". */
  readonly name: string
  readonly memory: PhysicalMemory
  readonly control: Control | undefined
  /** The guest, when it is one of ours: its console, its record. */
  readonly machine?: Machine
  /** The record of a deterministic guest: its places can be gone to. */
  readonly record?: RunRecord
  readonly vcpus: () => readonly VcpuSource[]
  readonly vmcoreinfo?: string | undefined
  readonly noteAt?: Physical | undefined
  /** Told where the only kernel in memory was found. */
  readonly found?: (noteAt: Physical) => void
  /** That the file of a dump ends before it should, in a clause. */
  readonly cut?: string | undefined
  /** A dump that cannot tell whether it has all of the memory that it was made of: its kernel is asked. */
  readonly mayLack?: boolean
  /** Which kernel, where there are two in memory. */
  readonly kernelAt?: KernelChoice | undefined
  /** Oddities met while opening, in sentences. */
  readonly problems: readonly string[]
  /** Of a target that runs on while it is read: frames that changed since they were read, of how many. */
  readonly drift?: () => { readonly changed: number; readonly read: number }
  /** More facts for `info`. */
  readonly facts: Readonly<Record<string, unknown>>
}
