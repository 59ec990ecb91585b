import type { Physical, PhysicalMemory } from './types.js'

/** Registers of one CPU as a dump's notes give them, by gdb's names. */
export type NoteRegisters = Readonly<Record<string, bigint>>

export type Architecture = 'x86_64' | 'aarch64'

/** A dump of a whole machine, whatever its format. */
export interface Dump {
  /** For people: "ELF core", "kdump-compressed (zlib)". */
  readonly format: string
  readonly memory: PhysicalMemory
  /** Undefined where the format does not say. */
  readonly architecture: Architecture | undefined
  /** One per CPU that the dump has registers of, in order. */
  readonly cpus: readonly NoteRegisters[]
  /** Text of the VMCOREINFO note, when there is one. */
  readonly vmcoreinfo: string | undefined
  /** Where in memory the note was found, when it was looked for already. */
  readonly noteAt?: Physical | undefined
  /** What is missing or odd, in sentences. */
  readonly problems: readonly string[]
}
