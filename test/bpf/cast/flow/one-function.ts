import { type Code, coreKind, type Reference } from '../../../../src/bpf/cast/code/code.js'
import type { Instruction } from '../../../../src/bpf/programs/instruction.js'
import { codeOf, dataSection, makeTypes, observe, op, type Recorder } from './support.js'

const made = makeTypes()
const { b, ints, pointer } = made
const bss = b.section('.bss', [{ type: b.variable('value', made.value), offset: 0, size: 112 }])
const data = [dataSection(bss, '.bss', [['value', made.value, 0, 112]])]
/** `int f(struct value *v, u64 word, u32 number, struct task_struct *task, void *any)`. */
const prototype = b.prototype(ints.s32, [
  { name: 'v', type: pointer.value },
  { name: 'word', type: ints.u64 },
  { name: 'number', type: ints.u32 },
  { name: 'task', type: pointer.task },
  { name: 'any', type: pointer.void },
])
const typeId = b.function('f', prototype, 'global')

type More = Partial<Omit<Code, 'functions'>>

export const types = made
export const zero = op.set(0, 0)

/** What is heard of one global function of these instructions, with one parameter of each kind. */
export function recorded(instructions: readonly Instruction[], more: More = {}): Recorder {
  const functions = [{ typeId, binding: 'global' as const }]
  return observe(codeOf(types, [...instructions, op.exit()], { data, functions, ...more }))
}

/** What is in R0 at the end. */
export function result(instructions: readonly Instruction[], more: More = {}): string {
  const given = recorded(instructions, more).of('give')
  if (given.length !== 1) throw new Error(`it ends ${given.length} times`)
  return (given[0] as string).replace(/^\d+ give (.*) from 0$/, '$1')
}

/** A CO-RE relocation of one instruction. */
export function core(at: number, typeId: number, kind: number = coreKind.fieldOffset): Code['core'] {
  return new Map([[at, { kind, typeId }]])
}

export function refers(at: number, reference: Reference): Code['references'] {
  return new Map([[at, reference]])
}

/** What a function returns, each time that it does. */
export function given(recorder: Recorder, from: number): string[] {
  return recorder
    .of('give')
    .filter((line) => line.endsWith(` from ${from}`))
    .map((line) => line.replace(/^\d+ give (.*) from \d+$/, '$1'))
}

/** The address of a place on the stack. */
export function stack(register: number, offset: number): Instruction[] {
  return [op.move(register, 10), op.addNumber(register, offset)]
}
