import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { sizeOf } from '../../src/btf/layout.js'
import { parseTypeName } from '../../src/btf/parse-type-name.js'
import { typeName } from '../../src/btf/type-name.js'
import type { CType } from '../../src/btf/types.js'
import { CryoscopeError } from '../../src/errors.js'
import { BtfBuilder } from './builder.js'

const b = new BtfBuilder()
const int = b.int('int', 4, { signed: true })
b.int('unsigned int', 4)
const long = b.int('long unsigned int', 8)
b.int('unsigned short', 2)
b.int('char', 1, { signed: true })
b.int('_Bool', 1, { bool: true })
b.typedef('u64', long)
b.float('double', 8)
b.struct('rq', [{ name: 'nr', type: int }])
b.struct('task_struct', [], 64)
b.enum('scx_state', { OFF: 0 })
b.forward('secret')
const evil = b.struct('task_stru\u001b[31m', [], 4)
const btf = Btf.parse(b.build())

function failure(expression: string): CryoscopeError {
  try {
    parseTypeName(btf, expression)
  } catch (error) {
    if (error instanceof CryoscopeError) return error
    throw error
  }
  throw new Error(`${expression} was accepted`)
}

describe('parseTypeName', () => {
  it.each([
    ['struct rq', 'struct rq'],
    ['  struct   rq  ', 'struct rq'],
    ['struct rq *', 'struct rq *'],
    ['struct rq**', 'struct rq **'],
    ['rq', 'struct rq'],
    ['u64', 'u64'],
    ['unsigned long', 'long unsigned int'],
    ['long int unsigned', 'long unsigned int'],
    ['unsigned', 'unsigned int'],
    ['short unsigned int', 'unsigned short'],
    ['bool', '_Bool'],
    ['char[16]', 'char[16]'],
    ['char [ 0x10 ] [3]', 'char[16][3]'],
    ['char[]', 'char[]'],
    ['struct rq *[4]', 'struct rq *[4]'],
    ['int (*)[4]', 'int (*)[4]'],
    ['int (*(*)[2])[4]', 'int (*(*)[2])[4]'],
    ['const struct rq *', 'struct rq *'],
    ['struct rq const * const', 'struct rq *'],
    ['void *', 'void *'],
    ['enum scx_state', 'enum scx_state'],
    ['struct secret *', 'struct secret *'],
  ])('reads %s', (expression, name) => {
    expect(typeName(parseTypeName(btf, expression))).toBe(name)
  })

  it('gives the types of the file, and makes pointers and arrays', () => {
    expect(parseTypeName(btf, 'struct rq')).toBe(btf.findStruct('rq'))
    const array = parseTypeName(btf, 'struct rq *[4]')
    expect(array).toMatchObject({ kind: 'array', id: -1, length: 4 })
    expect(sizeOf(array)).toBe(32)
    expect(sizeOf(parseTypeName(btf, 'char[2][3]'))).toBe(6)
    expect(sizeOf(parseTypeName(btf, 'char (*)[3]'))).toBe(8)
  })

  it('names what is near', () => {
    expect(failure('struct tsak_struct')).toMatchObject({ code: 'not-found' })
    expect(failure('struct tsak_struct').message).toContain('Did you mean task_struct')
    expect(failure('u46').message).toContain('Did you mean u64?')
    expect(failure('unsinged int').message).toContain('unsigned')
    expect(failure('union rq').message).toContain('"struct rq"')
    expect(failure('struct scx_state').message).toContain('"enum scx_state"')
  })

  it('asks elsewhere for what the file lacks', () => {
    const other = new BtfBuilder()
    other.struct('secret', [], 24)
    const full = Btf.parse(other.build())
    const elsewhere = (name: string): CType | undefined =>
      name === 'struct secret' || name === 'secret' ? full.findStruct('secret') : undefined
    expect(sizeOf(parseTypeName(btf, 'struct secret', elsewhere))).toBe(24)
    expect(sizeOf(parseTypeName(btf, 'secret[2]', elsewhere))).toBe(48)
    expect(parseTypeName(btf, 'struct rq', elsewhere)).toBe(btf.findStruct('rq'))
    expect(() => parseTypeName(btf, 'struct sekret', elsewhere)).toThrow(/no type/)
  })

  it('escapes names of the file in its sentences', () => {
    expect(btf.type(evil).name).toContain('\u001b')
    expect(failure('struct task_strux').message).not.toContain('\u001b')
    expect(failure('struct \u001b[31m').message).not.toContain('\u001b')
  })

  it.each([
    '',
    ' ',
    '*',
    'struct',
    'struct *',
    'struct rq)',
    '(struct rq)',
    'int[',
    'int[4',
    'int[-1]',
    'int[x]',
    'int (int)',
    'int (*',
    'int (*)(void)',
    'rq rq',
    'x;y',
    '4',
    `int${'*'.repeat(2000)}`,
  ])('refuses "%s"', (expression) => {
    expect(failure(expression).code).toBe('usage')
  })
})

it('finds floating point by its name', () => {
  expect(parseTypeName(btf, 'double')).toMatchObject({ kind: 'float', name: 'double', size: 8 })
  expect(parseTypeName(btf, 'double *')).toMatchObject({
    kind: 'pointer',
    target: btf.find('double', 'float'),
  })
})
