import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import type { CKind, CType, TypeOf } from '../../src/btf/types.js'
import { BtfBuilder } from './builder.js'

function kernelLike(): { bytes: Uint8Array; ids: Record<string, number> } {
  const b = new BtfBuilder()
  const int = b.int('int', 4, { signed: true })
  const u64 = b.int('long unsigned int', 8)
  const char = b.int('char', 1, { signed: true })
  const flag = b.int('_Bool', 1, { bool: true })
  const double = b.float('double', 8)
  const comm = b.array(char, 16)
  const list = b.struct('list_head', (self) => {
    const pointer = b.pointer(self)
    return [
      { name: 'next', type: pointer },
      { name: 'prev', type: pointer },
    ]
  })
  const anonymous = b.union('', [
    { name: 'asInt', type: int },
    { name: 'asLong', type: u64 },
  ])
  const task = b.struct('task', [
    { name: 'comm', type: comm },
    { type: anonymous },
    { name: 'tasks', type: list },
    { name: 'dead', type: int, bitOffset: 320, bitSize: 1 },
    { name: 'state', type: int, bitOffset: 321, bitSize: 7 },
  ])
  const color = b.enum('color', { RED: 0, GREEN: 5, ALSO_GREEN: 5, MINUS: -2 })
  const wide = b.enum('wide', { LOW: 1, HIGH: 1n << 40n })
  const alias = b.typedef('u64', u64)
  const qualified = b.const(b.volatile(alias))
  const tagged = b.pointer(b.typeTag('rcu', task))
  const proto = b.prototype(int, [{ name: 'p', type: tagged }, { type: alias }], { variadic: true })
  const func = b.function('schedule', proto, 'global')
  const variable = b.variable('init_task', task)
  const section = b.section('.data', [{ type: variable, offset: 64, size: 48 }])
  const tag = b.declTag('kfunc', func)
  const forward = b.forward('other', 'union')
  return {
    bytes: b.build(),
    ids: {
      int,
      u64,
      char,
      flag,
      double,
      comm,
      list,
      task,
      color,
      wide,
      alias,
      qualified,
      tagged,
      proto,
      func,
      variable,
      section,
      tag,
      forward,
    },
  }
}

function narrow<K extends CKind>(type: CType | undefined, kind: K): TypeOf<K> {
  if (type?.kind !== kind) throw new Error(`expected ${kind}, got ${type?.kind}`)
  return type as TypeOf<K>
}

it('finds a symbol once, also where it is the first record', () => {
  const b = new BtfBuilder()
  const variable = b.variable('jiffies', 2)
  b.int('unsigned long', 8)
  b.function('jiffies', b.prototype(0))
  const found = Btf.parse(b.build())
  expect(found.findAll('jiffies', 'variable').map(({ id }) => id)).toEqual([variable])
  expect(found.findAll('jiffies', 'function')).toHaveLength(1)
  expect(found.findAll('unsigned long', 'variable')).toEqual([])
})

describe('Btf', () => {
  const { bytes, ids } = kernelLike()
  const btf = Btf.parse(bytes, { name: 'vmlinux' })
  const get = (name: string): CType => btf.type(ids[name] ?? -1)

  it('counts types from void on and finds nothing wrong', () => {
    expect(btf.startId).toBe(1)
    expect(btf.typeCount).toBeGreaterThan(Math.max(...Object.values(ids)))
    expect(btf.problems.list).toEqual([])
    expect(btf.type(0)).toMatchObject({ kind: 'void', id: 0 })
  })

  it('gives the same object for an id each time', () => {
    for (let id = 0; id < btf.typeCount; id++) expect(btf.type(id)).toBe(btf.type(id))
    expect(narrow(get('alias'), 'typedef').target).toBe(get('u64'))
  })

  it('says so for ids that do not exist', () => {
    for (const id of [-1, 1.5, Number.NaN, btf.typeCount, 0xffffffff]) {
      const last = btf.typeCount - 1
      expect(narrow(btf.type(id), 'unknown').reason).toBe(`there is no type ${id}, the last is ${last}`)
    }
  })

  it('reads integers and floats', () => {
    expect(get('int')).toMatchObject({ kind: 'int', size: 4, bits: 32, encoding: 'signed', signed: true })
    expect(get('u64')).toMatchObject({ size: 8, encoding: 'unsigned', signed: false })
    expect(get('flag')).toMatchObject({ size: 1, encoding: 'bool' })
    expect(get('char')).toMatchObject({ encoding: 'char', signed: true })
    expect(get('double')).toMatchObject({ kind: 'float', size: 8 })
  })

  it('reads structs with bitfields, anonymous members and cycles', () => {
    const task = btf.findStruct('task')
    expect(task).toBe(get('task'))
    expect(task?.members.map((member) => member.name)).toEqual(['comm', '', 'tasks', 'dead', 'state'])
    expect(task?.member('asLong')).toMatchObject({ offset: 16, bitOffset: 128, bitSize: 0 })
    expect(task?.member('state')).toMatchObject({ offset: 40, bitOffset: 321, bitSize: 7 })
    expect(task?.member('nothing')).toBeUndefined()
    const list = narrow(task?.member('tasks')?.type, 'struct')
    expect(narrow(list.member('next')?.type, 'pointer').target).toBe(list)
    expect(narrow(get('comm'), 'array')).toMatchObject({ length: 16, element: get('char') })
  })

  it('reads enums of either width and sign', () => {
    const color = narrow(get('color'), 'enum')
    expect(color.signed).toBe(true)
    expect(color.nameOf(5n)).toBe('GREEN')
    expect(color.nameOf(-2n)).toBe('MINUS')
    expect(color.nameOf(7n)).toBeUndefined()
    expect(color.valueOf('ALSO_GREEN')).toBe(5n)
    expect(narrow(get('wide'), 'enum')).toMatchObject({ size: 8, signed: false })
    expect(narrow(get('wide'), 'enum').valueOf('HIGH')).toBe(1n << 40n)
  })

  it('reads functions, prototypes, tags, variables and sections', () => {
    const func = narrow(btf.find('schedule', 'function'), 'function')
    expect(func.linkage).toBe('global')
    const proto = narrow(func.prototype, 'prototype')
    expect(proto.variadic).toBe(true)
    expect(proto.result).toBe(get('int'))
    expect(proto.parameters.map(({ name, type }) => [name, type.kind])).toEqual([
      ['p', 'pointer'],
      ['', 'typedef'],
    ])
    const tag = narrow(narrow(get('tagged'), 'pointer').target, 'type_tag')
    expect(tag).toMatchObject({ name: 'rcu', target: get('task'), attribute: false })
    expect(narrow(get('tag'), 'decl_tag')).toMatchObject({ name: 'kfunc', component: -1, target: func })
    const section = narrow(btf.find('.data', 'section'), 'section')
    expect(section.variables).toHaveLength(1)
    // Made once: people compare what they get.
    expect(section.variables).toBe(section.variables)
    expect(section.variables[0]).toMatchObject({ offset: 64, size: 48 })
    expect(section.variables[0]?.variable).toBe(btf.find('init_task', 'variable'))
    expect(narrow(get('forward'), 'forward')).toMatchObject({ of: 'union', name: 'other' })
  })

  it('finds types by name and kind, and symbols only by kind', () => {
    expect(btf.find('list_head')).toBe(get('list'))
    expect(btf.find('list_head', 'union')).toBeUndefined()
    expect(btf.find('u64')).toBe(get('alias'))
    expect(btf.find('other')).toBe(get('forward'))
    expect(btf.find('schedule')).toBeUndefined()
    expect(btf.find('')).toBeUndefined()
    expect(btf.find('list_head\0prev')).toBeUndefined()
    expect(btf.find('list')).toBeUndefined()
  })

  it('prefers the complete type to a forward declaration', () => {
    const b = new BtfBuilder()
    const forward = b.forward('rq')
    const first = b.struct('rq', [], 8)
    const second = b.struct('rq', [], 16)
    const both = Btf.parse(b.build())
    expect(both.find('rq')?.id).toBe(first)
    expect(both.findAll('rq').map((type) => type.id)).toEqual([first, second, forward])
    expect(both.findAll('rq', 'struct').map((type) => type.size)).toEqual([8, 16])
  })

  it('iterates by kind and completes names', () => {
    expect([...btf.types('enum')]).toEqual([get('color'), get('wide')])
    expect([...btf.types()].map((type) => type.id)).toEqual([...Array(btf.typeCount).keys()])
    expect([...btf.names('l')]).toEqual(['long unsigned int', 'list_head'])
    expect([...btf.names('', 'variable')]).toEqual(['init_task'])
  })

  it('reads both byte orders, any alignment and longer headers alike', () => {
    const b = new BtfBuilder()
    const int = b.int('int', 4, { signed: true })
    const struct = b.struct('pair', [
      { name: 'a', type: int },
      { name: 'b', type: int },
    ])
    const shifted = new Uint8Array(b.build().length + 3)
    shifted.set(b.build(), 3)
    const files = [
      b.build(),
      b.build({ bigEndian: true }),
      b.build({ headerLength: 96 }),
      b.build({ headerLength: 27 }),
      shifted.subarray(3),
    ]
    for (const file of files) {
      const parsed = Btf.parse(file)
      expect(parsed.problems.list).toEqual([])
      expect(parsed.typeCount).toBe(3)
      expect(parsed.findStruct('pair')).toMatchObject({ id: struct, size: 8 })
      expect(parsed.findStruct('pair')?.member('b')?.offset).toBe(4)
    }
    expect(Btf.parse(b.build({ bigEndian: true })).littleEndian).toBe(false)
  })

  it('takes the width of old-style bitfields from the integer', () => {
    const b = new BtfBuilder()
    const three = b.int('unsigned int', 4, { bits: 3, bitOffset: 2 })
    const plain = b.int('int', 4, { signed: true })
    b.struct('old', [
      { name: 'field', type: b.typedef('three_t', b.const(three)), offset: 0 },
      { name: 'whole', type: plain, offset: 4 },
    ])
    const old = Btf.parse(b.build()).findStruct('old')
    expect(old?.member('field')).toMatchObject({ bitOffset: 2, bitSize: 3 })
    expect(old?.member('whole')).toMatchObject({ bitOffset: 32, bitSize: 0 })
  })

  it('skips kinds it does not know when the file says how long they are', () => {
    const b = new BtfBuilder()
    b.raw(b.string('future'), (40 * 0x1000000 + 3) >>> 0, 7, 1, 2, 2, 3, 3, 4, 4)
    b.struct('after', [], 4)
    const layout = Array.from({ length: 41 }, (_, kind): [number, number] => (kind === 40 ? [4, 8] : [0, 0]))
    const parsed = Btf.parse(b.build({ layout }))
    expect(parsed.problems.list).toEqual([])
    expect(narrow(parsed.type(1), 'unknown')).toMatchObject({ name: 'future' })
    expect(parsed.findStruct('after')?.id).toBe(2)

    const blind = Btf.parse(b.build())
    expect(blind.typeCount).toBe(1)
    expect(blind.problems.list).toHaveLength(1)
    expect(blind.problems.list[0]?.why).toMatch(/kind 40/)
  })

  it('takes the pointer size from long', () => {
    const b = new BtfBuilder()
    b.int('long unsigned int', 4)
    expect(Btf.parse(b.build()).pointerSize).toBe(4)
    expect(btf.pointerSize).toBe(8)
  })

  it('cuts names that would eat memory', () => {
    const b = new BtfBuilder()
    b.struct('x'.repeat(100_000), [], 4)
    expect(Btf.parse(b.build()).type(1).name.length).toBeLessThan(2000)
  })
})

describe('split BTF', () => {
  const base = new BtfBuilder()
  const int = base.int('int', 4, { signed: true })
  const shared = base.struct('shared', [{ name: 'a', type: int }])
  const module = new BtfBuilder(base)
  const own = module.struct('own', [
    { name: 'a', type: shared },
    { name: 'own', type: module.pointer(shared) },
  ])
  module.struct('shared', [], 99)
  const vmlinux = Btf.parse(base.build(), { name: 'vmlinux' })
  const split = Btf.parse(module.build(), { base: vmlinux, name: 'module' })

  it('continues the ids and strings of its base', () => {
    expect(split.startId).toBe(vmlinux.typeCount)
    expect(split.type(int)).toBe(vmlinux.type(int))
    expect(split.type(0)).toBe(vmlinux.type(0))
    expect(split.type(own).btf).toBe(split)
    expect(split.findStruct('own')?.members.map((member) => member.name)).toEqual(['a', 'own'])
    expect(split.findStruct('own')?.member('a')?.type).toBe(vmlinux.type(shared))
  })

  it('finds its own types first', () => {
    expect(split.findStruct('shared')?.size).toBe(99)
    expect(split.findAll('shared').map((type) => type.btf.name)).toEqual(['module', 'vmlinux'])
    expect(split.find('int')).toBe(vmlinux.type(int))
    expect([...split.names()]).toEqual(['own', 'shared', 'int'])
    expect([...split.types('struct')].map((type) => type.size)).toEqual([4, 16, 99])
  })
})
