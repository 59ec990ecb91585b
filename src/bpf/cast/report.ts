import type { Rule } from './flow/observer.js'

/** Grows with every change of what a report means or looks like; caches of other numbers are ignored. */
export const reportFormat = 5

/** What the typed-pointer recovery has found in a file. Plain data: it is printed and stored as JSON. */
export interface CastReport {
  readonly format: typeof reportFormat
  /** Of the whole file, hexadecimal. */
  readonly sha256: string
  readonly objects: readonly CastObject[]
  /** What could not be read, one sentence each. */
  readonly problems: readonly string[]
}

/** One BPF object: type ids are those of its own BTF. */
export interface CastObject {
  /** The symbol or file that it was found as. */
  readonly name: string
  /** Which BTF it is, by `btfIdentity`. */
  readonly btf: string
  readonly functions: number
  readonly instructions: number
  readonly findings: readonly CastFinding[]
  /** Fields that look like pointers in places, and are not proven to be. */
  readonly withheld: readonly WithheldCast[]
  readonly problems: readonly string[]
  /** Why nothing can be concluded from this object; null when it was analysed. */
  readonly incomplete: string | null
}

/**
 * 'proven': everything that the programs store there is such a pointer. 'supported': the programs use it as such a
 * pointer, nothing that is certain speaks against it, and not everything could be followed.
 */
export type RecoveryDegree = 'proven' | 'supported'

/** What an address in a memory must be before a supported finding counts for it. */
export type MemoryCheck =
  /** A task that is on the kernel's list of tasks. */
  | 'task'
  /** Memory of the arena that is allocated; where an allocator's elements are known, an element that is in use. */
  | 'arena'
  /** One of the two. */
  | 'task or arena'
  /** There is none for such a pointer: it stays an integer. */
  | 'none'

/** A field that C declares as an integer and that holds a pointer. */
export interface CastFinding {
  readonly recovered: RecoveryDegree
  /** Of what is supported; null of what is proven. */
  readonly check: MemoryCheck | null
  /** Why it is not proven; empty when it is. */
  readonly doubts: readonly CastDoubt[]
  readonly place: CastPlace
  /** What it points at; null when only the space is proven. */
  readonly target: CastTarget | null
  readonly addressSpace: AddressSpace
  /** Bytes of the allocation that it points at, where the target is not known but this is. */
  readonly allocationSize: number | null
  /** Structs of the program that take so much memory: what the allocation may be, and no more than that. */
  readonly candidates: readonly string[]
  /** The first places that prove it. */
  readonly evidence: readonly CastEvidence[]
  readonly evidenceCount: number
}

/** 'unknown': the program shows the type, and the value itself decides where it leads. */
export type AddressSpace = 'arena' | 'kernel' | 'unknown'

export interface CastPlace {
  /** The innermost struct or union, or the data section. */
  readonly typeId: number
  /** As C calls it: `struct task_ctx`, `.bss`; anonymous ones by what they are. */
  readonly type: string
  /** Bytes from the start of the type; of an array, of its first element. */
  readonly offset: number
  /** The member or variable, with its path where it is nested. */
  readonly member: string
  /** 1, or how many words from `offset` on this is about; 0 for a flexible array. */
  readonly elements: number
}

export interface CastTarget {
  readonly typeId: number
  readonly type: string
  /** It is a struct of the kernel: the running kernel's own layout of it counts. */
  readonly isKernel: boolean
}

export interface CastEvidence {
  readonly rule: Rule
  readonly site: CastSite | null
}

/** An instruction and the source line that it comes from. */
export interface CastSite {
  readonly function: string
  readonly section: string
  /** Counted from the start of the section, as llvm-objdump counts. */
  readonly instruction: number
  /** Empty, 0 and empty where the object does not say. */
  readonly file: string
  readonly line: number
  readonly source: string
}

export interface CastDoubt {
  readonly why: string
  readonly site: CastSite | null
}

export interface WithheldCast {
  readonly place: CastPlace
  readonly reasons: readonly CastDoubt[]
}
