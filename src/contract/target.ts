import type { Cpus } from '../kernel/cpus.js'
import type { Kernel } from '../kernel/kernel.js'
import type { KernelInMemory, KernelRole } from '../kernel/kernels.js'
import type { Panic } from '../kernel/panic.js'
import type { FigureJson } from '../problems.js'
import type { Vcpu } from '../session/vcpu.js'
import { hexAddress, plainInteger } from './json.js'

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
  /** What of Linux's CPUs there is, and of which there are registers; null where nr_cpu_ids or the masks cannot be read. */
  readonly cpus: CpusJson | null
  readonly memoryBytes: number
  readonly memoryRanges: readonly { readonly start: string; readonly bytes: number }[]
  readonly symbols: { readonly source: string; readonly count: number }
  readonly types: { readonly source: string; readonly count: FigureJson } | { readonly problem: string }
  readonly evidence: readonly string[]
  /** Every kernel in memory: two while a capture kernel runs, and after kexec. */
  readonly kernels: readonly KernelJson[]
  /** Of a kernel that has panicked: where, and what it said. */
  readonly panic: PanicJson | null
  /** From opening the file to the kernel found, typed value included. */
  readonly openMilliseconds: number
  readonly problems: readonly string[]
  readonly [fact: string]: unknown
}

export interface CpusJson {
  /** nr_cpu_ids. */
  readonly count: number
  readonly possible: readonly number[]
  /** Null where the mask cannot be read. */
  readonly present: readonly number[] | null
  readonly online: readonly number[] | null
  readonly withRegisters: readonly number[]
}

export function cpusJson({ count, possible, present, online }: Cpus, vcpus: readonly Vcpu[]): CpusJson {
  const withRegisters = vcpus.flatMap(({ cpu }) => cpu ?? [])
  return { count, possible, present: present ?? null, online: online ?? null, withRegisters }
}

export interface KernelJson {
  readonly release: string
  /** `crashed` and its `capture` kernel; `running` and the one that was `left` by kexec; null for one alone. */
  readonly role: KernelRole | null
  /** Physical address of its VMCOREINFO note: what --kernel-at takes. */
  readonly at: string | null
  /** All else here is of this one. */
  readonly chosen: boolean
}

export function kernelJson({ kernel, role }: KernelInMemory, chosen: Kernel): KernelJson {
  const { release, noteAt } = kernel
  const at = noteAt === undefined ? null : hexAddress(BigInt(noteAt))
  return { release, role: role ?? null, at, chosen: kernel === chosen }
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
