import { describe, expect, it } from 'vitest'
import '../../src/report/attach.js'
import { Report } from '../../src/report/report.js'
import { Session } from '../../src/session/session.js'
import { addArray, addProgram } from '../support/bpf-objects.js'
import { HoledMemory } from '../support/holed-memory.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { writeTasks } from '../support/kernel-objects.js'
import { addMap, linkHlist, memberOf } from '../support/map-objects.js'
import { sessionOf } from './support/worlds.js'

/** Which sections are not whole, with what they say of others, where the page of an object is missing. */
function without(part?: 'program' | 'map'): {
  statuses: Record<string, string>
  made: Record<string, readonly string[]>
} {
  const guest = new KernelGuest()
  writeTasks(guest, [{ pid: 1, comm: 'init' }])
  addProgram(guest, { id: 6, name: 'first' })
  // Each on a page of its own.
  guest.alloc(4096, 4096)
  const program = addProgram(guest, { id: 7, name: 'second' }).address
  guest.alloc(4096, 4096)
  const map = addArray(guest, { id: 3, name: 'counters', valueSize: 8, maxEntries: 1 })
  guest.alloc(4096, 4096)
  guest.finish()
  const hole =
    part === undefined ? -1 : Math.floor(guest.physicalOf(part === 'program' ? program : map) / 4096)
  const whole = sessionOf(guest.memory)
  const memory = new HoledMemory(guest.memory, (frame) => frame === hole)
  const { sections } = Report.take(new Session({ ...whole.target, memory })).head
  const entries = Object.entries(sections)
  return {
    statuses: Object.fromEntries(entries.map(([name, { status }]) => [name, status])),
    made: Object.fromEntries(
      entries.flatMap(([name, { reasons }]) => {
        const others = reasons.flatMap(
          (reason) => /^section:(\w+) is not whole, and this one is made of it$/.exec(reason)?.[1] ?? [],
        )
        return others.length === 0 ? [] : [[name, others]]
      }),
    ),
  }
}

describe('what belongs to a task of a report', () => {
  it('are its values in task storages, and no other storage that names it', () => {
    const guest = new KernelGuest()
    const { objects } = guest
    const tasks = writeTasks(guest, [
      { pid: 42, comm: 'worker' },
      { pid: 43, comm: 'other' },
    ])
    for (const type of ['task_storage', 'cgrp_storage'] as const) {
      const buckets = objects.make('bpf_local_storage_map_bucket')
      const members = { buckets, bucket_log: 0 }
      const map = addMap(guest, type, 'bpf_local_storage_map', { valueSize: 8, maxEntries: 0, members })
      const local_storage = objects.make('bpf_local_storage', { owner: tasks.get(42) ?? 0n })
      const element = objects.make(
        'bpf_local_storage_elem',
        { local_storage, 'sdata.smap': map },
        { extra: 8 },
      )
      linkHlist(guest, memberOf(guest, 'bpf_local_storage_map_bucket', buckets, 'list'), [
        memberOf(guest, 'bpf_local_storage_elem', element, 'map_node'),
      ])
    }
    guest.finish()
    const { identity, maps } = Report.take(sessionOf(guest.memory)).head
    expect(maps.map(({ type, count }) => [type, count])).toEqual([
      ['task_storage', 1],
      ['cgrp_storage', 1],
    ])
    expect(identity.tasks['task:42']?.values).toEqual(['map:1'])
    expect(identity.tasks['task:43']?.values).toEqual([])
  })

  it('is what a session is asked for by its own name', () => {
    const guest = new KernelGuest()
    writeTasks(guest, [{ pid: 42, comm: 'worker' }])
    guest.finish()
    const vm = sessionOf(guest.memory)
    expect(vm.report()).toBeInstanceOf(Report)
    expect(vm.report().head.tasks.map(({ pid }) => pid)).toEqual([0, 0, 42])
    expect([...vm.story().sentences].length).toBeGreaterThan(0)
  })
})

describe('sections that are made of others', () => {
  it('are whole where these are', () => {
    expect(without()).toMatchObject({
      statuses: { programs: 'complete', maps: 'complete', allocators: 'complete' },
    })
    expect(Object.values(without().made).flat()).not.toContain('programs')
    expect(Object.values(without().made).flat()).not.toContain('maps')
  })

  it('are not whole where a program cannot be read', () => {
    const { statuses, made } = without('program')
    expect(statuses).toMatchObject({
      programs: 'partial',
      streams: 'partial',
      allocators: 'partial',
      identity: 'partial',
    })
    expect(made.streams).toEqual(['programs'])
    expect(made.allocators).toContain('programs')
    expect(made.identity).toContain('programs')
    expect(made.arenas ?? []).not.toContain('programs')
  })

  it('are not whole where a map cannot be read: it may be any of them', () => {
    const { statuses, made } = without('map')
    expect(statuses).toMatchObject({ maps: 'partial', structOps: 'partial', arenas: 'partial' })
    expect(made.structOps).toEqual(['maps'])
    expect(made.arenas).toEqual(['maps'])
    expect(made.allocators).toContain('arenas')
    expect(made.containers).toEqual(['arenas', 'allocators'])
    expect(made.streams).toBeUndefined()
  })
})
