import { describe, expect, it } from 'vitest'
import { listArenas } from '../../../src/bpf/arena/arenas.js'
import { BpfMap } from '../../../src/bpf/map.js'
import { taskArenaObjects } from '../../../src/bpf/task/arena-objects.js'
import type { TaskEntry } from '../../../src/bpf/task/entries.js'
import { Problems } from '../../../src/problems.js'
import { ArenaGuest } from '../../support/arena-guest.js'
import { writeSdtTree } from '../../support/sdt-tree.js'

const task = { address: 0xffff888012345678n, pid: 42, tgid: 40 }

function bytes(...words: readonly bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(words).buffer)
}

/** An allocator with three elements of 48 bytes behind their headers, of no known type, and a map of the program. */
function world(fill: (test: ArenaGuest, elements: readonly number[]) => readonly bigint[]) {
  const test = new ArenaGuest()
  const { scx_task_allocator: allocator } = test.section('.bss', { scx_task_allocator: 'scx_allocator' })
  const tree = writeSdtTree(test, allocator?.at ?? 0n, 56, [{ index: 0 }, { index: 1 }, { index: 2 }])
  const elements = [0, 1, 2].map((index) => tree.elements.get(index) ?? 0)
  const words = fill(test, elements)
  test.hash(
    'tasks',
    'u64',
    4,
    words.map((word, n) => ({ key: Uint8Array.of(n + 1, 0, 0, 0), value: bytes(word) })),
  )
  const { kernel, maps } = test.build()
  const problems = new Problems()
  const arenas = listArenas(kernel, maps, problems, problems)
  const all = maps.map((info) => new BpfMap(kernel, info, problems))
  const entries = (): TaskEntry[] =>
    all
      .filter(({ name }) => name === 'tasks')
      .flatMap((map) =>
        [...map.entries()].map((entry) => ({ kind: 'map_entry', map, entry, how: 'its key is 1' }) as const),
      )
  const found = (of: readonly TaskEntry[]) => {
    const said = new Problems()
    const objects = taskArenaObjects(arenas, of, task, said)
    return { objects, told: objects.map(({ object, how }) => [object.name, how]), said: said.sentences }
  }
  return { test, found, entries, elements }
}

describe('allocations of a task', () => {
  it('are those that its entries point into, each once', () => {
    const { found, entries, elements, test } = world((test, [first = 0, second = 0]) => [
      test.user(first),
      test.user(second + 16),
      test.user(first + 8),
      5n,
    ])
    const { told, objects } = found(entries())
    const points = 'byte 0 in its entry of map tasks points at it'
    expect(told.toSorted()).toEqual([
      ['scx_task_allocator[0]', [points]],
      ['scx_task_allocator[1]', [points]],
    ])
    const first = objects.find(({ object }) => object.name.endsWith('[0]'))
    expect(first).toMatchObject({ address: test.user(elements[0] ?? 0), value: undefined })
    expect(first?.bytes).toHaveLength(56)
    expect(found([]).told).toEqual([])
  })

  it('are those of unknown type that hold its address, and not its pid', () => {
    const { found } = world((test, [first = 0, second = 0, third = 0]) => {
      test.u64(first + 8 + 40, task.address)
      test.u64(second + 8, 42n)
      test.u64(third + 8 + 16, task.address + 1n)
      return []
    })
    expect(found([]).told).toEqual([
      ['scx_task_allocator[0]', ['byte 48 of it holds the address of its task_struct']],
    ])
  })

  it('are none that were given back', () => {
    const test = new ArenaGuest()
    const { scx_task_allocator: allocator } = test.section('.bss', { scx_task_allocator: 'scx_allocator' })
    const specs = [{ index: 0 }, { index: 1, state: 'recycled' as const }]
    const { elements } = writeSdtTree(test, allocator?.at ?? 0n, 56, specs)
    for (const place of elements.values()) test.u64(place + 16, task.address)
    const { kernel, maps } = test.build()
    const problems = new Problems()
    const found = taskArenaObjects(listArenas(kernel, maps, problems, problems), [], task, problems)
    expect(found.map(({ object, how }) => [object.name, how])).toEqual([
      ['scx_task_allocator[0]', ['byte 16 of it holds the address of its task_struct']],
    ])
  })

  it('of a type are told by its members', () => {
    const told = (values: Readonly<Record<string, number | bigint>>) => {
      const test = new ArenaGuest()
      const { scx_task_allocator: allocator, task: typing } = test.section('.bss', {
        scx_task_allocator: 'scx_allocator',
        task: 'toQueued',
      })
      const tree = writeSdtTree(test, allocator?.at ?? 0n, 256, [{ index: 0 }])
      const element = tree.elements.get(0) ?? 0
      test.set('queued_ctx', element + 8, values)
      test.guest.u64(typing?.at ?? 0n, test.user(element + 8))
      const { kernel, maps } = test.build()
      const problems = new Problems()
      const objects = taskArenaObjects(listArenas(kernel, maps, problems, problems), [], task, problems)
      return objects.map(({ how, object }) => [object.type?.name, how])
    }
    expect(told({ pid: 42 })).toEqual([['queued_ctx', ['its member pid holds its pid 42']]])
    expect(told({ pid: 43, lag: task.address })).toEqual([])
    expect(told({ pid: 42, lag: task.address })).toEqual([
      [
        'queued_ctx',
        ['its member pid holds its pid 42', 'its member lag holds the address of its task_struct'],
      ],
    ])
  })

  it('are not searched where they cannot be read, which is said', () => {
    const { found, test, elements } = world(() => [])
    const page = Math.floor((elements[2] ?? 0) / 4096) * 4096
    test.guest.unmap(test.kernelAddress(page))
    const { told, said } = found([])
    expect(told).toEqual([])
    expect(said.join('\n')).toMatch(/arena arena/)
  })

  it('say which page an element lacks that begins on another', () => {
    const test = new ArenaGuest()
    const { scx_task_allocator: allocator } = test.section('.bss', { scx_task_allocator: 'scx_allocator' })
    const tree = writeSdtTree(test, allocator?.at ?? 0n, 5624, [{ index: 0 }])
    const page = test.kernelAddress(((tree.elements.get(0) ?? 0) & ~0xfff) + 4096)
    test.guest.unmap(page)
    const { kernel, maps } = test.build()
    const problems = new Problems()
    const said = new Problems()
    expect(taskArenaObjects(listArenas(kernel, maps, problems, problems), [], task, said)).toEqual([])
    expect(said.sentences).toContain(
      `arena arena, allocator scx_task_allocator, scx_task_allocator[0]: page not present at 0x${page.toString(16)} (pte)`,
    )
  })

  it('without an arena are none', () => {
    expect(taskArenaObjects([], [], task, new Problems())).toEqual([])
  })
})
