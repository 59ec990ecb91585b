import { describe, expect, it } from 'vitest'
import type { Allocator } from '../../../src/bpf/allocators/allocator.js'
import { allocatorNamed } from '../../../src/bpf/allocators/named.js'
import { ArenaGuest } from '../../support/arena-guest.js'

function arenaOf(...names: string[]): readonly Allocator[] {
  const guest = new ArenaGuest()
  guest.section('.bss', Object.fromEntries(names.map((name) => [name, 'scx_allocator'])))
  return guest.build().arena.allocators
}

describe('allocatorNamed', () => {
  it('finds by name, and by arena and name', () => {
    const all = arenaOf('tasks', 'cpus')
    expect(allocatorNamed(all, 'cpus', [])).toBe(all[1])
    expect(allocatorNamed(all, '3/tasks', [])).toBe(all[0])
  })

  it('names what there is, and asks which of several is meant', () => {
    const all = arenaOf('tasks', 'cpus')
    expect(() => allocatorNamed(all, 'task', [])).toThrow('there is no allocator task; there are tasks, cpus')
    expect(() => allocatorNamed(all, '4/tasks', [])).toThrow('there is no allocator 4/tasks')
    expect(() => allocatorNamed([], 'tasks', [])).toThrow('no program with an arena has an allocator')
    expect(() => allocatorNamed([...all, ...arenaOf('tasks')], 'tasks', [])).toThrow(
      '2 allocators are called tasks',
    )
  })

  it('denies nothing where a program could not be read', () => {
    expect(() => allocatorNamed(arenaOf('tasks'), 'cpus', ['program 5: it is absent'])).toThrow(
      'allocator cpus is not among those that could be read, of which there are tasks; not all could: program 5: it is absent',
    )
  })
})
