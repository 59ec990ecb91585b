import { expect, it, test } from 'vitest'
import { exactPayload, type Payload } from '../../../src/bpf/allocators/payload.js'
import { usedStructs } from '../../../src/bpf/allocators/used-structs.js'
import { Btf } from '../../../src/btf/btf.js'
import { BtfBuilder, type Linkage } from '../../btf/builder.js'
import { integers } from '../../value/types.js'

test('structs are a program’s own where its functions, variables or maps point at them', () => {
  const b = new BtfBuilder()
  const { u64, s32 } = integers(b)
  const struct = (name: string) => b.struct(name, [{ name: 'x', type: u64 }])
  const to = (name: string) => b.pointer(struct(name))
  const fn = (name: string, result: number, parameters: number[], linkage: Linkage = 'global') =>
    b.function(
      name,
      b.prototype(
        result,
        parameters.map((type) => ({ name: 'p', type })),
      ),
      linkage,
    )
  fn('takes___flavor', s32, [to('taken'), b.array(to('in_array'), 3), struct('by_value')])
  fn('gives', to('given'), [])
  fn('kernel', s32, [to('foreign')], 'extern')
  const holder = b.struct('holder', [
    { name: 'pointer', type: to('member_target') },
    { name: 'inner', type: b.struct('inner', [{ name: 'deep', type: to('too_deep') }]) },
  ])
  const variables = [
    b.variable('v', to('variable_target')),
    b.variable('h', b.array(holder, 2)),
    b.variable('e', to('external'), 'extern'),
  ]
  b.section(
    '.bss',
    variables.map((type, n) => ({ type, offset: n * 8, size: 8 })),
  )
  b.section('.ksyms', [{ type: b.variable('k', to('kernel_variable')), offset: 0, size: 8 }])
  const value = b.struct('map_value', [{ name: 'target', type: to('value_target') }])
  const map = b.struct('', [
    { name: 'key', type: to('key_struct') },
    { name: 'value', type: b.pointer(value) },
  ])
  const direct = b.struct('', [{ name: 'value', type: b.pointer(to('direct_target')) }])
  b.section('.maps', [
    { type: b.variable('m', map), offset: 0, size: 16 },
    { type: b.variable('d', direct), offset: 16, size: 8 },
  ])
  const types = Btf.parse(b.build())
  const found = new Map([...usedStructs(types)].map(([id, where]) => [types.type(id).name, where]))
  expect(Object.fromEntries(found)).toMatchObject({
    taken: 'its function takes',
    in_array: 'its function takes',
    given: 'its function gives',
    variable_target: 'its variable v',
    member_target: 'its variable h',
    value_target: 'values of its map m',
    direct_target: 'values of its map d',
  })
  for (const name of ['by_value', 'foreign', 'external', 'kernel_variable', 'too_deep', 'inner'])
    expect(found.has(name)).toBe(false)
  expect(usedStructs(types)).toBe(usedStructs(types))
})

it('is the type that pointers to elements have, if they agree', () => {
  const b = new BtfBuilder()
  const { u64 } = integers(b)
  const one = b.struct('one', [{ name: 'x', type: u64 }])
  const two = b.struct('two', [{ name: 'x', type: u64 }])
  const none = b.struct('none', [])
  const types = Btf.parse(b.build())
  const guess: Payload = {
    type: undefined,
    header: 8,
    certainty: 'unknown',
    evidence: 'nothing fits',
    candidates: [],
  }
  const known: Payload = { ...guess, type: types.type(two), certainty: 'inferred' }
  const at = (type: number, offset: number, count = 1) => ({
    type: types.type(type),
    offset,
    count,
    from: 'v',
  })
  const exact = (count: string) => ({
    type: types.type(one),
    header: 8,
    certainty: 'exact',
    evidence: `${count} of type struct one * to its elements, such as v`,
    candidates: ['struct one'],
  })
  expect(exactPayload(guess, [at(one, 8)], 16)).toEqual(exact('a pointer'))
  expect(exactPayload(guess, [at(one, 8, 3)], 16)).toEqual(exact('3 pointers'))
  // What does not fit, or has no size, says nothing.
  expect(exactPayload(guess, [at(one, 9)], 16)).toBe(guess)
  expect(exactPayload(guess, [at(none, 8)], 16)).toBe(guess)
  expect(exactPayload(guess, [], 16)).toBe(guess)
  expect(exactPayload(guess, [at(one, 8), at(none, 8)], 16)).toEqual(exact('a pointer'))
  const disagree = {
    ...guess,
    evidence: 'pointers of different types lead to elements: struct one, struct two',
  }
  expect(exactPayload(guess, [at(one, 8), at(two, 8)], 16)).toEqual(disagree)
  expect(exactPayload(guess, [at(one, 8), at(one, 0)], 16).type).toBeUndefined()
  expect(exactPayload(known, [at(one, 8), at(two, 8)], 16)).toBe(known)
})
