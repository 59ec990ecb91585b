import type { Knowledge } from '../flow/knowledge.js'
import type { Rule } from '../flow/observer.js'
import { TOP, type Value } from '../flow/values.js'
import type { Evidence, Give, Pass } from './evidence.js'
import type { Order } from './stored-values.js'

/**
 * What a function does with its parameters it does with what callers pass, and what a caller does with a result
 * is done with what was returned: where that is so on every path.
 */
export function shareUses(knowledge: Knowledge, evidence: Evidence, order: Order): void {
  new SharedUses(knowledge, evidence, order).run()
}

class SharedUses {
  readonly #knowledge: Knowledge
  readonly #evidence: Evidence
  readonly #order: Order
  readonly #passes = new Map<string, Pass[]>()
  readonly #gives = new Map<number, Give[]>()
  /** Origins and spaces that have been dealt with. */
  readonly #seen = new Set<string>()
  readonly #waiting = new Set<number>()

  constructor(knowledge: Knowledge, evidence: Evidence, order: Order) {
    this.#knowledge = knowledge
    this.#evidence = evidence
    this.#order = order
    for (const pass of evidence.passes) {
      const key = `${pass.called}:${pass.parameter}`
      this.#passes.set(key, [...(this.#passes.get(key) ?? []), pass])
    }
    for (const give of evidence.gives)
      this.#gives.set(give.from, [...(this.#gives.get(give.from) ?? []), give])
  }

  run(): void {
    for (const id of this.#evidence.follows.keys()) this.#waiting.add(id)
    for (const id of this.#waiting) {
      this.#waiting.delete(id)
      for (const { at, space, rule } of this.#evidence.follows.get(id) ?? []) this.#share(id, at, space, rule)
    }
  }

  #share(id: number, at: number, space: number, rule: Rule): void {
    const origin = this.#knowledge.origins[id]
    if (origin === undefined) return
    if (origin.from !== TOP) this.#add(at, origin.from, space, rule)
    if (origin.kind === 'parameter') {
      const passes = this.#passes.get(`${origin.function}:${origin.parameter}`) ?? []
      const order = passes.length === 1 ? undefined : this.#order.between(origin.at, at)
      const isAlways = order === undefined || order.dominance.postdominates(order.blocks[1], order.blocks[0])
      if (isAlways) for (const pass of passes) this.#add(pass.at, pass.value, space, 'argument')
    }
    const reference = origin.kind === 'call' ? this.#knowledge.code.references.get(origin.at) : undefined
    if (reference?.kind === 'function') {
      const gives = this.#gives.get(reference.index) ?? []
      const isOne = new Set(gives.map(({ value }) => value)).size === 1
      if (isOne) for (const give of gives) this.#add(give.at, give.value, space, 'return')
    }
  }

  #add(at: number, value: Value, space: number, rule: Rule): void {
    const key = `${value}:${space}:${at}`
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    this.#evidence.follow(at, value, space, rule)
    const id = this.#knowledge.originOf(value) === undefined ? undefined : this.#knowledge.values.ref(value)
    if (id !== undefined) this.#waiting.add(id)
  }
}
