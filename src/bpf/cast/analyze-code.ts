import type { Code } from './code/code.js'
import { type Block, buildControlFlow, type ControlFlow } from './code/control-flow.js'
import { Dominance } from './code/dominance.js'
import { decode, framePointer, type Instructions } from './code/instructions.js'
import { LivenessFinder } from './code/liveness.js'
import { Functions, GivenUp } from './flow/functions.js'
import { Knowledge, type ProvenTarget } from './flow/knowledge.js'
import { mostWords } from './flow/state.js'
import { Space } from './flow/values.js'
import { Attribution, type LooseStore } from './weigh/attribution.js'
import { type Conclusion, Conclusions, type Degree } from './weigh/conclusions.js'
import { Evidence } from './weigh/evidence.js'
import { kernelTypes } from './weigh/kernel-types.js'
import { LooseStores } from './weigh/loose-stores.js'
import { shareUses } from './weigh/shared-uses.js'
import { Sites } from './weigh/sites.js'
import { type Negative, type SlotFacts, SlotTable } from './weigh/slot-facts.js'
import { type Order, StoredValues } from './weigh/stored-values.js'

/** A slot of which something speaks for a pointer, and what follows from everything. */
export interface Weighed {
  readonly facts: SlotFacts
  readonly conclusion: Conclusion
  /** What it is when one leaves out what may only be against it; undefined where there is nothing of the kind. */
  readonly supported?: Conclusion & { readonly kind: 'pointer' }
}

export interface Analysis {
  readonly knowledge: Knowledge
  readonly sites: Sites
  readonly weighed: readonly Weighed[]
  /** Ids of the structs that the kernel itself fills. */
  readonly kernelTypes: ReadonlySet<number>
  /** Why there is nothing to conclude; undefined when the code was analysed. */
  readonly incomplete: string | undefined
}

/** What conclusions are drawn from. */
interface Weighing {
  readonly knowledge: Knowledge
  readonly evidence: Evidence
  readonly table: SlotTable
  readonly loose: readonly LooseStore[]
}

type Pointer = Conclusion & { readonly kind: 'pointer' }

/** Each round types what the one before has proven to be pointers; real chains end after two or three. */
const mostRounds = 8
/** How often something may turn out not to hold. */
const mostAttempts = 4
/** Executions of each instruction, on average, and some for small objects. */
const stepsPerInstruction = 60
const leastSteps = 200_000
/** ADD of a constant to 64 bits. */
const addImmediate = 0x07

/** Analyses the code of one object. */
export function analyzeCode(code: Code): Analysis {
  const sites = new Sites(code)
  const knowledge = Knowledge.of(code)
  const nothing = (incomplete: string): Analysis => ({
    knowledge,
    sites,
    weighed: [],
    kernelTypes: new Set(),
    incomplete,
  })
  if (code.incomplete !== undefined) return nothing(code.incomplete)
  const instructions = decode(code.instructions, code.littleEndian)
  const flows: ControlFlow[] = []
  for (const { name, start, end } of code.functions) {
    const flow = buildControlFlow(instructions, start, end)
    if (typeof flow === 'string') return nothing(`function ${name} could not be followed: ${flow}`)
    flows.push(flow)
  }
  try {
    const rounds = new Rounds(knowledge, instructions, flows, sites)
    return { ...rounds.run(), kernelTypes: rounds.kernelTypes, sites, incomplete: undefined }
  } catch (error) {
    if (error instanceof GivenUp) return nothing(`it could not be followed: ${error.message}`)
    throw error
  }
}

/** Runs the analysis until what it proves does not change what it sees. */
class Rounds {
  readonly #first: Knowledge
  readonly #instructions: Instructions
  readonly #flows: readonly ControlFlow[]
  readonly #sites: Sites
  readonly #liveness: LivenessFinder
  readonly kernelTypes: ReadonlySet<number>
  readonly #dominance = new Map<number, Dominance>()
  readonly #limits: { readonly stackWords: readonly number[]; readonly mostSteps: number }

  constructor(knowledge: Knowledge, instructions: Instructions, flows: readonly ControlFlow[], sites: Sites) {
    this.#first = knowledge
    this.#instructions = instructions
    this.#flows = flows
    this.#sites = sites
    const { code, types } = knowledge
    this.#liveness = new LivenessFinder(instructions, code.functions, flows, code.references, types)
    this.kernelTypes = kernelTypes(code, types)
    this.#limits = {
      stackWords: knowledge.code.functions.map(({ start, end }) => stackWords(instructions, start, end)),
      mostSteps: Math.max(leastSteps, instructions.count * stepsPerInstruction),
    }
  }

  run(): { knowledge: Knowledge; weighed: Weighed[] } {
    const revoked = new Set<number>()
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const result = this.#attempt(attempt === 0 ? this.#first : this.#first.afresh(), revoked)
      if (result !== undefined) return result
    }
    // It does not settle: what needs no earlier round remains, without what was ever revoked.
    const knowledge = this.#first.afresh()
    const { weighed, weighing } = this.#weigh(knowledge, this.#start(knowledge))
    return { knowledge, weighed: addSupported(weighing, unrevoked(weighed, revoked)) }
  }

  /** Adds what is proven round by round. Undefined when something turns out not to hold: it is in `revoked` then. */
  #attempt(
    knowledge: Knowledge,
    revoked: Set<number>,
  ): { knowledge: Knowledge; weighed: Weighed[] } | undefined {
    const functions = this.#start(knowledge)
    let proven = new Map<number, ProvenTarget>()
    for (let round = 0; round < mostRounds; round++) {
      const { weighed, weighing } = this.#weigh(knowledge, functions)
      const next = this.#provenBy(knowledge, weighed, revoked)
      let holds = true
      for (const [id, { target }] of proven) {
        if (next.get(id)?.target === target) continue
        revoked.add(id)
        holds = false
      }
      if (!holds) return undefined
      const affected = new Set<number>()
      for (const [id, { space }] of next) {
        if (proven.get(id)?.space === space) continue
        for (const at of weighing.evidence.basedOn.get(id) ?? []) affected.add(this.#sites.functionAt(at))
      }
      if (affected.size === 0) {
        return { knowledge, weighed: addSupported(weighing, unrevoked(weighed, revoked)) }
      }
      proven = next
      knowledge.prove(proven)
      functions.runAgain(affected)
    }
    for (const id of proven.keys()) revoked.add(id)
    return undefined
  }

  #start(knowledge: Knowledge): Functions {
    const functions = new Functions(this.#instructions, knowledge, this.#flows, this.#liveness, this.#limits)
    functions.run()
    return functions
  }

  /** The integers that are now known to be pointers to a struct. */
  #provenBy(
    { places, types }: Knowledge,
    weighed: readonly Weighed[],
    revoked: ReadonlySet<number>,
  ): Map<number, ProvenTarget> {
    const found = new Map<number, ProvenTarget>()
    for (const { facts, conclusion } of weighed) {
      if (conclusion.kind !== 'pointer') continue
      const target = conclusion.types.find((type) => types.of(type).kind === 'struct')
      if (target === undefined) continue
      const { id, container, array } = facts.slot
      const ids = [id]
      if (array?.isWhole) {
        for (const slot of places.slots) {
          if (slot.container === container && slot.array?.start === array.start) ids.push(slot.id)
        }
      }
      for (const one of ids) if (!revoked.has(one)) found.set(one, { target, space: conclusion.space })
    }
    return found
  }

  #weigh(knowledge: Knowledge, functions: Functions): { weighed: Weighed[]; weighing: Weighing } {
    const evidence = new Evidence(knowledge)
    functions.observe(evidence)
    const order = this.#order()
    shareUses(knowledge, evidence, order)
    const stored = new StoredValues(knowledge, evidence, order)
    const table = new SlotTable(knowledge.places)
    const attribution = new Attribution(knowledge, evidence, stored, table)
    attribution.run()
    const weighing: Weighing = { knowledge, evidence, table, loose: attribution.loose }
    const weigh = weigher(weighing, 'proven')
    const weighed: Weighed[] = []
    for (const facts of table.all) {
      const { slot } = facts
      if (slot.kind !== 'word' || this.kernelTypes.has(slot.container)) continue
      if (knowledge.code.sharedTypes?.has(slot.container)) continue
      const conclusion = weigh(facts)
      if (conclusion.kind === 'pointer' || (conclusion.kind === 'doubt' && speaksForPointer(facts))) {
        weighed.push({ facts, conclusion })
      }
    }
    return { weighed, weighing }
  }

  #order(): Order {
    return {
      between: (at, other) => {
        const index = this.#sites.functionAt(at)
        const flow = this.#flows[index]
        if (flow === undefined || this.#sites.functionAt(other) !== index) return undefined
        let dominance = this.#dominance.get(index)
        if (dominance === undefined) {
          dominance = new Dominance(flow.blocks)
          this.#dominance.set(index, dominance)
        }
        const { start } = flow.blocks[0] as Block
        return {
          dominance,
          blocks: [flow.blockOf[at - start] as number, flow.blockOf[other - start] as number],
        }
      },
    }
  }
}

/** Whether anything but numbers has been seen in it. */
function speaksForPointer({ positives, uses, likely }: SlotFacts): boolean {
  return uses.length > 0 || [...positives, ...likely].some(({ stored }) => stored.kind === 'pointer')
}

/** Slots of which nothing turned out not to hold. */
function unrevoked(weighed: readonly Weighed[], revoked: ReadonlySet<number>): Weighed[] {
  return weighed.filter(({ facts }) => !revoked.has(facts.slot.id))
}

/** Weighs a slot to one of the degrees. */
function weigher(
  { knowledge, evidence, table, loose }: Weighing,
  degree: Degree,
): (facts: SlotFacts) => Conclusion {
  const conclusions = new Conclusions(knowledge, table, degree)
  const stores = new LooseStores(knowledge, evidence, loose, table, conclusions)
  const lost = new Set([...knowledge.lost].flatMap((type) => [...knowledge.places.embedded(type)]))
  const mixed: Negative = { at: undefined, why: 'pointers to its struct get mixed with too many others' }
  return (facts) => {
    const conclusion = conclusions.of(facts)
    if (conclusion.kind !== 'pointer') return conclusion
    const against = lost.has(facts.slot.container) ? mixed : stores.against(facts.slot, conclusion)
    return against === undefined ? conclusion : { kind: 'doubt', reasons: [against] }
  }
}

/** Says of slots that are not proven what they are when one leaves out what may only be against it. */
function addSupported(weighing: Weighing, weighed: readonly Weighed[]): Weighed[] {
  if (weighed.every(({ conclusion }) => conclusion.kind === 'pointer')) return [...weighed]
  const weigh = weigher(weighing, 'supported')
  return weighed.map((one) => {
    const { facts, conclusion } = one
    const other = conclusion.kind === 'pointer' ? conclusion : weigh(facts)
    const isNews = conclusion.kind !== 'pointer' && other.kind === 'pointer'
    return isNews && isUsable(facts, other) ? { ...one, supported: other } : one
  })
}

/** A pointer to a known type, or one that the program itself follows into the arena. */
function isUsable({ uses }: SlotFacts, { types, space, size }: Pointer): boolean {
  if (types.length > 0) return true
  return space === Space.arena && (size !== undefined || uses.some((use) => use.space === Space.arena))
}

/** Words of stack that the instructions from `start` to `end` use at most. */
function stackWords(code: Instructions, start: number, end: number): number {
  let lowest = 0
  for (let at = start; at < end; at++) {
    const usesFrame = code.destinations[at] === framePointer || code.sources[at] === framePointer
    if (usesFrame) lowest = Math.min(lowest, code.offsets[at] as number)
    // Addresses on the stack are made by subtracting a constant.
    if (code.opcodes[at] === addImmediate) {
      const immediate = code.immediates[at] as number
      if (immediate < 0 && immediate >= -mostWords * 8) lowest = Math.min(lowest, immediate)
    }
  }
  return Math.min(Math.ceil(-lowest / 8), mostWords)
}
