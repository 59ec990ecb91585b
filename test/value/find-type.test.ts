import { describe, expect, test } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { typeName } from '../../src/btf/type-name.js'
import { findType } from '../../src/value/find-type.js'
import { BtfBuilder } from '../btf/builder.js'
import { FakeGuest } from './fake-guest.js'
import { integers } from './types.js'

const b = new BtfBuilder()
const { u64, char } = integers(b)
b.typedef('u64', u64)
b.struct('rq', [{ name: 'clock', type: u64 }])
b.union('both', [{ name: 'letter', type: char }])
b.enum('state', { IDLE: 0 })

const btf = Btf.parse(b.build())
const context = new FakeGuest().context()

describe('types are found by what C calls them', () => {
  test.each([
    ['struct rq', 'struct rq'],
    ['rq', 'struct rq'],
    ['union both', 'union both'],
    ['enum state', 'enum state'],
    ['u64', 'u64'],
    ['unsigned long', 'long unsigned int'],
    ['unsigned char', 'unsigned char'],
    ['const struct rq *', 'struct rq *'],
    [' struct rq ** ', 'struct rq **'],
    ['void *', 'void *'],
    ['char [16]', 'char[16]'],
    ['char[2][3]', 'char[2][3]'],
    ['struct rq *[4]', 'struct rq *[4]'],
  ])('%s', (text, expected) => {
    expect(typeName(findType(context, btf, text))).toBe(expected)
  })

  test.each(['struct nosuch', 'nosuch', 'toString', '', '*', 'struct rq; rm', 'u64 u64', '\u001b[2J'])(
    'but not %j',
    (text) => {
      expect(() => findType(context, btf, text)).toThrow(/^[ -~]+$/)
    },
  )
})

test('what the file does not have is asked of the context, by its plain name', () => {
  const asked: string[] = []
  const other = btf.findStruct('rq')
  const askable = {
    ...context,
    findType(name: string) {
      asked.push(name)
      return other
    },
  }
  const found = findType(askable, Btf.parse(new BtfBuilder().build()), 'struct rq *')
  expect(asked).toEqual(['struct rq'])
  expect(found).toMatchObject({ kind: 'pointer', target: other })
})
