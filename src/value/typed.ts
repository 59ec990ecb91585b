import type { CType } from '../btf/types.js'
import type { RecoveryEvidence } from './recovered.js'
import type { AnyMembers, AnyValue, Common, HasMembers, Reference, Unreadable, Value } from './types.js'

/**
 * The shapes of values as declarations made from BTF use them: those of types.ts, but with the members that a type has
 * and no others, so that a misspelt one is an error before anything runs. What cannot be read is an `Unreadable` at any
 * place; declarations do not repeat that.
 */
export interface Struct extends Common, HasMembers {
  readonly $kind: 'struct' | 'pointer'
}

/** A set of CPUs; prints as `0-3,5`. */
export interface CpuMask extends Struct {
  readonly cpus: readonly number[]
}

/** A pointer to something without members; `[n]` is the n-th element from where it points. */
export interface PointerTo<T> extends Common {
  readonly $kind: 'pointer'
  /** The address as it is stored. */
  readonly $value: bigint
  readonly $isNull: boolean
  /** Why it is known to be a pointer, when C declares it as an integer. */
  readonly $recovered: RecoveryEvidence | undefined
  readonly $target: T
  /** Type tags between the pointer and its target: `rcu`, `percpu`, `user`, `kptr` … */
  readonly $tags: readonly string[]
  /** What was allocated where it points, behind its header: of an `sdt_data *` the context. Its type only the memory knows. */
  readonly $payload: AnyValue
  $index(n: number): T
  $array(length: number): List<T>
  /** Text up to the first NUL. */
  $string(longest?: number): string
  /** What a per-CPU pointer points at for one CPU. */
  $cpu(cpu: number): T
  readonly $cpus: readonly { readonly cpu: number; readonly value: T }[]
  /** The struct of that type in which what it points at is the member `path`. */
  // biome-ignore lint/suspicious/noExplicitAny: the type is text
  $container(type: string | CType, path: string): any
  readonly [index: number]: T
}

/** A pointer to a struct: its members are those of the struct, as with `->`. */
export type Pointer<T> = PointerTo<T> & T

/** An array, with JavaScript's array methods. */
export interface List<T> extends Common, ReadonlyArray<T> {
  readonly $kind: 'array'
  /** Element `n`, also beyond the declared length, as a flexible array needs. */
  $at(n: number): T
  /** The first `count` elements, also beyond the declared length. */
  $take(count: number): T[]
  $element(n: number): Reference
  /** The text of an array of bytes, up to its first NUL. */
  readonly $text: string
  toString(): string
}

/**
 * A flexible array at the end of a struct. Behind the header of an allocator's element it is what the allocator hands out
 * (`data.payload.pid`), whose type only the memory knows.
 */
export type FlexibleList<T> = List<T> & AnyMembers

/** An enum's value. */
export interface Enum<Name extends string> {
  /** Undefined when the enum has no name for the number. */
  readonly name: Name | undefined
  readonly value: number | bigint
  is(other: Name | number | bigint): boolean
  toString(): string
}

/** What has no value: void, a function, a type that is only declared. */
export interface Opaque extends Common {
  readonly $kind: 'opaque'
  readonly $reason: string
}

/** Anything that lies somewhere in guest memory. */
export type Located = Value | Unreadable | { readonly $address: bigint }
