import { expect, test } from 'vitest'
import type { PointerType } from '../../src/btf/types.js'
import { tagsOf } from '../../src/value/pointer-tags.js'
import type { BtfBuilder } from '../btf/builder.js'
import { build } from './types.js'

const tags = (make: (b: BtfBuilder) => number): string[] =>
  tagsOf(build((b) => b.pointer(make(b))) as PointerType)

test('tags of a pointer stand between it and its target, qualifiers among them or not', () => {
  expect(tags(() => 0)).toEqual([])
  expect(tags((b) => b.typeTag('rcu', 0))).toEqual(['rcu'])
  expect(tags((b) => b.typeTag('rcu', b.typeTag('untrusted', 0)))).toEqual(['rcu', 'untrusted'])
  expect(tags((b) => b.const(b.typeTag('user', 0)))).toEqual(['user'])
  expect(tags((b) => b.typeTag('rcu', b.const(b.typeTag('user', 0))))).toEqual(['rcu', 'user'])
})

test('tags behind a name or another pointer are of other types', () => {
  expect(tags((b) => b.typedef('name', b.typeTag('user', 0)))).toEqual([])
  expect(tags((b) => b.pointer(b.typeTag('user', 0)))).toEqual([])
})

test('tags that never end are as many as anyone wants to know', () => {
  expect(tags((b) => b.typeTag('loop', b.nextId))).toHaveLength(64)
})
