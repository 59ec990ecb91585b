import type { TypeShapes } from '../code/type-shapes.js'
import type { Places } from './places.js'

/** Places of a struct within another that are tried; beyond that anything is possible. */
const mostPlaces = 256
const deepestNesting = 16

/** Where structs lie in each other. */
export class Embedding {
  readonly #types: TypeShapes
  readonly #places: Places
  readonly #starts = new Map<string, readonly number[] | undefined>()
  readonly #outer = new Map<number, readonly number[]>()

  constructor(types: TypeShapes, places: Places) {
    this.#types = types
    this.#places = places
  }

  /** Where a container lies in a type, in bytes from its start; undefined when in too many places. */
  startsOf(root: number, container: number): readonly number[] | undefined {
    const key = `${root}:${container}`
    if (this.#starts.has(key)) return this.#starts.get(key)
    const found: number[] = []
    const isComplete = this.#collect(root, 0, container, found, { left: mostPlaces }, 0)
    const starts = isComplete ? found : undefined
    this.#starts.set(key, starts)
    return starts
  }

  /** Every struct that another is a part of, itself included. */
  containersOf(container: number): readonly number[] {
    const known = this.#outer.get(container)
    if (known !== undefined) return known
    const found: number[] = []
    for (const kind of ['struct', 'union'] as const) {
      for (const { id } of this.#types.btf.types(kind)) {
        if (this.#places.embedded(id).has(container)) found.push(id)
      }
    }
    this.#outer.set(container, found)
    return found
  }

  #collect(
    type: number,
    start: number,
    container: number,
    found: number[],
    budget: { left: number },
    depth: number,
  ): boolean {
    if (budget.left-- <= 0 || depth > deepestNesting) return false
    const shape = this.#types.of(type)
    if (shape.kind === 'array') {
      const inner = this.#types.of(shape.element)
      if (inner.kind !== 'struct' && inner.kind !== 'array') return true
      for (let n = 0; n < Math.max(shape.length, 1); n++) {
        const at = start + n * shape.elementSize
        if (!this.#collect(shape.element, at, container, found, budget, depth + 1)) return false
      }
      return true
    }
    if (shape.kind !== 'struct') return true
    if (shape.id === container) {
      found.push(start)
      return true
    }
    if (!this.#places.embedded(shape.id).has(container)) return true
    return shape.parts.every(({ typeId, offset }) =>
      this.#collect(this.#types.bare(typeId), start + offset, container, found, budget, depth + 1),
    )
  }
}
