import { describe, expect, it } from 'vitest'
import { listArenas } from '../../../src/bpf/arena/arenas.js'
import { Problems } from '../../../src/problems.js'
import { ArenaGuest } from '../../support/arena-guest.js'
import { type ElementSpec, writeSdtTree } from '../../support/sdt-tree.js'

/** Trees of tasks (48 bytes) and of CPUs (24 bytes), and variables that refer to them. */
function make(tasks: readonly ElementSpec[], cpus: readonly ElementSpec[] = []) {
  const test = new ArenaGuest()
  const variables = test.section('.bss', {
    scx_task_allocator: 'scx_allocator',
    cpu_allocator: 'scx_allocator',
    anything: 'u64',
    task: 'toTask',
    handle: 'toData',
  })
  const at = (name: string): bigint => variables[name]?.at ?? 0n
  const taskTree = writeSdtTree(test, at('scx_task_allocator'), 48, tasks)
  const cpuTree = writeSdtTree(test, at('cpu_allocator'), 24, cpus)
  const task = (index: number): number => taskTree.elements.get(index) as number
  const cpu = (index: number): number => cpuTree.elements.get(index) as number
  return { test, at, task, cpu }
}

describe('references', () => {
  it('from variables and from elements keep elements from being leaks', () => {
    const { test, at, task, cpu } = make(
      [{ index: 0 }, { index: 1 }, { index: 2 }, { index: 3 }],
      [{ index: 0 }, { index: 1 }],
    )
    test.guest.u64(at('handle'), test.user(task(0)))
    // An integer, into the middle of the element.
    test.set('task_ctx', task(0) + 8, { peer: test.user(task(2) + 20), cpu: test.user(cpu(1) + 8) })
    const { arena } = test.build()
    const [tasks, cpus] = arena.allocators
    expect(tasks?.leaks.map(({ index }) => index)).toEqual([1, 3])
    expect(cpus?.leaks.map(({ index }) => index)).toEqual([0])
    expect(tasks?.dangling).toEqual([])
  })

  it('may be in a map that could not be listed: that is a root that was not read', () => {
    const { test } = make([{ index: 0 }])
    const { kernel, maps, arena } = test.build()
    expect(arena.allocators[0]?.unreadRoots).toEqual([])
    const listing = new Problems()
    listing.add('map_idr', 'page not present')
    const [found] = listArenas(kernel, maps, listing, new Problems())
    expect(found?.allocators[0]?.leaks).toHaveLength(1)
    expect(found?.allocators[0]?.unreadRoots).toEqual(['map_idr: page not present'])
  })

  it('in circles that nothing leads to are leaks', () => {
    const { test, task } = make([{ index: 0 }, { index: 1 }])
    test.set('task_ctx', task(0) + 8, { peer: test.user(task(1)) })
    test.set('task_ctx', task(1) + 8, { peer: test.user(task(0)) })
    const { arena } = test.build()
    expect(arena.allocators[0]?.leaks).toHaveLength(2)
  })

  it('to elements that were given back are dangling, and say where they are', () => {
    const { test, at, task } = make([{ index: 0 }, { index: 1, state: 'recycled' }])
    test.guest.u64(at('handle'), test.user(task(0)))
    test.set('task_ctx', task(0) + 8, { peer: test.user(task(1) + 8) })
    test.guest.u64(at('anything'), test.user(500 * 4096))
    const { arena } = test.build()
    expect(arena.allocators[0]?.dangling).toEqual([
      { from: 'scx_task_allocator[0]+0x28', place: task(1) + 8, why: 'scx_task_allocator[1] is recycled' },
    ])
    expect(arena.strays).toEqual([{ from: 'anything', place: 500 * 4096, why: 'its page is free' }])
  })

  it('of the allocators themselves do not count', () => {
    const { test } = make([{ index: 0 }])
    expect(test.allocator('scx_task_allocator').leaks).toHaveLength(1)
  })
})

describe('payload types', () => {
  it('are exact where declared pointers lead to payloads', () => {
    const { test, at, task } = make([{ index: 0 }])
    test.guest.u64(at('task'), test.user(task(0) + 8))
    const allocator = test.allocator('scx_task_allocator')
    expect(allocator.payload).toMatchObject({ certainty: 'exact', header: 8 })
    expect(allocator.payload.evidence).toBe(
      'a pointer of type struct task_ctx * to its elements, such as task',
    )
  })

  it('say how many pointers there are', () => {
    const { test, at, task } = make([{ index: 0 }, { index: 1 }, { index: 2 }])
    test.guest.u64(at('task'), test.user(task(0) + 8))
    test.hash(
      'tasks',
      'toTask',
      4,
      [1, 2].map((index) => ({
        key: Uint8Array.of(index, 0, 0, 0),
        value: new Uint8Array(BigUint64Array.of(test.user(task(index) + 8)).buffer),
      })),
    )
    expect(test.allocator('scx_task_allocator').payload.evidence).toBe(
      '3 pointers of type struct task_ctx * to its elements, such as task',
    )
  })

  it('are told by the name of an allocator whose struct has no size of its own', () => {
    const test = new ArenaGuest()
    const { scx_mask_allocator: allocator } = test.section('.bss', { scx_mask_allocator: 'scx_allocator' })
    writeSdtTree(test, allocator?.at ?? 0n, 64, [{ index: 0 }])
    expect(test.allocator('scx_mask_allocator').payload).toMatchObject({
      type: { name: 'scx_mask' },
      header: 0,
      certainty: 'inferred',
      evidence: "the allocator's name, and elements begin with the struct's own tid",
    })
  })

  it('spread along the pointers of types that are exact', () => {
    const { test, at, task, cpu } = make([{ index: 0 }], [{ index: 0 }])
    test.guest.u64(at('task'), test.user(task(0) + 8))
    test.set('task_ctx', task(0) + 8, { cpu: test.user(cpu(0) + 8) })
    const allocator = test.allocator('cpu_allocator')
    expect(allocator.payload).toMatchObject({ certainty: 'exact' })
    expect(allocator.payload.type?.name).toBe('cpu_ctx')
  })

  it('are inferred when only one struct has the size, also one that is no multiple of eight', () => {
    const { test } = make([{ index: 0 }])
    const allocator = test.allocator('scx_task_allocator')
    expect(allocator.payload).toMatchObject({ certainty: 'inferred' })
    const odd = new ArenaGuest()
    const { thing_allocator } = odd.section('.bss', { thing_allocator: 'scx_allocator' })
    writeSdtTree(odd, thing_allocator?.at ?? 0n, 48 + 0, [{ index: 0 }])
    expect(odd.allocator('thing_allocator').payload.candidates).toContain('struct odd_ctx')
  })

  it('are chosen by name among several, and unknown where that does not tell', () => {
    const test = new ArenaGuest()
    const variables = test.section('.bss', {
      cgrp_allocator: 'scx_allocator',
      strange: 'scx_allocator',
      unique: 'scx_allocator',
    })
    // 24 bytes of payload: struct cgrp_ctx or struct other_thing. 8 bytes: none. 24 with its own header: tid_ctx.
    writeSdtTree(test, variables.cgrp_allocator?.at ?? 0n, 32, [{ index: 0 }])
    writeSdtTree(test, variables.strange?.at ?? 0n, 1000, [{ index: 0 }])
    writeSdtTree(test, variables.unique?.at ?? 0n, 24, [{ index: 0 }])
    const { arena } = test.build()
    const [several, none, whole] = arena.allocators
    expect(several?.payload).toMatchObject({ certainty: 'inferred' })
    expect(several?.payload.type?.name).toBe('cgrp_ctx')
    expect(several?.payload.evidence).toContain('its name, among 2 structs')
    expect(none?.payload).toMatchObject({
      certainty: 'unknown',
      evidence: 'no struct of the program has 992 bytes',
    })
    expect(JSON.parse([...(none?.json() ?? [])][0] as string).hex).toMatch(/^[0-9a-f]{1984}$/)
    // struct cpu_ctx has 16 bytes and fits behind the header, tid_ctx brings the header along.
    expect(whole?.payload.candidates).toEqual(['struct cpu_ctx', 'struct tid_ctx'])
  })
})
