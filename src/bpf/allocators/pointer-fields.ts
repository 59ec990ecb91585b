import { sizeOf, strip } from '../../btf/layout.js'
import type { CType, PointerType, SectionType, StructType } from '../../btf/types.js'
import { elementHome, type Home } from '../../value/recovered.js'
import { isBookkeeping } from './sections.js'

/** A pointer within a type: bytes from its start, and the struct it points at. */
export interface PointerField {
  readonly offset: number
  readonly path: string
  readonly target: CType
}

/** The pointer that an integer at an offset of a type is. */
export type Recovered = (type: StructType | SectionType, offset: number) => PointerType | undefined

/** More pointers than this in one type are a broken type, or a table not worth following by name. */
const fieldLimit = 16384
const depthLimit = 16

/**
 * Pointers to complete structs in a type by offset, arrays and embedded structs looked through, integers that `recovered`
 * knows as pointers included. Allocators' own pointers are left out.
 */
export function pointerFields(type: CType, recovered: Recovered): ReadonlyMap<number, PointerField> {
  return new Collection(recovered).of(type)
}

class Collection {
  readonly #recovered: Recovered
  readonly #found: PointerField[] = []

  constructor(recovered: Recovered) {
    this.#recovered = recovered
  }

  of(type: CType): ReadonlyMap<number, PointerField> {
    this.#collect(type, 0, '', depthLimit, undefined)
    return new Map(this.#found.map((field) => [field.offset, field]))
  }

  #collect(type: CType, offset: number, path: string, depth: number, home: Home | undefined): void {
    if (this.#found.length >= fieldLimit || depth <= 0 || isBookkeeping(type)) return
    const bare = strip(type)
    const step = (name: string): string =>
      path === '' || name.startsWith('[') ? `${path}${name}` : `${path}.${name}`
    switch (bare.kind) {
      case 'pointer':
        this.#add(bare, offset, path)
        return
      case 'int': {
        const pointer =
          bare.size === 8 && home !== undefined ? this.#recovered(home.type, home.offset) : undefined
        if (pointer !== undefined) this.#add(pointer, offset, path)
        return
      }
      case 'array': {
        const size = sizeOf(bare.element) ?? 0
        if (size === 0) return
        for (let i = 0; i < bare.length && this.#found.length < fieldLimit; i++) {
          const before = this.#found.length
          const inner = elementHome(home, i, size)
          this.#collect(bare.element, offset + i * size, step(`[${i}]`), depth - 1, inner)
          // An element without pointers: neither has the next.
          if (this.#found.length === before) return
        }
        return
      }
      case 'struct':
      case 'union':
        for (const member of bare.members) {
          if (member.bitSize > 0) continue
          const name = member.name === '' ? path : step(member.name)
          const inner = { type: bare, offset: member.offset }
          this.#collect(member.type, offset + member.offset, name, depth - 1, inner)
        }
        return
      case 'section':
        for (const { variable, offset: at } of bare.variables) {
          this.#collect(variable.type, at, variable.name, depth, { type: bare, offset: at })
        }
        return
      default:
    }
  }

  #add(pointer: PointerType, offset: number, path: string): void {
    const target = strip(pointer.target)
    if (target.kind === 'struct') this.#found.push({ offset, path, target })
  }
}
