import type { Btf } from '../../btf/btf.js'
import { parseTypeName } from '../../btf/parse-type-name.js'
import type { CType, PointerType, SectionType, StructType } from '../../btf/types.js'
import { CryoscopeError } from '../../errors.js'
import type { Kernel } from '../../kernel/kernel.js'
import type { ValueContext } from '../../value/context.js'
import { kernelContext } from '../../value/kernel-context.js'
import type { RecoveredPointer } from '../../value/recovered.js'
import type { ArenaWindow } from './window.js'

/** What an arena can say of the values of integers. */
export interface ArenaProbe {
  /** Whether it is an address in the arena, in the form in which programs store them. */
  isAddress(value: bigint): boolean
  /** Whether what is there is in use, as something of that type where both are known. */
  isInUse(value: bigint, type: CType | undefined): boolean
}

/** What is known of types beyond what a program's BTF says. */
export interface KnownTypes {
  /** Which integers of a type are pointers; whether a value is one into an arena is for the arena to say. */
  pointerAt(type: StructType | SectionType, offset: number, arena?: ArenaProbe): RecoveredPointer | undefined
  /** The struct that a forward declaration means. */
  complete(type: CType): CType | undefined
  /** What BPF keeps of the struct of that name at an address. */
  keptOf?(struct: string, address: bigint): unknown
}

/** What lies at places of an arena. */
export interface ArenaObjects {
  /** "scx_task_allocator[5].pid". */
  name(place: number): string | undefined
  /** The typed object that a place lies in, and where it begins, behind its header. */
  typed(place: number): { readonly type: CType; readonly place: number } | undefined
  /** Whether a place is memory that is in use; of the type, where what lies there is known. */
  isInUse(place: number, type: CType | undefined): boolean
}

/** The tag that a compiler gives pointers into an arena, and the one libbpf's headers give where it does not. */
const arenaTags: readonly string[] = ['address_space(1)', 'arena']

/**
 * Values of programs that use an arena: pointers into its window are followed there, low words alone only where the type
 * says that they are arena pointers. `at` knows what lies in the arena.
 */
export function arenaContext(
  kernel: Kernel,
  window: ArenaWindow,
  types: readonly Btf[],
  at: ArenaObjects,
  known?: KnownTypes,
): ValueContext {
  const base = kernelContext(kernel)
  const probe: ArenaProbe = {
    isAddress: (value) => window.formOf(value) === 'user',
    isInUse: (value, type) => at.isInUse(window.placeOf(value), type),
  }
  return {
    ...base,
    symbolize: (address) => {
      const place = address >= window.userStart && address < window.userEnd ? window.placeOf(address) : -1
      return place < 0 ? base.symbolize(address) : at.name(place)
    },
    objectAt: (address) => {
      const place = window.placeOf(address)
      const found = place < 0 ? undefined : at.typed(place)
      return found && { type: found.type, address: window.kernelAddress(found.place) }
    },
    resolvePointer: (value, type) => resolve(window, value, type),
    ...(known && {
      recoverPointer: (type, offset) => known.pointerAt(type, offset, probe),
      keptOf: (struct, address) => known.keptOf?.(struct, address),
    }),
    resolveForward: (type) => {
      for (const btf of types) {
        const found = type.kind === 'forward' ? btf.find(type.name, type.of) : undefined
        if (found !== undefined) return found
      }
      return base.resolveForward?.(type) ?? known?.complete(type)
    },
    findType: (name) => typeNamed(types, name) ?? base.findType?.(name),
  }
}

function resolve(window: ArenaWindow, value: bigint, type: PointerType): bigint | undefined {
  switch (window.formOf(value)) {
    case 'user':
      return window.kernelAddress(window.placeOf(value))
    case 'low32':
      // Small integers abound: the type must say that this is an arena pointer.
      return window.storesLowWords || isArenaPointer(type)
        ? window.kernelAddress(window.placeOf(value))
        : undefined
    default:
      return undefined
  }
}

/** Whether a pointer's type says that it points into an arena. */
export function isArenaPointer(type: PointerType): boolean {
  let at: CType = type.target
  for (let n = 0; n < 64; n++) {
    if (at.kind === 'type_tag') {
      if (arenaTags.includes(at.name)) return true
    } else if (at.kind !== 'const' && at.kind !== 'volatile' && at.kind !== 'restrict') return false
    at = at.target
  }
  return false
}

/** A type of one of these files by its name in C. */
export function typeNamed(types: readonly Btf[], name: string): CType | undefined {
  for (const btf of types) {
    try {
      return parseTypeName(btf, name, () => undefined)
    } catch (error) {
      if (!(error instanceof CryoscopeError)) throw error
    }
  }
  return undefined
}
