import { describe, expect, it } from 'vitest'
import { withoutComments } from '../../../../src/ui/jupyter/tslab/own-modules.js'

describe('withoutComments', () => {
  it.each([
    ['/** Reads. */\nexport function read(): void', ' \nexport function read(): void'],
    [
      'const a: "/* text */" // don\'t /* stay */\n/* go */let b',
      'const a: "/* text */" // don\'t /* stay */\n let b',
    ],
    ["declare module 'node:*/x' { /* a\n * b */ }", "declare module 'node:*/x' {   }"],
    [
      '/// <reference path="fs.d.ts" />\ntype T = `a/*b*/`',
      '/// <reference path="fs.d.ts" />\ntype T = `a/*b*/`',
    ],
    ['type Q = "\\"/*" | \'\\\'/*\'', 'type Q = "\\"/*" | \'\\\'/*\''],
  ])('leaves of %j', (text, left) => {
    expect(withoutComments(text)).toBe(left)
  })
})
