import type { CType, PointerType, SectionType, StructType } from '../btf/types.js'
import type { VirtualMemory } from '../memory/types.js'
import type { RecoveredPointer } from './recovered.js'

/** What values need to know beyond bytes: where to read, what an address is called, how pointers of odd kinds are followed. */
export interface ValueContext {
  readonly memory: VirtualMemory
  /** CPU numbers that have per-CPU memory. */
  readonly cpus: readonly number[]
  /** "schedule+0x1c" for a text or data address, undefined for anything else. */
  symbolize(address: bigint): string | undefined
  /** Where the per-CPU variable at this per-CPU address lives for one CPU. */
  perCpu(address: bigint, cpu: number): bigint
  /**
   * Where a stored pointer really points, when it is not a kernel virtual address (an arena pointer in user
   * form, say). Undefined: take it as it is.
   */
  resolvePointer?(value: bigint, type: PointerType): bigint | undefined
  /** The full type for a forward declaration, from wherever it is known. */
  resolveForward?(type: CType): CType | undefined
  /** The object that lies at an address, where something keeps account of what it hands out: an allocation. */
  objectAt?(address: bigint): { readonly type: CType; readonly address: bigint } | undefined
  /** Writes a global variable of a program: `map.variables.slice_ns = 5n`. Absent where values are only looked at. */
  assign?(
    place: { readonly name: string; readonly address: bigint; readonly type: CType },
    value: unknown,
  ): void
  /** What others keep of the struct of that name at an address, outside of it: `$bpf`. Undefined for structs of which nothing is kept. */
  keptOf?(struct: string, address: bigint): unknown
  /** A type by its name in C (`struct rq`, `u64`), for casts to types that the value's own BTF does not have. */
  findType?(name: string): CType | undefined
  /** The pointer that programs keep in the integer at that many bytes of a type; undefined when nothing is proven. */
  recoverPointer?(type: StructType | SectionType, offset: number): RecoveredPointer | undefined
}
