import type { Frame, Physical, Position } from '../brands.js'

/** Physical memory that the source holds. */
export interface PhysicalRange {
  readonly start: Physical
  readonly length: number
}

/** Why bytes could not be had. A result, never an exception and never zeros. */
export type Problem =
  | { readonly kind: 'non-canonical'; readonly address: bigint }
  /** The page walk ended at an entry that is not present. */
  | { readonly kind: 'not-present'; readonly address: bigint; readonly level: PageTableLevel }
  /** The address is mapped, but the source does not hold that physical memory (a hole, a truncated or filtered dump, MMIO). */
  | {
      readonly kind: 'absent'
      readonly address: bigint
      readonly physical: Physical
      /** It is an entry of this table that the source does not hold: where the address leads is not known. */
      readonly table?: PageTableLevel
    }
  /** More bytes were asked for than this memory holds in all: the length is wrong. */
  | { readonly kind: 'too-long'; readonly address: bigint; readonly length: number }

export type PageTableLevel = 'pgd' | 'p4d' | 'pud' | 'pmd' | 'pte'

export type ReadResult =
  | { readonly ok: true; readonly bytes: Uint8Array }
  /** `bytes` holds what could be read before the problem, possibly nothing. */
  | { readonly ok: false; readonly bytes: Uint8Array; readonly problem: Problem }

/**
 * Up to 1 GiB of a memory source, mapped or cached. `view` and `bytes` cover the same memory.
 * Offsets into a window need not be page aligned (ELF cores place segments anywhere).
 */
export interface MemoryWindow {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** The same in words, for copying. Absent where reads are told of. */
  readonly words?: Int32Array
}

/** Guest-physical memory, read in frames of 4 KiB. */
export interface PhysicalMemory {
  /** What this is, for people: "RAM of guest demo", "ELF core vmcore". */
  readonly description: string
  /** Sorted, not overlapping. */
  readonly ranges: readonly PhysicalRange[]
  readonly windows: readonly MemoryWindow[]
  /**
   * Positions that `locate` gave hold while this number stays: a source that keeps only some frames at hand drops others,
   * and a closed one drops all. A window that was taken while a position held stays good.
   */
  readonly generation: number
  /**
   * Finds the frame: the answer is windowIndex * 2^32 + byte offset in that window, or -1 when the source
   * does not hold the whole frame. One number, so that hot loops allocate nothing.
   */
  locate(frame: Frame): Position
  /** Ranges that may hold data, for scanning: leaves out holes of sparse files. */
  dataRanges(): readonly PhysicalRange[]
  read(address: Physical, length: number): ReadResult
  /** Writes bytes that lie within one frame. Absent where the source cannot be written: dumps. */
  write?(address: Physical, bytes: Uint8Array): void
  /** What happened to the source since it was opened, so that memory is missing that was there, in a sentence. */
  readonly lost?: string | undefined
  /** Forgets copies of memory that may have changed. Absent where frames are not copied, or never change. */
  invalidate?(): void
  /** Windows read as zero afterwards and `locate` answers -1. */
  close(): void
}

/** Bytes at virtual addresses. What values are read through. */
export interface VirtualMemory {
  read(address: bigint, length: number): ReadResult
}

/** A sentence for a person: "page not present at 0xffff… (pte)". */
export function describeProblem(problem: Problem): string {
  const at = `0x${problem.address.toString(16)}`
  switch (problem.kind) {
    case 'non-canonical':
      return `${at} is not a canonical address`
    case 'not-present':
      return `page not present at ${at} (${problem.level})`
    case 'absent':
      return problem.table === undefined
        ? `${at} is at physical 0x${problem.physical.toString(16)}, which this memory does not hold`
        : `where ${at} leads is not known: its ${problem.table} is at physical 0x${problem.physical.toString(16)}, which this memory does not hold`
    case 'too-long':
      return `${problem.length} bytes at ${at} are more than this memory holds`
  }
}
