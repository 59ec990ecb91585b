import { describe, expect, it } from 'vitest'
import { guardName } from '../../../src/ui/typescript/loop-guard.js'
import { prepare } from '../../../src/ui/typescript/transpile.js'

describe('prepare', () => {
  it.each([
    ['const x: number = 1', 'var x = 1;\n'],
    ['let { a, b }: any = vm', 'var { a, b } = vm;\n'],
    ['{ a: 1 }', '({ a: 1 });\n'],
    ['{ let a = 1 }', '{\n    let a = 1;\n}\n'],
    ['class A {}', 'var A = class A {\n};\n'],
    ['export const x = 1', 'var x = 1;\n'],
    ['interface A { x: number }', ''],
    ['x as any', 'x;\n'],
    ['f<number>(1)!', 'f(1);\n'],
    [
      "import { readFileSync as read, type Stats } from 'node:fs'",
      "var { readFileSync: read } = await import('node:fs');\n",
    ],
    ["import fs from 'fs'", "var { default: fs } = await import('fs');\n"],
    ["import * as fs from 'fs'", "var fs = await import('fs');\n"],
    ["import type { Stats } from 'fs'", ''],
    ["import 'x'", "await import('x');\n"],
    ['await vm.freeze()', 'await vm.freeze();\n'],
    ['for (const x of y) x', `for (const x of y)\n    { ${guardName}(); x; }\n`],
    ['// nothing', '// nothing\n'],
  ])('makes JavaScript of %s', (code, javascript) => {
    expect(prepare(code)).toEqual({ kind: 'code', javascript })
  })

  it.each(['f(', 'if (x) {', '`text', 'a +', '[1, 2', 'function f() {', '/* comment', 'x.', 'const y ='])(
    'waits for more after %s',
    (code) => {
      expect(prepare(`${code}\n`)).toEqual({ kind: 'unfinished' })
    },
  )

  it.each(['f)', 'const = 5', 'x y', "'text", '1..2.3.'])('refuses %s', (code) => {
    expect(prepare(`${code}\nlater`)).toMatchObject({ kind: 'problem' })
  })
})
