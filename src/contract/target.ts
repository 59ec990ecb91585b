import type { Panic } from '../kernel/panic.js'
import { plainInteger } from './json.js'

/** What is known of a target. */
export interface TargetInfo {
  readonly target: string
  readonly kind: 'dump' | 'guest'
  readonly state: string
  readonly release: string
  /** uname -m and -v; null where init_uts_ns cannot be read. */
  readonly machine: string | null
  readonly version: string | null
  readonly vcpus: number
  readonly memoryBytes: number
  readonly memoryRanges: readonly { readonly start: string; readonly bytes: number }[]
  readonly symbols: { readonly source: string; readonly count: number }
  readonly types: { readonly source: string; readonly count: number } | { readonly problem: string }
  readonly evidence: readonly string[]
  /** Of a kernel that has panicked: where, and what it said. */
  readonly panic: PanicJson | null
  /** From opening the file to the kernel found, typed value included. */
  readonly openMilliseconds: number
  readonly problems: readonly string[]
  readonly [fact: string]: unknown
}

export interface PanicJson {
  readonly cpu: number
  readonly pid: number | null
  readonly name: string | null
  readonly message: string | null
  /** Nanoseconds since boot. */
  readonly time: number | string | null
  readonly cause: string | null
  readonly where: string | null
  /** All of it in a sentence. */
  readonly text: string
}

/** `text` is the panic in a sentence. */
export function panicJson(panic: Panic, text: string): PanicJson {
  const { cpu, task, message, time, cause, where } = panic
  return {
    cpu,
    pid: task?.pid ?? null,
    name: task?.name ?? null,
    message: message ?? null,
    time: time === undefined ? null : plainInteger(time),
    cause: cause ?? null,
    where: where ?? null,
    text,
  }
}
