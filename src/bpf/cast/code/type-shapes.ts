import type { Btf } from '../../../btf/btf.js'
import { sizeOf, strip } from '../../../btf/layout.js'
import type { CType } from '../../../btf/types.js'
import type { DataSection } from './code.js'

/** What the analysis needs to know of a type. Ids are those of types without typedefs and qualifiers. */
export type Shape =
  /** A struct, a union, or a data section with its variables. */
  | {
      readonly kind: 'struct'
      readonly id: number
      readonly size: number
      readonly parts: readonly Part[]
      readonly isSection: boolean
    }
  /** An integer of 8 bytes: it can hold a pointer that C does not see. */
  | { readonly kind: 'word' }
  | {
      readonly kind: 'pointer'
      /** 0 for void and for functions. */
      readonly target: number
      /** The target is in user space or in per-CPU memory: no address that can be followed as it is. */
      readonly isForeign: boolean
    }
  | {
      readonly kind: 'array'
      readonly element: number
      readonly elementSize: number
      /** 0 for a flexible array. */
      readonly length: number
    }
  | { readonly kind: 'scalar'; readonly size: number }
  /** A struct that is only declared: its layout is somewhere else. */
  | { readonly kind: 'opaque' }

export interface Part {
  readonly name: string
  readonly offset: number
  readonly size: number
  readonly typeId: number
  readonly isBitfield: boolean
  /** A flexible array at the end: it goes on beyond the struct. */
  readonly isOpen: boolean
}

/** Members and variables of one type; no real type comes near. */
const mostParts = 4096
const foreignTags = new Set(['user', 'percpu', 'percpu_kptr'])

/** Shapes of the types of one object, made when they are asked for. */
export class TypeShapes {
  readonly btf: Btf
  readonly #sections: ReadonlyMap<number, DataSection>
  readonly #shapes: (Shape | undefined)[] = []
  readonly #bare: (number | undefined)[] = []
  readonly #opaque: ReadonlySet<number>

  /** Of `opaque` structs no member is known. */
  constructor(btf: Btf, sections: readonly DataSection[], opaque: ReadonlySet<number> = new Set()) {
    this.#opaque = opaque
    this.btf = btf
    this.#sections = new Map(sections.map((section) => [section.typeId, section]))
  }

  /** The id behind typedefs and qualifiers; 0 for void and for what has no layout. */
  bare(id: number): number {
    this.#bare[id] ??= bareId(this.btf.type(id))
    return this.#bare[id] as number
  }

  /** The shape of a type, by its bare id or any other. */
  of(id: number): Shape {
    const known = this.#shapes[id]
    if (known !== undefined) return known
    const shape = this.#make(strip(this.btf.type(id)))
    this.#shapes[id] = shape
    return shape
  }

  #make(type: CType): Shape {
    switch (type.kind) {
      case 'struct':
      case 'union':
        return {
          kind: 'struct',
          id: type.id,
          size: type.size,
          parts: this.#opaque.has(type.id) ? [] : structParts(type),
          isSection: false,
        }
      case 'section':
        return sectionShape(type.id, this.#sections.get(type.id))
      case 'int':
        return type.size === 8 && (type.encoding === 'unsigned' || type.encoding === 'signed')
          ? { kind: 'word' }
          : { kind: 'scalar', size: type.size }
      case 'pointer':
        return { kind: 'pointer', target: this.bare(type.target.id), isForeign: hasForeignTag(type.target) }
      case 'array': {
        const elementSize = sizeOf(type.element) ?? 0
        return elementSize > 0
          ? { kind: 'array', element: this.bare(type.element.id), elementSize, length: type.length }
          : { kind: 'scalar', size: 0 }
      }
      case 'forward':
        return { kind: 'opaque' }
      default:
        return { kind: 'scalar', size: sizeOf(type) ?? 0 }
    }
  }
}

function bareId(type: CType): number {
  const bare = strip(type)
  switch (bare.kind) {
    case 'void':
    case 'prototype':
    case 'function':
    case 'unknown':
      return 0
    case 'variable':
      return bareId(bare.type)
    default:
      return bare.id
  }
}

function hasForeignTag(target: CType): boolean {
  let at = target
  for (let n = 0; n < 32; n++) {
    if (at.kind === 'type_tag' && foreignTags.has(at.name)) return true
    if (!('target' in at) || at.kind === 'pointer') return false
    at = at.target
  }
  return false
}

function structParts(type: CType & { readonly kind: 'struct' | 'union' }): Part[] {
  const parts: Part[] = []
  for (const member of type.members) {
    if (parts.length === mostParts) break
    const bare = strip(member.type)
    parts.push({
      name: member.name,
      offset: member.offset,
      size:
        member.bitSize > 0
          ? Math.ceil((member.bitOffset + member.bitSize) / 8) - member.offset
          : (sizeOf(bare) ?? 0),
      typeId: member.type.id,
      isBitfield: member.bitSize > 0,
      isOpen: bare.kind === 'array' && bare.length === 0,
    })
  }
  return parts
}

function sectionShape(id: number, section: DataSection | undefined): Shape {
  const parts = (section?.variables ?? []).slice(0, mostParts).map(
    ({ name, offset, size, typeId }): Part => ({
      name,
      offset,
      size,
      typeId,
      isBitfield: false,
      isOpen: false,
    }),
  )
  const last = parts.at(-1)
  return {
    kind: 'struct',
    id,
    size: last === undefined ? 0 : last.offset + last.size,
    parts,
    isSection: true,
  }
}
