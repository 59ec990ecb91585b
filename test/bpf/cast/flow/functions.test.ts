import { describe, expect, it } from 'vitest'
import { LivenessFinder } from '../../../../src/bpf/cast/code/liveness.js'
import { Functions } from '../../../../src/bpf/cast/flow/functions.js'
import { Knowledge } from '../../../../src/bpf/cast/flow/knowledge.js'
import { Space } from '../../../../src/bpf/cast/flow/values.js'
import type { Instruction } from '../../../../src/bpf/programs/instruction.js'
import { given, recorded, result, types } from './one-function.js'
import { codeOf, declarerIn, flowsOf, observe, op, program, Recorder } from './support.js'

const { ints, pointer } = types
const declare = declarerIn(types)
const typeId = declare(ints.s32, pointer.value, ints.u64, ints.u32, pointer.task, pointer.void)

describe('more that is known of a slot', () => {
  /** Reads through what a member holds, in another block than where it is loaded. */
  function running() {
    const read = [op.load(6, 1, 0), op.jumpIf(3, 0, 1), op.move(7, 6), op.load(0, 6, 8), op.exit()]
    const code = codeOf(types, [...read, ...read], {
      functions: [
        { typeId, binding: 'global' },
        { typeId, binding: 'global', start: 5, end: 10 },
      ],
    })
    const knowledge = Knowledge.of(code)
    const { instructions, flows } = flowsOf(code)
    const liveness = new LivenessFinder(instructions, code.functions, flows, code.references, knowledge.types)
    const limits = { stackWords: [0, 0], mostSteps: 1000 }
    const functions = new Functions(instructions, knowledge, flows, liveness, limits)
    functions.run()
    const slot = knowledge.values.ref(knowledge.heldIn(types.value, 0, 0))
    knowledge.prove(new Map([[slot, { target: types.inner, space: Space.arena }]]))
    const results = (): string[] => {
      const recorder = new Recorder(knowledge)
      functions.observe(recorder)
      return [...given(recorder, 0), ...given(recorder, 1)]
    }
    return { functions, results }
  }

  it('is seen where a function runs again, and only there', () => {
    const { functions, results } = running()
    expect(results()).toEqual(['load@3', 'load@8'])
    functions.runAgain([0])
    expect(results()).toEqual(['load@3([inner+8])', 'load@8'])
    functions.runAgain([1, 0])
    expect(results()).toEqual(['load@3([inner+8])', 'load@8([inner+8])'])
  })

  it('changes nothing where there is no function', () => {
    const { functions, results } = running()
    functions.runAgain([-1, 2])
    expect(results()).toEqual(['load@3', 'load@8'])
  })
})

describe('a loop', () => {
  /**
   * A pointer moves one place on with each turn: from R6 through R7, R8 and R9, then from word to word of the stack.
   * What is afterwards in the place that it comes to with the last turn.
   */
  function turned(turns: number) {
    const words = turns - 3
    const clear = [
      ...[7, 8, 9].map((register) => op.set(register, 0)),
      ...Array.from({ length: words }, (_, n) => op.storeNumber(10, -8 * (n + 1), 0)),
    ]
    const steps = Array.from({ length: words }, (_, n) => words - n).flatMap((n) =>
      n === 1 ? [op.store(10, -8, 9)] : [op.load(0, 10, -8 * (n - 1)), op.store(10, -8 * n, 0)],
    )
    const turn = [...steps, op.move(9, 8), op.move(8, 7), op.move(7, 6), op.jumpIf(3, 0, 1)]
    const read = op.load(0, 10, -8 * words)
    const code: Instruction[] = [op.move(6, 1), ...clear, ...turn, op.jump(-turn.length - 1), read]
    const recorder = recorded(code)
    return {
      result: given(recorder, 0).map((text) => text.replace(/@.*/, '')),
      lost: [...recorder.knowledge.lost],
    }
  }

  it('is followed until nothing changes', () => {
    expect(turned(4)).toEqual({ result: ['parameter 0(value)'], lost: [] })
    expect(turned(64)).toEqual({ result: ['parameter 0(value)'], lost: [] })
  })

  it('is given up where it takes too many turns, and the types of pointers that are lost are told', () => {
    // The last turn is not one of those that come back to the start.
    expect(turned(65)).toEqual({ result: ['parameter 0(value)'], lost: [types.value] })
    expect(turned(66)).toEqual({ result: ['stack'], lost: [types.value] })
  })

  it('is left where only what is written over anew changes', () => {
    // R6 comes back as another number, and the first instruction of the loop sets it again.
    const code = [
      op.set(6, 1),
      op.move(6, 1),
      op.jumpIf(3, 0, 3),
      op.load(7, 6, 88),
      op.set(6, 5),
      op.jump(-5),
      op.move(0, 6),
    ]
    expect(result(code)).toBe('parameter 0(value)')
  })
})

describe('calls', () => {
  it('of a function that is not there give anything', () => {
    const refers = { 0: { kind: 'function', index: 7 } as const }
    const code = [op.callFunction(), op.exit()]
    const recorder = observe(program(types, [{ code, refers, is: { typeId, binding: 'global' } }]))
    expect(given(recorder, 0)).toEqual(['call@0'])
  })

  it('give what any of the ends of a function gives, in the order in which they come', () => {
    const code = [op.callFunction(), op.exit()]
    const ends = [op.move(0, 1), op.jumpIf(3, 0, 1), op.exit(), op.addNumber(0, 8), op.exit()]
    const recorder = observe(
      program(types, [
        { code, refers: { 0: { kind: 'function', index: 1 } }, is: { typeId, binding: 'global' } },
        { code: ends, is: { binding: 'static' } },
      ]),
    )
    expect(given(recorder, 0)).toEqual(['parameter 0(value)~8'])
  })

  it('give more when a later run finds more', () => {
    // The second function calls the first with a number, after it has been called with a pointer.
    const callsOne = { 0: { kind: 'function', index: 2 } as const }
    const recorder = observe(
      program(types, [
        { code: [op.callFunction(), op.exit()], refers: callsOne, is: { typeId, binding: 'global' } },
        {
          code: [op.set(1, 0), op.callFunction(), op.exit()],
          refers: { 1: { kind: 'function', index: 2 } },
          is: { typeId, binding: 'global' },
        },
        { code: [op.load(6, 1, 0), op.move(0, 6), op.exit()], is: { binding: 'static' } },
      ]),
    )
    expect(given(recorder, 0)).toEqual(['call@0([value+0])'])
    expect(given(recorder, 1)).toEqual(['call@3([value+0])'])
  })
})
