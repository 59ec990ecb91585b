import type { CType } from '../btf/types.js'
import type { Problem } from '../memory/types.js'
import type { EnumValue } from './enum.js'
import type { RecoveryEvidence } from './recovered.js'
import type { Json } from './render/json.js'

/**
 * What a C value is in JavaScript. Integers of up to 32 bits are numbers, wider ones bigints; `_Bool` is a
 * boolean; enums carry their name; `char` arrays are text; everything else is an object that reads guest
 * memory when it is asked.
 */
export type Value = number | bigint | boolean | string | EnumValue | ObjectValue | Unreadable

/**
 * A value whose type only the memory knows, where it is handed to people: the place decides which members there are, so that
 * code in cells, at the prompt and in scripts may ask for any. The library itself goes by `Value`.
 */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyValue = any

export type ObjectValue = StructValue | PointerValue | ArrayValue | OpaqueValue

/** A value as an object, whatever its type. */
export type Reference = ObjectValue | Scalar | Unreadable

export interface FormatOptions {
  /** Width to keep to; 100 unless told. */
  readonly columns?: number | undefined
  /** Whether members that are zero are shown; they are unless told. */
  readonly showZero?: boolean | undefined
  /** Structs and arrays nested deeper are shown as `{ … }`; all are shown unless told. */
  readonly depth?: number | undefined
  /** Integers in hexadecimal. */
  readonly hex?: boolean | undefined
  /** Elements of an array that are shown; all unless told. */
  readonly elements?: number | undefined
}

/** What every object value has. C members can have any name, but none that starts with `$`. */
export interface Common {
  /** The type as C writes it: `struct rq *`. */
  readonly $type: string
  readonly $ctype: CType
  /** Where the value is stored. */
  readonly $address: bigint
  /** Bytes. */
  readonly $size: number
  /** A copy of the value's bytes, as far as they can be read. */
  readonly $bytes: Uint8Array
  /** Why some of the bytes cannot be read. */
  readonly $problem: Problem | undefined
  /** The symbol at the value's address; of a pointer, the one it points at. */
  readonly $symbol: string | undefined
  /**
   * The same memory as another type: a name as C writes it (`struct rq`, `u32`, `struct rq *`, `char [16]`) or a
   * type. A pointer cast to something that is no pointer gives what it points at, as that.
   */
  $cast(type: string | CType): Value
  /** As C-like text. */
  $format(options?: FormatOptions): string
  /** As plain JSON. */
  $json(): Json
  toJSON(): Json
  toString(): string
}

/** Members that only the memory knows, as those of a struct that a recovered pointer leads to. */
export interface AnyMembers {
  // biome-ignore lint/suspicious/noExplicitAny: their types are found when they are read
  readonly [member: string]: any
}

/** What structs, unions and pointers to them share. */
export interface HasMembers {
  /** Names of the members, those of anonymous members included. */
  readonly $members: readonly string[]
  /**
   * A member as an object, even a scalar or text; an integer in which programs keep a pointer as that pointer. Throws
   * 'not-found' for a name that is none.
   */
  $member(name: string): Reference & AnyMembers
  /** Bytes from the start of the struct to a member: `scx.dsq`, `slots[3].next`. Throws 'not-found'. */
  $offsetOf(path: string): number
  /** The struct of that type in which this one is the member `path`: the kernel's container_of. */
  $container(type: string | CType, path: string): Value
}

interface Members {
  /** C members. */
  // biome-ignore lint/suspicious/noExplicitAny: members are known when running; anything stricter forbids `task.scx.dsq`
  readonly [member: string]: any
}

/** A struct, a union, or a section of global variables; its members are properties. */
export interface StructValue extends Common, HasMembers, Members {
  readonly $kind: 'struct'
}

/** A cpumask: a struct that is a set of CPUs. Prints as `0-3,5`. */
export interface CpuMaskValue extends StructValue {
  /** CPUs in the mask, those that the machine has. */
  readonly cpus: readonly number[]
}

/** A pointer, with the address it held when it was read. Properties are those of what it points at, as with `->`. */
export interface PointerValue extends Common, HasMembers, Members {
  readonly $kind: 'pointer'
  /** The address as it is stored. */
  readonly $value: bigint
  readonly $isNull: boolean
  /** Why it is known to be a pointer, when C declares it as an integer. */
  readonly $recovered: RecoveryEvidence | undefined
  /** What it points at. */
  readonly $target: Value
  /** Type tags between the pointer and its target: `rcu`, `percpu`, `user`, `kptr` … */
  readonly $tags: readonly string[]
  /**
   * What was allocated where it points, as the type that the allocator's elements have, behind their header: of an
   * `sdt_data *` the context. Unreadable when it points into no allocation of a known type.
   */
  readonly $payload: Value
  /** Element `n` from where it points, as in C. */
  $index(n: number): Value
  /** `length` elements from where it points. */
  $array(length: number): ArrayValue | Unreadable
  /** Text up to the first NUL, at most `longest` bytes (4096 unless told). */
  $string(longest?: number): string | Unreadable
  /** What a per-CPU pointer points at for one CPU. */
  $cpu(cpu: number): Value
  /** The same for every CPU. */
  readonly $cpus: readonly { readonly cpu: number; readonly value: Value }[]
}

/** An array. It has JavaScript's array methods; changing it is an error. */
export interface ArrayValue extends Common, ReadonlyArray<Members[string]> {
  readonly $kind: 'array'
  /** Element `n`, also beyond the declared length, as a flexible array needs. */
  $at(n: number): Value
  /** The first `count` elements, also beyond the declared length. */
  $take(count: number): Value[]
  /** Element `n` as an object. */
  $element(n: number): Reference
  /** The text of an array of bytes, up to its first NUL. */
  readonly $text: string | Unreadable
  toString(): string
}

/** An integer, enum or floating point number together with where it is stored. */
export interface Scalar extends Common {
  readonly $kind: 'scalar'
  readonly $value: Value
  /** Where a bitfield starts in its first byte, and its width; both 0 when it is none. */
  readonly $bitOffset: number
  readonly $bitSize: number
}

/** Something that has no value: void, a function, a forward declaration, a type of a broken file. */
export interface OpaqueValue extends Common {
  readonly $kind: 'opaque'
  readonly $reason: string
}

/** What could not be read, and why. Any member of it is again this. */
export interface Unreadable extends Members {
  readonly $kind: 'unreadable'
  /** A sentence without its subject: `page not present at 0xffff… (pte)`. */
  readonly $reason: string
  /** Undefined when no memory was asked: a null pointer, say. */
  readonly $problem: Problem | undefined
}
