import { expect, it } from 'vitest'
import { readerFor } from '../../../src/bpf/maps/readers.js'

it.each([
  ['array', 'places'],
  ['percpu_array', 'places'],
  ['task_storage', 'owners'],
  ['sk_storage', 'owners'],
  ['inode_storage', 'owners'],
  ['cgrp_storage', 'owners'],
  ['cgroup_storage', 'owners'],
  ['percpu_cgroup_storage', 'owners'],
  ['hash', undefined],
  ['array_of_maps', undefined],
])('the reader of %s says that its keys are %s', (type, keys) => {
  expect(readerFor(type)?.keys).toBe(keys)
})

it('there is none for a type that nobody knows', () => {
  expect(readerFor('made_up')).toBeUndefined()
})
