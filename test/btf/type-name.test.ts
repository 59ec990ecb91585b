import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { declare } from '../../src/btf/declaration.js'
import { typeName } from '../../src/btf/type-name.js'
import { BtfBuilder } from './builder.js'

const b = new BtfBuilder()
const int = b.int('int', 4, { signed: true })
const u8 = b.int('unsigned char', 1)
const u32 = b.typedef('u32', b.int('unsigned int', 4))
const list = b.struct('list_head', [])
const text = b.pointer(b.const(b.int('char', 1)))
const calls = b.prototype(int, [{ type: b.pointer(list) }, { name: 'why', type: text }], { variadic: true })
const callback = b.pointer(calls)

describe('typeName', () => {
  it.each([
    [b.pointer(callback), 'int (**)(struct list_head *, const char *, ...)'],
    [b.array(callback, 4), 'int (*[4])(struct list_head *, const char *, ...)'],
    [b.pointer(b.array(list, 4)), 'struct list_head (*)[4]'],
    [b.pointer(b.typeTag('rcu', b.array(list, 4))), 'struct list_head (*)[4]'],
    [b.pointer(b.declTag('x', b.typeTag('rcu', b.array(list, 1)))), 'struct list_head (*)[1]'],
    [b.array(b.array(u8, 3), 2), 'unsigned char[2][3]'],
    [b.array(u8, 0), 'unsigned char[]'],
    [b.const(b.pointer(b.volatile(u32))), 'volatile u32 *const'],
    [b.const(b.typeTag('rcu', b.pointer(u32))), 'u32 *const'],
    [b.pointer(b.restrict(b.pointer(u32))), 'u32 *restrict *'],
    [b.pointer(b.typeTag('rcu', list)), 'struct list_head *'],
    [b.pointer(0), 'void *'],
    [b.prototype(0), 'void (void)'],
    [b.prototype(u32, [], { variadic: true }), 'u32 (...)'],
    [b.function('call', calls), 'int (struct list_head *, const char *, ...)'],
    [b.variable('all', b.array(u32, 3)), 'u32[3]'],
    [b.struct('', []), 'struct {…}'],
    [b.enum('', { A: 0 }), 'enum {…}'],
    [b.enum('color', { A: 0 }), 'enum color'],
    [b.pointer(b.forward('gone', 'union')), 'union gone *'],
    [b.section('.data', []), 'section .data'],
    [b.int('', 4), 'unnamed int'],
    [b.int('odd', 99), 'odd'],
    [b.int('', 99), `unknown type ${b.nextId - 1}`],
    [999, 'unknown type 999'],
  ])('spells type %i as %s', (id, name) => {
    expect(typeName(Btf.parse(b.build()).type(id))).toBe(name)
  })

  it('ends for a function that takes itself', () => {
    const loop = new BtfBuilder()
    const self = loop.nextId
    loop.prototype(
      self + 1,
      Array.from({ length: 50 }, () => ({ type: self + 1 })),
    )
    loop.pointer(self)
    const type = Btf.parse(loop.build()).type(self)
    expect(typeName(type).length).toBeLessThan(100_000)
    expect(declare(type).length).toBeLessThan(100_000)
  })

  it('has 256 types at most, and dots for the others', () => {
    const takes = (count: number): string => {
      const own = new BtfBuilder()
      const number = own.int('n', 4)
      const id = own.prototype(
        number,
        Array.from({ length: count }, () => ({ type: number })),
      )
      return typeName(Btf.parse(own.build()).type(id))
    }
    const spelled = (count: number, ...more: string[]): string =>
      [...Array<string>(count).fill('n'), ...more].join(', ')
    expect(takes(254)).toBe(`n (${spelled(254)})`)
    expect(takes(255)).toBe(`… (${spelled(255)})`)
    expect(takes(300)).toBe(`… (${spelled(255, '…')})`)
  })
})
