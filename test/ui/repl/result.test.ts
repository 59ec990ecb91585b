import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../../src/errors.js'
import { resultJson, resultText } from '../../../src/ui/repl/result.js'

const plain = { colors: false, columns: 80 }

describe('results as JSON', () => {
  it.each([
    [undefined, null],
    [null, null],
    [5n, 5],
    [2n ** 60n, '1152921504606846976'],
    [[-(2n ** 60n)], ['-1152921504606846976']],
    [new Uint8Array([1, 255]), '01ff'],
    [new Map([['a', 1n]]), [['a', 1]]],
    [new Set([1]), [1]],
    [
      { a: undefined, f: () => 1, s: Symbol('x') },
      { a: null, f: null, s: null },
    ],
    [
      [Number.NaN, Number.POSITIVE_INFINITY],
      ['NaN', 'Infinity'],
    ],
    [{ toJSON: () => ({ is: 1n }) }, { is: 1 }],
    ['text', 'text'],
  ])('%o', (value, expected) => {
    expect(JSON.parse(resultJson(value))).toEqual(expected)
  })

  it('takes what a generator gives', () => {
    function* three() {
      yield 1
      yield 2n
    }
    expect(JSON.parse(resultJson(three()))).toEqual([1, 2])
  })

  it('refuses what refers to itself', () => {
    const loop: { self?: unknown } = {}
    loop.self = loop
    expect(() => resultJson(loop)).toThrow(CryoscopeError)
  })
})

describe('results as text', () => {
  it('prints text as it is, made safe for a terminal', () => {
    expect(resultText('a\n\tb\u001b[2Jc', plain)).toBe('a\n\tb\\x1b[2Jc')
  })

  it('writes kernel addresses in hex, and they stay what JavaScript reads', () => {
    expect(resultText({ at: 0xffffffff81000000n, small: 42n }, plain)).toBe(
      '{ at: 0xffffffff81000000n, small: 42n }',
    )
    expect(resultText([0xffff888000000000n], plain)).toBe('[ 0xffff888000000000n ]')
    expect(resultText(0xffff888000000000n, { ...plain, colors: true })).toContain('0xffff888000000000n')
    expect(resultText(99999999999999999999n, plain)).toBe('99999999999999999999n')
    expect(resultText({ text: '18446744071578845184n' }, plain)).toBe("{ text: '18446744071578845184n' }")
  })

  it('prints what says itself in sentences as those, with its facts where all is wanted', () => {
    const story = {
      sentences: [
        { topic: 'log', weight: 'trouble', sentence: 'It panicked\x1b[31m', facts: { cpu: 1 }, about: [] },
        { topic: 'cpus', weight: 'fact', sentence: 'CPU 0 is idle.', facts: {}, about: [] },
      ],
    }
    expect(resultText(story, plain)).toBe('!  It panicked\\x1b[31m\n-  CPU 0 is idle.')
    expect(resultText(story, { ...plain, full: true })).toContain('cpu: 1')
    const why = { pid: 7, name: 'load', verdict: 'waiting', reasons: story.sentences, problems: [] }
    expect(resultText(why, plain)).toMatch(/^load \(pid 7\): waiting\n- {2}It panicked/)
    const panic = {
      cpu: 1,
      task: undefined,
      message: 'Fatal exception',
      time: 1n,
      cause: undefined,
      where: undefined,
    }
    expect(resultText(panic, plain)).toBe('!  panicked on CPU 1: Fatal exception')
  })

  it('prints a stack as its frames', () => {
    const frames = [
      { address: 16n, symbol: 'schedule+0x1', isCertain: true },
      { address: 0xffff_ffff_8100_0000n, symbol: undefined, isCertain: false },
    ]
    expect(resultText({ method: 'orc', frames, problem: 'it ends' }, plain)).toBe(
      'schedule+0x1\n0xffffffff81000000 ?\n(it ends)',
    )
  })
})
