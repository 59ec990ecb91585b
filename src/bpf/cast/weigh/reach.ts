import type { Knowledge } from '../flow/knowledge.js'
import type { Slot } from '../flow/places.js'
import type { SectionVariable } from '../flow/section-variables.js'
import { gcd } from '../flow/values.js'

const wordSize = 8

/** An access at an offset plus any multiple of a stride. */
export interface Span {
  /** From the start of the type, or of the section. */
  readonly offset: number
  readonly stride: number
  readonly width: number
}

/**
 * The slots that an access at an index that is not known may meet: those that lie where it goes in some element of
 * the variable, or of an array of the struct, that it moves in.
 */
export class Reach {
  /** Types whose slots may be met. */
  readonly containers: ReadonlySet<number>
  readonly #knowledge: Knowledge
  readonly #root: number
  readonly #variable: SectionVariable | undefined
  readonly #element: number
  readonly #offset: number
  readonly #step: number
  readonly #width: number

  constructor(
    knowledge: Knowledge,
    root: number,
    variable: SectionVariable | undefined,
    { offset, stride, width }: Span,
  ) {
    const { types, places, code } = knowledge
    this.#knowledge = knowledge
    this.#root = root
    this.#variable = variable
    const typeId =
      variable?.part === undefined ? undefined : code.data[variable.section]?.variables[variable.part]?.typeId
    let element = typeId === undefined ? root : types.bare(typeId)
    let shape = types.of(element)
    let period = variable?.size ?? 0
    while (shape.kind === 'array') {
      period = shape.elementSize
      element = shape.element
      shape = types.of(element)
    }
    if (shape.kind === 'struct' && variable === undefined) period = shape.size
    this.#element = element
    this.#offset = offset - (variable?.offset ?? 0)
    this.#step = period > 0 ? gcd(stride, period) : 1
    this.#width = width
    const inner = shape.kind === 'struct' ? places.embedded(element) : []
    this.containers = new Set([root, ...inner])
  }

  meets(slot: Slot): boolean {
    const size = wordSize * Math.max(slot.array?.isWhole ? slot.array.count : 1, 1)
    const variable = this.#variable
    if (variable !== undefined && slot.container === this.#root) {
      const isInside = slot.offset + size > variable.offset && slot.offset < variable.offset + variable.size
      return isInside && this.#overlaps(slot.offset - variable.offset, size)
    }
    const starts = this.#knowledge.embedding.startsOf(this.#element, slot.container)
    return starts === undefined || starts.some((start) => this.#overlaps(start + slot.offset, size))
  }

  /** Whether some step leads to one of the bytes. */
  #overlaps(begin: number, size: number): boolean {
    const last = Math.floor((begin + size - 1 - this.#offset) / this.#step) * this.#step
    return last > begin - this.#offset - this.#width
  }
}
