import { expect, test } from 'vitest'
import { Sites } from '../../../../src/bpf/cast/weigh/sites.js'
import type { SourceLines } from '../../../../src/btf/ext.js'
import { codeOf, makeTypes, op } from '../flow/support.js'

const lines: SourceLines = {
  lineOf: (offset) =>
    offset < 8 ? undefined : { file: 'a.c', line: offset / 8, column: 1, text: `  line at ${offset};\t` },
}
const code = codeOf(makeTypes(), Array<ReturnType<typeof op.exit>>(12).fill(op.exit()), {
  functions: [
    { name: 'second', start: 4, end: 6 },
    { name: 'first', start: 0, end: 3 },
    { name: 'last', start: 6, end: 12 },
  ],
  sections: [
    { name: '.text', start: 0, lines: undefined },
    { name: 'tc', start: 6, lines },
  ],
})
const sites = new Sites(code)

test('an instruction is in the function that it lies in, if there is one', () => {
  const functions = [-1, 0, 2, 3, 4, 5, 6, 11, 12].map((at) => sites.functionAt(at))
  expect(functions).toEqual([-1, 1, 1, -1, 0, 0, 2, 2, -1])
  expect(new Sites({ ...code, functions: [] }).functionAt(0)).toBe(-1)
})

test('a place is told by function, section, the instruction in that, and its source line', () => {
  const none = { file: '', line: 0, source: '' }
  expect(sites.of(undefined)).toBeNull()
  expect(sites.of(0)).toEqual({ function: 'first', section: '.text', instruction: 0, ...none })
  expect(sites.of(5)).toEqual({ function: 'second', section: '.text', instruction: 5, ...none })
  expect(sites.of(6)).toEqual({ function: 'last', section: 'tc', instruction: 0, ...none })
  expect(sites.of(9)).toEqual({
    function: 'last',
    section: 'tc',
    instruction: 3,
    file: 'a.c',
    line: 3,
    source: 'line at 24;',
  })
  expect(sites.of(3)).toMatchObject({ function: '', section: '.text' })
  expect(new Sites({ ...code, sections: [] }).of(5)).toMatchObject({ section: '', instruction: 5 })
})
