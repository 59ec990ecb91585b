import type { CodeFunction, Reference } from './code.js'
import type { ControlFlow } from './control-flow.js'
import { helperArguments } from './helpers.js'
import {
  atomicOperation,
  callOpcode,
  exitOpcode,
  type Instructions,
  jump,
  loadImmediateOpcode,
  mode,
  opcodeClass,
  operation,
  pseudoKernelCall,
} from './instructions.js'
import type { TypeShapes } from './type-shapes.js'

const callClobbers = 0b111111
const callArguments = 0b111110

/** Which registers certainly matter, as bit sets. */
export interface Liveness {
  /** Registers that the function reads before it writes them. */
  readonly atEntry: number
  /** Calls whose R0 is read afterwards. */
  readonly usedResults: ReadonlySet<number>
}

/**
 * Finds which parameters a function reads and which results it uses. Registers count as read only where that is
 * certain: a compiler that has dropped a parameter must not look as if it had kept it.
 */
export class LivenessFinder {
  readonly #code: Instructions
  readonly #functions: readonly CodeFunction[]
  readonly #flows: readonly (ControlFlow | string)[]
  readonly #references: ReadonlyMap<number, Reference>
  readonly #types: TypeShapes
  readonly #found: (Liveness | undefined)[] = []

  constructor(
    code: Instructions,
    functions: readonly CodeFunction[],
    flows: readonly (ControlFlow | string)[],
    references: ReadonlyMap<number, Reference>,
    types: TypeShapes,
  ) {
    this.#code = code
    this.#functions = functions
    this.#flows = flows
    this.#references = references
    this.#types = types
  }

  of(index: number): Liveness {
    const known = this.#found[index]
    if (known !== undefined) return known
    // A function that calls itself finds this.
    this.#found[index] = { atEntry: 0, usedResults: new Set() }
    const flow = this.#flows[index]
    const found = flow === undefined || typeof flow === 'string' ? undefined : this.#solve(flow)
    if (found !== undefined) this.#found[index] = found
    return this.#found[index] as Liveness
  }

  #solve({ blocks }: ControlFlow): Liveness {
    const liveIn = new Int32Array(blocks.length)
    const usedResults = new Set<number>()
    const liveOut = (block: number): number =>
      (blocks[block]?.successors ?? []).reduce((live, successor) => live | (liveIn[successor] as number), 0)
    for (let changed = true; changed; ) {
      changed = false
      for (let block = blocks.length - 1; block >= 0; block--) {
        const live = this.#throughBlock(blocks[block] as { start: number; end: number }, liveOut(block))
        if (live !== liveIn[block]) {
          liveIn[block] = live
          changed = true
        }
      }
    }
    for (const [index, block] of blocks.entries()) this.#throughBlock(block, liveOut(index), usedResults)
    return { atEntry: liveIn[0] as number, usedResults }
  }

  #throughBlock(block: { start: number; end: number }, after: number, usedResults?: Set<number>): number {
    let live = after
    for (let at = block.end - 1; at >= block.start; at--) {
      if (at > block.start && this.#code.opcodes[at - 1] === loadImmediateOpcode) at--
      if (usedResults !== undefined && this.#code.opcodes[at] === callOpcode && (live & 1) !== 0) {
        usedResults.add(at)
      }
      live = this.#before(at, live)
    }
    return live
  }

  /** What is live before an instruction, given what is live after it. */
  #before(at: number, after: number): number {
    const code = this.#code
    const opcode = code.opcodes[at] as number
    const destination = 1 << (code.destinations[at] as number)
    const source = 1 << (code.sources[at] as number)
    const isRegister = (opcode & 8) !== 0
    switch (opcode & 7) {
      case opcodeClass.load:
        return opcode === loadImmediateOpcode ? after & ~destination : after & ~callClobbers
      case opcodeClass.loadRegister:
        return (after & ~destination) | source
      case opcodeClass.store:
        return after | destination
      case opcodeClass.storeRegister:
        return this.#beforeStore(at, after)
      case opcodeClass.arithmetic32:
      case opcodeClass.arithmetic64: {
        const what = opcode & 0xf0
        if (what === operation.move) return (after & ~destination) | (isRegister ? source : 0)
        const reads = isRegister && what !== operation.swapBytes && what !== operation.negate
        return after | destination | (reads ? source : 0)
      }
      default:
        return this.#beforeJump(at, after)
    }
  }

  #beforeStore(at: number, after: number): number {
    const code = this.#code
    const opcode = code.opcodes[at] as number
    const destination = 1 << (code.destinations[at] as number)
    const source = 1 << (code.sources[at] as number)
    const how = opcode & 0xe0
    if (how !== mode.atomic && how !== mode.probeAtomic) return after | destination | source
    const what = code.immediates[at] as number
    if (what === atomicOperation.loadAcquire) return (after & ~destination) | source
    const isComparing = what === atomicOperation.compareExchange
    return after | destination | source | (isComparing ? 1 : 0)
  }

  #beforeJump(at: number, after: number): number {
    const code = this.#code
    const opcode = code.opcodes[at] as number
    // What a function returns is read by its caller, if at all.
    if (opcode === exitOpcode) return after
    if (opcode === callOpcode) return (after & ~callClobbers) | this.#argumentsOf(at)
    const what = opcode & 0xf0
    if (what === jump.call) return 0
    if (what === jump.always || what === jump.conditional) return after
    const source = (opcode & 8) !== 0 ? 1 << (code.sources[at] as number) : 0
    return after | (1 << (code.destinations[at] as number)) | source
  }

  /** Registers that a call passes for certain. */
  #argumentsOf(at: number): number {
    const reference = this.#references.get(at)
    if (reference?.kind === 'function') {
      const called = this.#functions[reference.index]
      const count = called?.binding === 'global' ? this.#parameters(called.typeId ?? 0) : undefined
      return count === undefined ? this.of(reference.index).atEntry & callArguments : firstArguments(count)
    }
    if (reference?.kind === 'kernel function') return firstArguments(this.#parameters(reference.typeId) ?? 0)
    if (reference?.kind === 'helper') return firstArguments(helperArguments(reference.helper))
    const source = this.#code.sources[at] as number
    if (reference !== undefined || source === pseudoKernelCall || source !== 0) return 0
    return firstArguments(helperArguments(this.#code.immediates[at] as number))
  }

  #parameters(typeId: number): number | undefined {
    const type = this.#types.btf.type(typeId)
    const prototype = type.kind === 'function' ? type.prototype : undefined
    return prototype?.kind === 'prototype' ? prototype.parameters.length : undefined
  }
}

function firstArguments(count: number): number {
  return ((1 << (Math.min(count, 5) + 1)) - 1) & callArguments
}
