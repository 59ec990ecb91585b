import type { Btf } from '../../../btf/btf.js'
import type { CoreRelocation, SourceLines } from '../../../btf/ext.js'

/** Which C function the instructions from `start` to `end` (exclusive) are. */
export interface CodeFunction {
  readonly name: string
  readonly start: number
  readonly end: number
  /** Its BTF function type; undefined when nothing says. */
  readonly typeId: number | undefined
  /**
   * 'static' functions are called from this object alone, and the compiler may have changed their parameters;
   * the kernel or other objects call 'global' ones, and 'entry' ones with a context in R1.
   */
  readonly binding: 'entry' | 'global' | 'static'
  /** Its address is taken: it is somebody's callback, and its parameters are those it declares. */
  readonly isCallback: boolean
  /**
   * Type ids of what the words of its context hold, for programs whose context is an array of arguments; undefined for
   * a word of which nothing is known.
   */
  readonly contextTypes: readonly (number | undefined)[] | undefined
}

/** What an instruction refers to beyond its own bits: relocations of an object, or what the kernel has put there. */
export type Reference =
  /** LD_IMM64: the address of a byte of a data section. */
  | { readonly kind: 'section'; readonly section: number; readonly offset: number }
  /** LD_IMM64: a map; the type id of the struct that declares it, 0 when it is not known. */
  | { readonly kind: 'map'; readonly definition: number }
  /** LD_IMM64: the address of a kernel variable of that type. */
  | { readonly kind: 'variable'; readonly typeId: number }
  /** LD_IMM64 or call: a function of this code, by its index. */
  | { readonly kind: 'function'; readonly index: number }
  /** Call: a kernel function; its BTF function type, 0 when it is not known. */
  | { readonly kind: 'kernel function'; readonly name: string; readonly typeId: number }
  /** Call: a helper by its number, for code in which the number is no longer in the instruction. */
  | { readonly kind: 'helper'; readonly helper: number }
  /** Something that is neither of these: an address of which nothing is known. */
  | { readonly kind: 'other' }

/** BPF_CORE_* of include/uapi/linux/bpf.h. */
export const coreKind = { fieldOffset: 0, localType: 6, targetType: 7 } as const

/** A data section (BTF calls it DATASEC): what lies where in it. */
export interface DataSection {
  readonly typeId: number
  readonly name: string
  /** In ascending order of offsets. */
  readonly variables: readonly DataVariable[]
  /** What it holds when the program is loaded; empty when it is all zero. */
  readonly initial: Uint8Array
  readonly isArena: boolean
}

export interface DataVariable {
  readonly name: string
  /** Type of its value. */
  readonly typeId: number
  readonly offset: number
  readonly size: number
}

/** Where instructions come from. */
export interface CodeSection {
  readonly name: string
  /** Index of its first instruction. */
  readonly start: number
  readonly lines: SourceLines | undefined
}

/** What the analysis works on, wherever it comes from: an object file or the programs that a kernel has loaded. */
export interface Code {
  readonly name: string
  readonly btf: Btf
  /** BPF instructions, 8 bytes each. */
  readonly instructions: Uint8Array
  readonly littleEndian: boolean
  readonly functions: readonly CodeFunction[]
  /** By index of the instruction. */
  readonly references: ReadonlyMap<number, Reference>
  readonly core: ReadonlyMap<number, CoreRelocation>
  readonly data: readonly DataSection[]
  /** In ascending order of `start`. */
  readonly sections: readonly CodeSection[]
  /** The verifier has made additions to arena addresses ones of 32 bits, since accesses take no more of them. */
  readonly addsInLowHalves?: boolean
  /** Structs that the kernel fills, beyond those that the code itself shows. */
  readonly kernelStructs?: ReadonlySet<number>
  /** Structs and sections that other code writes to as well: nothing can be concluded about them. */
  readonly sharedTypes?: ReadonlySet<number>
  /** Structs that the instructions access by another layout than the BTF has. */
  readonly opaqueStructs?: ReadonlySet<number>
  /** What could not be read, one sentence each. */
  readonly problems: readonly string[]
  /**
   * Why the code is not all there, so that nothing can be concluded from what is; undefined when it is whole.
   */
  readonly incomplete: string | undefined
}
