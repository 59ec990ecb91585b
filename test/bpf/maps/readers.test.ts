import { expect, it } from 'vitest'
import { readerFor } from '../../../src/bpf/maps/readers.js'
import { mapTypes } from '../../support/map-structs.js'

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

it('only those of per-CPU maps have a value for each CPU', () => {
  const types = Object.keys(mapTypes).map((type) => type.replace(/_deprecated$/, ''))
  expect(types.filter((type) => readerFor(type)?.perCpu)).toEqual([
    'percpu_hash',
    'percpu_array',
    'lru_percpu_hash',
    'percpu_cgroup_storage',
  ])
})

it('there is none for a type that nobody knows', () => {
  expect(readerFor('made_up')).toBeUndefined()
})
