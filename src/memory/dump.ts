import type { Physical } from '../brands.js'
import type { Segment } from './segmented.js'
import type { PhysicalMemory } from './types.js'

/** Registers of one CPU as a dump's notes give them, by gdb's names. */
export type NoteRegisters = Readonly<Record<string, bigint>>

/** What a dump holds of one CPU. Whose it is in Linux's numbering its place among the others does not say. */
export interface CpuNote {
  readonly registers: NoteRegisters
  /** pr_pid: of Linux the pid of the task that the CPU ran, of QEMU and our own dumps a number that counts CPUs from 1. */
  readonly pid: number | undefined
  /** Where the task register (TR) and GDTR of an x86-64 processor point; undefined where the note does not say. */
  readonly tables: { readonly tr: bigint; readonly gdt: bigint } | undefined
}

export type Architecture = 'x86_64' | 'aarch64'

/** A dump of a whole machine, whatever its format. */
export interface Dump {
  /** For people: "ELF core", "kdump-compressed (zlib)". */
  readonly format: string
  readonly memory: PhysicalMemory
  /** Undefined where the format does not say. */
  readonly architecture: Architecture | undefined
  /** One per CPU that the dump has registers of, in the order of its notes. */
  readonly cpus: readonly CpuNote[]
  /** Text of the VMCOREINFO note, when there is one. */
  readonly vmcoreinfo: string | undefined
  /** Where in memory the note was found, when it was looked for already. */
  readonly noteAt?: Physical | undefined
  /** RAM that is one block in the dump, which does not say where in memory it lies: how it was laid out, and how to do it anew. */
  readonly ram?: {
    readonly size: number
    readonly segments: readonly Segment[]
    readonly lay: (segments: readonly Segment[]) => PhysicalMemory
  }
  /** That the file ends before it should, at which part of it, in a clause; undefined where it does not, or where nothing tells. */
  readonly cut?: string | undefined
  /** The format says of each page that was left out, and of all that did not come; of others the kernel has to be asked. */
  readonly saysMissing?: boolean
  /** What is missing or odd, in sentences. */
  readonly problems: readonly string[]
}
