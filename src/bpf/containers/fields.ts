import { sizeOf, strip } from '../../btf/layout.js'
import type { CType, PointerType, StructType } from '../../btf/types.js'
import type { RecoveryDegree } from '../../value/recovered.js'
import { elementHome, type Home } from '../../value/recovered.js'
import { isBookkeeping } from '../allocators/sections.js'
import type { ArenaReader } from '../arena/reader.js'
import { containerReader, mayBeContainer } from './kinds.js'
import { wholeStruct } from './reading.js'

/** A place within a type that is a container, or leads to one. */
export interface ContainerField {
  readonly offset: number
  /** "queues[2].tree"; empty for the type itself. */
  readonly path: string
  readonly target: StructType
  /** Whether the container itself lies there, and not its address. */
  readonly isEmbedded: boolean
  /** How the programs tell: `declared` is what C says. */
  readonly degree: 'declared' | RecoveryDegree
  /** Source lines, of what C does not say. */
  readonly lines: readonly string[]
  /** Whether a value can be such a pointer. */
  accepts(value: bigint): boolean
}

const fieldLimit = 65536
const depthLimit = 16

/** Containers in a type, and pointers to them: those that C declares, and integers that are known to be such. */
export function containerFields(
  arena: ArenaReader,
  type: CType,
): { fields: ContainerField[]; isWhole: boolean } {
  const collection = new Collection(arena)
  collection.add(type, 0, '', depthLimit, undefined)
  return { fields: collection.found, isWhole: collection.found.length < fieldLimit }
}

class Collection {
  readonly #arena: ArenaReader
  readonly found: ContainerField[] = []
  #visits = 0

  constructor(arena: ArenaReader) {
    this.#arena = arena
  }

  add(type: CType, offset: number, path: string, depth: number, home: Home | undefined): void {
    if (this.found.length >= fieldLimit || depth <= 0 || this.#visits++ > fieldLimit * 4) return
    if (isBookkeeping(type)) return
    const bare = strip(type)
    const step = (name: string): string =>
      path === '' || name.startsWith('[') ? `${path}${name}` : `${path}.${name}`
    switch (bare.kind) {
      case 'pointer':
        this.#declared(bare, offset, path)
        return
      case 'int':
        this.#word(offset, path, bare.size === 8 ? home : undefined)
        return
      case 'array': {
        const size = sizeOf(bare.element) ?? 0
        if (size === 0) return
        for (let i = 0; i < bare.length && this.found.length < fieldLimit; i++) {
          const before = this.found.length
          this.add(bare.element, offset + i * size, step(`[${i}]`), depth - 1, elementHome(home, i, size))
          // An element without containers: neither has the next.
          if (this.found.length === before) return
        }
        return
      }
      case 'struct':
        if (this.#embedded(bare, offset, path)) return
        this.#members(bare, offset, path, depth)
        return
      case 'union':
        this.#members(bare, offset, path, depth)
        return
      case 'section':
        for (const { variable, offset: at } of bare.variables)
          this.add(variable.type, at, variable.name, depth, { type: bare, offset: at })
        return
      default:
    }
  }

  #members(type: StructType, offset: number, path: string, depth: number): void {
    for (const member of type.members) {
      if (member.bitSize > 0) continue
      const name = member.name === '' ? path : path === '' ? member.name : `${path}.${member.name}`
      this.add(member.type, offset + member.offset, name, depth - 1, { type, offset: member.offset })
    }
  }

  #embedded(type: StructType, offset: number, path: string): boolean {
    if (containerReader(type) === undefined) return false
    const declared = { degree: 'declared', lines: [], accepts: () => true } as const
    this.found.push({ offset, path, target: type, isEmbedded: true, ...declared })
    return true
  }

  #declared(pointer: PointerType, offset: number, path: string): void {
    const target = mayBeContainer(pointer.target) ? wholeStruct(this.#arena, pointer.target) : undefined
    if (target === undefined || containerReader(target) === undefined) return
    const declared = { degree: 'declared', lines: [], accepts: () => true } as const
    this.found.push({ offset, path, target, isEmbedded: false, ...declared })
  }

  #word(offset: number, path: string, home: Home | undefined): void {
    const recovered = home && this.#arena.context.recoverPointer?.(home.type, home.offset)
    if (recovered === undefined || !mayBeContainer(recovered.type.target)) return
    const target = wholeStruct(this.#arena, recovered.type.target)
    if (target === undefined || containerReader(target) === undefined) return
    const { degree, lines } = recovered.evidence
    const accepts = (value: bigint): boolean => recovered.accepts(value)
    this.found.push({ offset, path, target, isEmbedded: false, degree, lines, accepts })
  }
}
