import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { unknownType } from '../../src/btf/inflate.js'
import { functionText, newBudget, paholeName } from '../../src/btf/pahole-name.js'
import type { FunctionPrototype } from '../../src/btf/types.js'
import { BtfBuilder } from './builder.js'

const b = new BtfBuilder()
const char = b.int('char', 1)
const u32 = b.int('u32', 4)
const text = b.pointer(b.const(char))
const compare = b.pointer(b.typeTag('rcu', b.prototype(u32, [{ name: 'a', type: u32 }, { type: text }])))

describe('names as pahole spells them', () => {
  it.each([
    [text, 'const char  *'],
    [b.pointer(text), 'const char  * *'],
    [b.pointer(b.const(b.pointer(char))), 'char * const *'],
    [b.pointer(b.const(b.typeTag('rcu', b.pointer(char)))), 'char * const *'],
    [b.pointer(b.typeTag('rcu', u32)), 'u32 *'],
    [b.const(b.volatile(u32)), 'const volatile u32  '],
    [b.restrict(b.pointer(u32)), 'u32 * restrict '],
    [b.pointer(b.array(u32, 3)), 'u32 *'],
    [b.const(b.typeTag('user', u32)), 'const u32 '],
    [b.declTag('about', u32), 'u32'],
    [b.prototype(u32, [{ name: 'by', type: compare }]), 'u32 ()(u32 (*by)(u32 a, const char  *))'],
    [b.prototype(0, [], { variadic: true }), 'void ()(void)'],
    [b.prototype(0, [{ type: u32 }], { variadic: true }), 'void ()(u32, ...)'],
    [b.struct('rq', []), 'struct rq'],
    [b.union('both', []), 'union both'],
    [b.enum('color', { RED: 0 }), 'enum color'],
    [b.forward('gone', 'union'), 'union gone'],
    [b.typedef('alias', u32), 'alias'],
    [999, '/* there is no type 999, the last is 34 */ void'],
  ])('of type %i is "%s"', (id, name) => {
    expect(paholeName(Btf.parse(b.build()).type(id), newBudget())).toBe(name)
  })

  it('are those of what cannot be read, where it has one', () => {
    const btf = Btf.parse(b.build())
    expect(paholeName(unknownType(btf, 1, 'odd', 'why'), newBudget())).toBe('odd')
    expect(paholeName(unknownType(btf, 1, '', 'why\n'), newBudget())).toBe('/* why\\n */ void')
  })
})

describe('functions', () => {
  const own = new BtfBuilder()
  const number = own.int('n', 4)
  const of = (parameters: number): FunctionPrototype => {
    const each = Array.from({ length: parameters }, () => ({ type: number }))
    const id = own.prototype(number, each)
    return Btf.parse(own.build()).type(id) as FunctionPrototype
  }

  it('have their name behind the column of their result', () => {
    expect(functionText(of(1), '(*f)', 4, newBudget())).toBe('n    (*f)(n)')
    expect(functionText(of(1), '(*f)', -4, newBudget())).toBe('n    (*f)(n)')
  })

  it.each([
    [1, 2, '… f(n)'],
    [1, 3, 'n f(n)'],
    [3, 2, '… f(n, …)'],
    [3, 3, '… f(n, …, …)'],
    [4, 4, '… f(n, n, …)'],
  ])('of %i parameters end after %i types', (parameters, left, spelled) => {
    expect(functionText(of(parameters), 'f', 0, { left })).toBe(spelled)
  })

  it('end after 512 types', () => {
    const spelled = functionText(of(300), 'f', 0, newBudget())
    expect(spelled.match(/\bn\b/g)).toHaveLength(256)
    expect(spelled).toMatch(/^… f\(.*n, …\)$/)
    expect(functionText(of(256), 'f', 0, newBudget())).toMatch(/^… f\([n, ]*\)$/)
    expect(functionText(of(255), 'f', 0, newBudget())).toMatch(/^n f\([n, ]*\)$/)
  })
})
