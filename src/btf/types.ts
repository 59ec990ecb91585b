import type { Btf } from './btf.js'

/**
 * C types as BTF describes them (include/uapi/linux/btf.h), inflated one at a time when touched.
 * Links to other types are getters, so holding one type does not pull in the rest.
 * `id` is the type's BTF id within `btf`; 0 is void.
 */
export type CType =
  | VoidType
  | IntType
  | FloatType
  | PointerType
  | ArrayType
  | StructType
  | EnumType
  | ForwardType
  | TypedefType
  | QualifierType
  | TagType
  | FunctionType
  | FunctionPrototype
  | VariableType
  | SectionType
  | UnknownType

interface Base {
  readonly id: number
  /** Empty for anonymous types. */
  readonly name: string
  readonly btf: Btf
}

export interface VoidType extends Base {
  readonly kind: 'void'
}

export interface IntType extends Base {
  readonly kind: 'int'
  /** Bytes of storage, 1 to 16. */
  readonly size: number
  /** Bits that count; below size * 8 only in old-style bitfields. */
  readonly bits: number
  /** Bit offset of the value in its storage; not 0 only in old-style bitfields. */
  readonly bitOffset: number
  /** 'char' also for the type named plain `char`: compilers do not set the flag that BTF has for it. */
  readonly encoding: 'unsigned' | 'signed' | 'char' | 'bool'
  readonly signed: boolean
}

export interface FloatType extends Base {
  readonly kind: 'float'
  /** Bytes: 2, 4, 8, 12 or 16. */
  readonly size: number
}

export interface PointerType extends Base {
  readonly kind: 'pointer'
  readonly target: CType
}

export interface ArrayType extends Base {
  readonly kind: 'array'
  readonly element: CType
  /** 0 for a flexible array. */
  readonly length: number
}

export interface StructType extends Base {
  readonly kind: 'struct' | 'union'
  readonly size: number
  readonly members: readonly Member[]
  /**
   * The member of that name, looking through anonymous structs and unions; `bitOffset` is then from the
   * start of this struct.
   */
  member(name: string): Member | undefined
}

export interface Member {
  /** Empty for an anonymous struct or union. */
  readonly name: string
  readonly type: CType
  readonly bitOffset: number
  /** Bytes from the start of the struct, rounded down. */
  readonly offset: number
  /** Width of a bitfield, 0 when it is none. */
  readonly bitSize: number
}

export interface EnumType extends Base {
  readonly kind: 'enum'
  /** Bytes: 1, 2, 4 or 8. */
  readonly size: number
  readonly signed: boolean
  readonly values: readonly EnumValue[]
  /** The first name with this value. */
  nameOf(value: bigint): string | undefined
  valueOf(name: string): bigint | undefined
}

export interface EnumValue {
  readonly name: string
  readonly value: bigint
}

export interface ForwardType extends Base {
  readonly kind: 'forward'
  readonly of: 'struct' | 'union'
}

export interface TypedefType extends Base {
  readonly kind: 'typedef'
  readonly target: CType
}

export interface QualifierType extends Base {
  readonly kind: 'const' | 'volatile' | 'restrict'
  readonly target: CType
}

/** `type_tag` sits between a pointer and its target (user, rcu, kptr …); `decl_tag` beside a declaration. */
export interface TagType extends Base {
  readonly kind: 'type_tag' | 'decl_tag'
  readonly target: CType
  /** decl_tag: the member or parameter it is about, -1 for the whole declaration. */
  readonly component: number
  /** The name is a whole compiler attribute (`address_space(1)`), not the text of a tag. */
  readonly attribute: boolean
}

export interface FunctionType extends Base {
  readonly kind: 'function'
  readonly linkage: 'static' | 'global' | 'extern'
  readonly prototype: CType
}

export interface FunctionPrototype extends Base {
  readonly kind: 'prototype'
  readonly result: CType
  readonly parameters: readonly Parameter[]
  readonly variadic: boolean
}

export interface Parameter {
  readonly name: string
  readonly type: CType
}

export interface VariableType extends Base {
  readonly kind: 'variable'
  readonly linkage: 'static' | 'global' | 'extern'
  readonly type: CType
}

export interface SectionType extends Base {
  readonly kind: 'section'
  readonly size: number
  readonly variables: readonly SectionVariable[]
}

export interface SectionVariable {
  /** Sections such as .ksyms list functions too: they appear here as variables of the function's type. */
  readonly variable: VariableType
  /** Bytes from the start of the section. */
  readonly offset: number
  readonly size: number
}

export type CKind = CType['kind']

/** The shape of one kind of type: `TypeOf<'struct'>` is StructType. */
export type TypeOf<K extends CKind> = CType extends infer T
  ? T extends { readonly kind: infer TK }
    ? K extends TK
      ? T
      : never
    : never
  : never

/** A malformed record, a kind newer than this reader, or a modifier chain that loops: shown as bytes with the reason. */
export interface UnknownType extends Base {
  readonly kind: 'unknown'
  readonly reason: string
}
