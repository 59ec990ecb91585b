import { CryoscopeError } from '../../errors.js'
import type { Kernel } from '../../kernel/kernel.js'
import { Problems, problemText } from '../../problems.js'
import type { Reference } from '../cast/code/code.js'
import { type ProgramFunction, type ProgramLine, readFunctions, readLines } from '../programs/functions.js'
import {
  CallKind,
  callCode,
  ImmediateKind,
  type Instruction,
  InstructionClass,
  loadImmediate64,
  wideImmediate,
} from '../programs/instruction.js'
import { readRawInstructions } from '../programs/xlated.js'
import type { Called } from './called.js'
import { inlinedLookup } from './inlined-lookups.js'
import type { LoadedProgram } from './loaded-programs.js'

/** A loaded program turned back into what an object file has: instructions without addresses, and what they refer to. */
export interface ProgramCode {
  readonly program: LoadedProgram
  readonly instructions: readonly Instruction[]
  readonly functions: readonly ProgramFunction[]
  readonly lines: readonly ProgramLine[]
  /** By index of the instruction; functions by their index in `functions`. */
  readonly references: ReadonlyMap<number, Reference>
}

/** What a 64-bit immediate of a loaded program is. */
export type AddressMeaning = (address: bigint) => Reference | undefined

/** The program cannot be turned back; the reason is the message. */
export class NotRestorable extends Error {}

/** BPF_JMP | BPF_TAIL_CALL, BPF_JMP | BPF_CALL_ARGS and BPF_ST | BPF_NOSPEC (include/linux/filter.h). */
const tailCallCode = 0xf5
const callWithArgumentsCode = 0xe5
const noSpeculationCode = 0xc2
const tailCallHelper = 12
const lookupHelper = 1
const jumpRegisterCodes: readonly number[] = [0x0d, 0x0e]
const farJumpCode = 0x06
/** Addresses begin here, and numbers end below. */
const lowestAddress = 1n << 44n

const nothing: Instruction = { code: 0x05, destination: 0, source: 0, offset: 0, immediate: 0 }
const call = (source: number): Instruction => ({ ...nothing, code: callCode, source })

/**
 * Undoes what the verifier has done to a program, where that is certain: calls by address become calls of helpers and
 * kernel functions, lookups that it has inlined calls of map_lookup_elem, addresses references. Throws NotRestorable.
 */
export function restoreProgram(
  kernel: Kernel,
  program: LoadedProgram,
  called: Called,
  meaningOf: AddressMeaning,
): ProgramCode {
  const problems = new Problems()
  const raw = readRawInstructions(kernel, program.address, problems)
  const functions = readFunctions(kernel, program.aux, problems)
  const lines = readLines(kernel, program.aux, problems)
  const [problem] = problems.list
  if (problem !== undefined)
    throw new CryoscopeError('unreadable', `program ${program.name}: ${problemText(problem)}`)
  if (functions[0]?.start !== 0) throw new NotRestorable('it has no function info')
  const isAscending = functions.every(({ start }, n) => n === 0 || start > (functions[n - 1]?.start ?? 0))
  if (!isAscending) throw new NotRestorable('its functions are not in order')
  const restoration = new Restoration(raw, functions, called, meaningOf)
  return { program, functions, lines, ...restoration.run() }
}

class Restoration {
  readonly #raw: readonly Instruction[]
  readonly #called: Called
  readonly #meaningOf: AddressMeaning
  readonly #starts: readonly number[]
  readonly #indexAt: ReadonlyMap<number, number>
  readonly #jumpsTo: ReadonlyMap<number, readonly number[]>
  readonly #instructions: Instruction[] = []
  readonly #references = new Map<number, Reference>()

  constructor(
    raw: readonly Instruction[],
    functions: readonly ProgramFunction[],
    called: Called,
    meaningOf: AddressMeaning,
  ) {
    this.#raw = raw
    this.#called = called
    this.#meaningOf = meaningOf
    this.#starts = functions.map(({ start }) => start)
    this.#indexAt = new Map(this.#starts.map((start, index) => [start, index]))
    this.#jumpsTo = jumps(raw)
  }

  run(): Pick<ProgramCode, 'instructions' | 'references'> {
    while (this.#instructions.length < this.#raw.length) this.#restore(this.#instructions.length)
    return { instructions: this.#instructions, references: this.#references }
  }

  #restore(at: number): void {
    const instruction = this.#raw[at] as Instruction
    const { code } = instruction
    if (this.#restoreLookup(at)) return
    if (code === loadImmediate64) this.#restoreAddress(at, instruction)
    else if (code === callCode || code === callWithArgumentsCode) this.#restoreCall(at, instruction)
    else if (code === tailCallCode) this.#put(call(0), { kind: 'helper', helper: tailCallHelper })
    else if (code === noSpeculationCode) this.#put(nothing)
    else if (jumpRegisterCodes.includes(code)) {
      throw new NotRestorable(`instruction ${at} jumps to where a register says`)
    } else this.#put(instruction)
  }

  #put(instruction: Instruction, reference?: Reference): void {
    if (reference !== undefined) this.#references.set(this.#instructions.length, reference)
    this.#instructions.push(instruction)
  }

  #restoreLookup(at: number): boolean {
    const { code, source, immediate } = this.#raw[at] as Instruction
    const isHash = code === callCode && source === CallKind.helper && this.#called.isHashLookup(immediate)
    const lookup = inlinedLookup(this.#raw, at, isHash)
    if (lookup === undefined || !this.#isClosed(at, lookup.length)) return false
    this.#put(call(0), { kind: 'helper', helper: lookupHelper })
    for (let n = 1; n < lookup.length; n++) this.#put(nothing)
    return true
  }

  /** Whether nothing jumps into a run of instructions but at its start. */
  #isClosed(at: number, length: number): boolean {
    for (let target = at + 1; target < at + length; target++) {
      if (this.#indexAt.has(target)) return false
      const isInside = (from: number) => from >= at && from < at + length
      if (!(this.#jumpsTo.get(target) ?? []).every(isInside)) return false
    }
    return true
  }

  #restoreAddress(at: number, low: Instruction): void {
    const high = this.#raw[at + 1]
    if (high === undefined) throw new NotRestorable('its last instruction is cut off')
    const empty = { ...low, source: 0, immediate: 0 }
    const none = { ...high, immediate: 0 }
    if (low.source === ImmediateKind.subprogram) {
      this.#put(empty, { kind: 'function', index: this.#callback(at, low.immediate, high.immediate) })
      this.#put(none)
      return
    }
    const value = wideImmediate(low, high)
    const meaning = low.source === 0 ? this.#meaningOf(value) : undefined
    const isNumber = low.source === 0 && value < lowestAddress
    if (meaning !== undefined || !isNumber) {
      this.#put(empty, meaning ?? { kind: 'other' })
      this.#put(none)
    } else {
      this.#put(low)
      this.#put(high)
    }
  }

  /** The function whose address is loaded: its distance, and its number beside it. */
  #callback(at: number, distance: number, number: number): number {
    const index = this.#indexAt.get(at + 1 + distance)
    if (index === undefined || (number !== 0 && number !== index)) {
      throw new NotRestorable(`it is not known which function instruction ${at} means`)
    }
    return index
  }

  #restoreCall(at: number, instruction: Instruction): void {
    const { code, source, immediate } = instruction
    switch (source) {
      case CallKind.subprogram:
        this.#put(call(source), {
          kind: 'function',
          index: this.#subprogram(at, instruction, code === callCode),
        })
        return
      case CallKind.kernelFunction:
        this.#put(call(source), this.#called.kernelFunction(immediate))
        return
      case CallKind.helper:
        this.#put(call(source), this.#called.helper(immediate))
        return
      default:
        throw new NotRestorable(`the call at instruction ${at} is of a kind that is not known`)
    }
  }

  /**
   * A call of a function of the program holds its number and its distance: since 7.3 the number in `offset` and the
   * distance in `immediate`, before that the other way round. Interpreted ones hold the distance alone.
   */
  #subprogram(at: number, { offset, immediate }: Instruction, isCompiled: boolean): number {
    const found = new Set<number>()
    const add = (index: number | undefined, fits: boolean): void => {
      if (index !== undefined && fits) found.add(index)
    }
    const distanceTo = (index: number) => (this.#starts[index] ?? Number.NaN) - at - 1
    if (isCompiled) {
      add(immediate, (distanceTo(immediate) << 16) >> 16 === offset && this.#starts[immediate] !== undefined)
      add(offset, distanceTo(offset) === immediate)
    } else add(this.#indexAt.get(at + 1 + immediate), true)
    const [index] = found
    if (index === undefined || found.size > 1) {
      throw new NotRestorable(`it is not known which function instruction ${at} calls`)
    }
    return index
  }
}

/** Where jumps lead, with where they come from. */
function jumps(code: readonly Instruction[]): Map<number, number[]> {
  const found = new Map<number, number[]>()
  for (let at = 0; at < code.length; at++) {
    const { code: opcode, offset, immediate } = code[at] as Instruction
    const kind = opcode & 7
    if (kind !== InstructionClass.jump && kind !== InstructionClass.jump32) continue
    const target = at + 1 + (opcode === farJumpCode ? immediate : offset)
    const known = found.get(target)
    if (known === undefined) found.set(target, [at])
    else known.push(at)
  }
  return found
}
