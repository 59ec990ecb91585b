import vm from 'node:vm'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { guardLoops, guardName } from '../../../src/ui/typescript/loop-guard.js'

/** The two compilers agree on what is used here; tslab's own is tried by the integration tests. */
const guard = (code: string) => guardLoops(ts as never, code)

describe('guardLoops', () => {
  it.each([
    ['while', 'let n = 0; while (n < 3) n++; n', 3, 3],
    ['do', 'let n = 0; do { n++ } while (n < 3); n', 3, 3],
    ['do without a block', 'let n = 0; do n++; while (n < 3); n', 3, 3],
    ['for', 'let n = 0; for (let i = 0; i < 3; i++) n += i; n', 3, 3],
    ['for without a body', 'let n = 0; for (; n < 3; n++); n', 3, 3],
    ['for of', 'let n = 0; for (const i of [1, 2]) { n += i }; n', 3, 2],
    ['for in', 'let n = ""; for (const k in { a: 1, b: 2 }) n += k; n', 'ab', 2],
    [
      'nested ones',
      'let n = 0; for (const a of [1, 2]) for (const b of [1, 2]) while (n < a * b) n++; n',
      4,
      10,
    ],
    [
      'a label',
      'let n = 0; outer: for (;;) { for (;;) { if (n++ > 1) break outer; continue outer } }; n',
      3,
      6,
    ],
    ['side by side', 'let n = 0; for(;n<1;)n++;for(;n<2;)n++;while(n<3)n++;n', 3, 3],
    ['words in text', 'const n = "for (;;) while"; n', 'for (;;) while', 0],
  ])('keeps what %s does, and is called on each turn', (_, code, result, turns) => {
    let calls = 0
    const context = vm.createContext({ [guardName]: () => calls++ })
    expect(vm.runInContext(guard(code), context)).toBe(result)
    expect(calls).toBe(turns)
  })

  it('adds no lines', () => {
    const code = 'for (;;)\n{\n  while (x)\n    y()\n}\n'
    expect(guard(code).split('\n')).toHaveLength(code.split('\n').length)
  })

  it('ends a loop by throwing', () => {
    const stop = () => {
      throw new Error('interrupted')
    }
    const context = vm.createContext({ [guardName]: stop })
    expect(() => vm.runInContext(guard('for (;;) {}'), context)).toThrow('interrupted')
  })
})
