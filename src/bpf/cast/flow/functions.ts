import type { CodeFunction } from '../code/code.js'
import type { ControlFlow } from '../code/control-flow.js'
import type { Instructions } from '../code/instructions.js'
import type { Liveness, LivenessFinder } from '../code/liveness.js'
import { keepsParameters, type Prototype, readPrototype } from '../code/prototypes.js'
import { Calls } from './calls.js'
import type { Knowledge } from './knowledge.js'
import { Machine } from './machine.js'
import type { Observer } from './observer.js'
import { joinStates, makeState, type State } from './state.js'
import { TOP, type Value, ValueKind } from './values.js'

/** The verifier allows 8 frames; more means that functions call each other in a circle. */
const deepestCalls = 16
/** Runs of one block before what still changes is given up as unknown. */
const mostVisits = 64
const parameterCount = 5

/** What is known of one function as a whole. */
interface Known {
  /** What its callers pass, joined; undefined before the first call. */
  passed: Value[] | undefined
  /** What it returns, joined; undefined while no return is known. */
  result: Value | undefined
  /** The same in the run that is under way. */
  running: Value | undefined
  /** States at the start of its blocks. */
  states: (State | undefined)[]
  readonly callers: Set<number>
  isRunning: boolean
  /** Its declared parameters are those that it has. */
  isTrusted: boolean
}

/** The analysis could not follow the object; the reason is the message. */
export class GivenUp extends Error {}

/**
 * Finds what registers and stack may hold at each instruction: within functions by joining the states of all
 * paths until nothing changes, between them by joining the arguments of all calls.
 */
export class Functions {
  readonly #knowledge: Knowledge
  readonly #functions: readonly CodeFunction[]
  readonly #flows: readonly ControlFlow[]
  readonly #liveness: LivenessFinder
  readonly #machine: Machine
  readonly #prototypes: (Prototype | undefined)[]
  readonly #known: Known[]
  /** Words of stack that each function uses. */
  readonly #stackWords: readonly number[]
  readonly #mostSteps: number
  readonly #pending = new Set<number>()
  #usedResults: ReadonlySet<number> | undefined
  #depth = 0
  #isObserving = false

  constructor(
    code: Instructions,
    knowledge: Knowledge,
    flows: readonly ControlFlow[],
    liveness: LivenessFinder,
    limits: { readonly stackWords: readonly number[]; readonly mostSteps: number },
  ) {
    this.#knowledge = knowledge
    this.#functions = knowledge.code.functions
    this.#flows = flows
    this.#liveness = liveness
    this.#stackWords = limits.stackWords
    this.#mostSteps = limits.mostSteps
    this.#machine = new Machine(code, knowledge, new Calls(code, knowledge, this))
    this.#prototypes = this.#functions.map(({ typeId }) => readPrototype(knowledge.types, typeId))
    this.#known = this.#functions.map((called, index): Known => {
      const prototype = this.#prototypes[index]
      const isTrusted =
        prototype !== undefined && keepsParameters(called, prototype, () => liveness.of(index))
      return {
        passed: undefined,
        result: undefined,
        running: undefined,
        states: [],
        callers: new Set(),
        isRunning: false,
        isTrusted,
      }
    })
  }

  /** Runs until nothing changes. Throws GivenUp when that takes too long. */
  run(): void {
    for (const [index] of this.#functions.entries()) if (!this.isStatic(index)) this.#pending.add(index)
    this.#drain()
    // Functions that nobody calls: their stores count all the same.
    for (const [index, known] of this.#known.entries()) {
      if (known.states.length === 0) {
        known.passed ??= new Array<Value>(parameterCount).fill(TOP)
        this.#pending.add(index)
      }
    }
    this.#drain()
  }

  /** Runs some functions again, and all that depends on them, since more is known of what they use. */
  runAgain(indices: Iterable<number>): void {
    for (const index of indices) {
      const called = this.#functions[index]
      if (called === undefined) continue
      this.#machine.forget(called.start, called.end)
      this.#pending.add(index)
    }
    this.#drain()
  }

  /** Goes through every instruction once more, now that all states are known. */
  observe(observer: Observer): void {
    this.#isObserving = true
    for (const [index, { blocks }] of this.#flows.entries()) {
      for (const [block, state] of (this.#known[index] as Known).states.entries()) {
        const found = blocks[block]
        if (state !== undefined && found !== undefined) {
          this.#machine.run(found, index, state.slice(), observer)
        }
      }
    }
    this.#isObserving = false
  }

  nameOf(index: number): string {
    return this.#functions[index]?.name ?? ''
  }

  /** Only this object calls it, directly. */
  isStatic(index: number): boolean {
    const called = this.#functions[index]
    return called !== undefined && called.binding === 'static' && !called.isCallback
  }

  /** How the function is declared; for its result, which no compiler changes. */
  prototype(index: number): Prototype | undefined {
    return this.#prototypes[index]
  }

  /** The same, if its parameters are those that it declares. */
  trustedPrototype(index: number): Prototype | undefined {
    return this.#known[index]?.isTrusted ? this.#prototypes[index] : undefined
  }

  /** Whether what stands in R0 at the end is the declared result: compilers drop results that nobody reads. */
  keepsResult(index: number): boolean {
    if (!this.isStatic(index)) return true
    this.#usedResults ??= this.#findUsedResults()
    return this.#usedResults.has(index)
  }

  /** A call: what it passes is joined with other calls', and what comes back is the result of all. */
  invoke(index: number, caller: number, passed: readonly Value[]): Value {
    const known = this.#known[index]
    if (known === undefined) return TOP
    if (this.#isObserving) return known.result ?? TOP
    known.callers.add(caller)
    const changed = this.isStatic(index) && this.#pass(index, known, passed)
    const isNew = known.states.length === 0 && !known.isRunning
    if (known.isRunning) {
      // In a circle of calls nothing is known of the result.
      if (changed) this.#pending.add(index)
      return TOP
    }
    if (changed || isNew) this.#analyze(index)
    return known.result ?? TOP
  }

  /** A return was reached with this in R0. */
  returns(index: number, result: Value): void {
    if (this.#isObserving) return
    const known = this.#known[index] as Known
    known.running = known.running === undefined ? result : this.#knowledge.join(known.running, result)
  }

  #drain(): void {
    for (const index of this.#pending) {
      this.#pending.delete(index)
      this.#analyze(index)
    }
  }

  #pass(index: number, known: Known, passed: readonly Value[]): boolean {
    const values = passed.map((value) => this.#outside(value))
    let changed = this.#checkTrust(index, known, passed)
    if (known.passed === undefined) {
      known.passed = values
      return true
    }
    for (const [n, value] of values.entries()) {
      const old = known.passed[n] as Value
      const joined = this.#knowledge.join(old, value)
      if (joined !== old) {
        known.passed[n] = joined
        changed = true
      }
    }
    return changed
  }

  /** A value without what only the caller can make sense of. */
  #outside(value: Value): Value {
    const { values } = this.#knowledge
    let joined: Value | undefined
    for (const member of values.members(value)) {
      const kind = values.kind(member)
      let outside = this.#knowledge.general(member)
      if (kind === ValueKind.frame) outside = values.callersStack()
      if (kind === ValueKind.low || kind === ValueKind.core) outside = values.scalar(1)
      joined = joined === undefined ? outside : this.#knowledge.join(joined, outside)
    }
    return joined ?? TOP
  }

  /** A caller that passes something else than declared shows that the declaration does not hold. */
  #checkTrust(index: number, known: Known, passed: readonly Value[]): boolean {
    if (!known.isTrusted) return false
    const parameters = this.#prototypes[index]?.parameters ?? []
    const contradicts = parameters.some((declared, n) => {
      const value = passed[n] as Value
      if (declared.kind === 'pointer') return !this.#mayPointAt(value, declared.target)
      return declared.kind === 'number' && this.#knowledge.pointer(value) !== undefined
    })
    if (contradicts) known.isTrusted = false
    return contradicts
  }

  #mayPointAt(value: Value, target: number): boolean {
    const { values, types } = this.#knowledge
    if (values.isNull(value)) return true
    if (values.isNumber(value)) return false
    const pointer = this.#knowledge.pointer(value)
    if (pointer === undefined || types.of(target).kind !== 'struct') return true
    const found = this.#knowledge.typesBehind(pointer)
    if (found.includes(target)) return true
    const place = this.#knowledge.placeAt(pointer, 0, 8)
    return place.kind === 'untyped' || place.kind === 'anywhere'
  }

  #analyze(index: number): void {
    const known = this.#known[index] as Known
    const { blocks } = this.#flows[index] as ControlFlow
    if (this.#depth >= deepestCalls) throw new GivenUp('its functions call each other too deeply')
    this.#depth++
    known.isRunning = true
    known.running = undefined
    known.states = []
    const states = known.states
    const waiting = new Uint8Array(blocks.length)
    const visits = new Uint16Array(blocks.length)
    states[0] = this.#entryState(index)
    // None waits before `next`.
    let next = 0
    for (let block = 0; block >= 0; block = waiting.indexOf(1, next)) {
      waiting[block] = 0
      next = block
      const { successors } = blocks[block] as ControlFlow['blocks'][number]
      const state = (states[block] as State).slice()
      this.#machine.run(blocks[block] as ControlFlow['blocks'][number], index, state)
      if (this.#machine.steps > this.#mostSteps) throw new GivenUp('it takes too many steps')
      for (const successor of successors) {
        if (!this.#flow(states, visits, successor, state)) continue
        waiting[successor] = 1
        next = Math.min(next, successor)
      }
    }
    known.isRunning = false
    this.#depth--
    const isNews = known.result !== undefined && known.result !== known.running
    known.result = known.running
    if (isNews) for (const caller of known.callers) this.#pending.add(caller)
  }

  /** Joins a state into that at the start of a block; true when that is news. */
  #flow(states: (State | undefined)[], visits: Uint16Array, block: number, state: State): boolean {
    const known = states[block]
    if (known === undefined) {
      states[block] = state.slice()
      return true
    }
    const before = (visits[block] as number) >= mostVisits ? known.slice() : undefined
    if (!joinStates(this.#knowledge, known, state)) return false
    visits[block] = (visits[block] as number) + 1
    if (before !== undefined) this.#forgetChanges(before, known)
    return true
  }

  #forgetChanges(before: State, after: State): void {
    for (let index = 0; index < after.length; index++) {
      if (before[index] === after[index]) continue
      for (const value of [before[index], after[index]] as Value[]) {
        for (const member of this.#knowledge.values.members(value)) {
          const pointer = this.#knowledge.pointer(member)
          if (pointer !== undefined) this.#knowledge.lost.add(this.#knowledge.rootOf(pointer))
        }
      }
      after[index] = TOP
    }
  }

  #entryState(index: number): State {
    const state = makeState(this.#stackWords[index] as number)
    for (let n = 0; n < parameterCount; n++) state[n + 1] = this.#parameter(index, n)
    return state
  }

  #parameter(index: number, n: number): Value {
    const { values } = this.#knowledge
    const called = this.#functions[index] as CodeFunction
    if (called.binding === 'entry') {
      if (n > 0) return TOP
      if (called.contextTypes !== undefined) return values.context(index)
    }
    const declared = this.trustedPrototype(index)?.parameters[n]
    if (declared?.kind === 'pointer') {
      const space = this.#knowledge.spaceOf(this.#known[index]?.passed?.[n] ?? TOP)
      return this.#arrives(index, n, values.typed(declared.target, 0, 0, space))
    }
    if (!this.isStatic(index)) {
      return declared?.kind === 'number' ? values.scalar(1) : this.#arrives(index, n, TOP)
    }
    const passed = (this.#known[index] as Known).passed?.[n] ?? TOP
    const kind = values.kind(passed)
    const isAddress = kind === ValueKind.slot || kind === ValueKind.typed || kind === ValueKind.section
    return isAddress || kind === ValueKind.scalar || kind === ValueKind.top
      ? this.#arrives(index, n, passed)
      : passed
  }

  #arrives(index: number, parameter: number, general: Value): Value {
    const at = (this.#functions[index] as CodeFunction).start
    return this.#knowledge.arrives(index, at, parameter, general)
  }

  #findUsedResults(): Set<number> {
    const found = new Set<number>()
    for (const index of this.#functions.keys()) {
      const { usedResults }: Liveness = this.#liveness.of(index)
      for (const at of usedResults) {
        const reference = this.#knowledge.code.references.get(at)
        if (reference?.kind === 'function') found.add(reference.index)
      }
    }
    return found
  }
}
