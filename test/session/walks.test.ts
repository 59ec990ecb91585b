import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../src/errors.js'
import { Session } from '../../src/session/session.js'
import type { StructValue } from '../../src/value/types.js'
import { addArray } from '../support/bpf-objects.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { writeTasks } from '../support/kernel-objects.js'
import { writeBucketTable, writeIdr, writeMaple, writeRbtree } from '../support/structures.js'

const wild = 0xffff800000001000n

function open(make: (guest: KernelGuest) => void): Session {
  const guest = new KernelGuest()
  make(guest)
  guest.finish()
  return new Session({
    name: 'test',
    memory: guest.memory,
    control: undefined,
    vcpus: () => [],
    problems: [],
    facts: {},
  })
}

const pids = (found: Iterable<unknown>): number[] => [...found].map((task) => (task as StructValue).pid)

describe('walks of a session', () => {
  it('give typed structs, from a symbol, an address, a value and a pointer', () => {
    let head = 0n
    const vm = open((guest) => {
      writeTasks(guest, [{ pid: 1 }, { pid: 2 }, { pid: 3 }])
      head = guest.global('task_list', 8)
      guest.u64(
        head,
        (guest.symbols.find(({ name }) => name === 'init_task')?.address ?? 0n) +
          BigInt(guest.objects.offsetOf('task_struct', 'tasks')),
      )
    })
    const init = vm.at('init_task', 'struct task_struct') as StructValue
    const pointer = vm.at(head, 'struct list_head *')
    for (const start of [init.tasks, init.tasks.$address, pointer])
      expect(pids(vm.list(start, 'struct task_struct', 'tasks'))).toEqual([1, 2, 3])
    const walk = vm.list(init.tasks, vm.type('struct task_struct'), 'tasks')
    expect(pids(walk.take(2))).toEqual([1, 2])
    expect(walk.take(0)).toEqual([])
    // It may be walked again.
    expect(pids(walk)).toEqual(pids(walk.toArray()))
    expect(vm.problems).toEqual([])
  })

  it('say in the problems of the session how a broken one ended', () => {
    const vm = open((guest) => {
      const byPid = writeTasks(guest, [{ pid: 1 }, { pid: 2 }, { pid: 3 }])
      const tasks = BigInt(guest.objects.offsetOf('task_struct', 'tasks'))
      guest.u64((byPid.get(1) ?? 0n) + tasks, wild)
      guest.u64((byPid.get(3) ?? 0n) + tasks + 8n, wild)
    })
    const init = vm.at('init_task', 'struct task_struct') as StructValue
    expect(pids(vm.list(init.tasks, 'struct task_struct', 'tasks'))).toEqual([1, 3])
    expect(vm.problems).toEqual([
      expect.stringMatching(/^list of struct task_struct at 0x[0-9a-f]+: list breaks after 1 entries/),
    ])
  })

  it('give trees in order, ids with their objects, ranges with theirs', () => {
    let root = 0n
    let tree = 0n
    const vm = open((guest) => {
      addArray(guest, { id: 7, valueSize: 8, maxEntries: 1 })
      addArray(guest, { id: 9, valueSize: 8, maxEntries: 1 })
      root = guest.alloc(16)
      const nodes = [5, 6, 7].map((color) => guest.objects.make('rb_node', { color }))
      writeRbtree(guest, root, nodes)
      tree = guest.objects.make('maple_tree')
      writeMaple(guest, tree, [
        { last: 0xfffn, pointer: nodes[0] ?? 0n },
        { last: 2n ** 64n - 1n, pointer: 0n },
      ])
    })
    const colors = vm.rbtree(root, 'struct rb_node', 'rb_left').toArray()
    expect(colors).toHaveLength(3)
    const maps = vm.xarray('map_idr', 'struct bpf_map').toArray()
    expect(maps.map(({ index, value }) => [index, (value as StructValue).id])).toEqual([
      [7, 7],
      [9, 9],
    ])
    const found = vm.maple(tree, 'struct rb_node').toArray()
    const areas = found.map(({ first, last, value }) => [first, last, (value as StructValue).color])
    expect(areas).toEqual([[0n, 0xfffn, 5n]])
  })

  it('refuse what has no such member, and what is no struct', () => {
    const vm = open((guest) => writeTasks(guest, []))
    const walk = (type: string, member: string) => vm.list('init_task', type, member)
    expect(() => walk('struct task_struct', 'nothing')).toThrow('struct task_struct has no member nothing')
    expect(() => walk('int', 'x')).toThrow('elements of a list are structs; int is none')
    expect(() => vm.list(3 as unknown as bigint, 'struct task_struct', 'tasks')).toThrow(CryoscopeError)
  })
})

describe('a walk that is looked at', () => {
  const vm = open((guest) =>
    writeTasks(
      guest,
      Array.from({ length: 103 }, (_, n) => ({ pid: n + 1 })),
    ),
  )
  const init = vm.at('init_task', 'struct task_struct') as StructValue
  // The head itself is the member of init_task.
  const walk = vm.list(init.tasks, 'struct task_struct', 'tasks')

  it('shows its first hundred elements, and that there are more', () => {
    const count = (text: string): number => text.split('struct task_struct {').length - 1
    const text = inspect(walk, { depth: 0 })
    expect(text).toMatch(/, … \(the first 100; toArray\(\) gives all\)$/)
    const few = vm.list(init.thread_group ?? init.tasks, 'struct task_struct', 'tasks')
    expect(pids(few)).toHaveLength(103)
    expect(inspect(walk, { depth: 0 }).startsWith(inspect(walk.take(100), { depth: 0 }))).toBe(true)
    expect(count(text)).toBeLessThanOrEqual(100)
  })

  it('is a list in JSON, and columns in a frame', () => {
    expect(walk.toJSON()).toHaveLength(103)
    expect((JSON.parse(JSON.stringify(walk)) as unknown[]).length).toBe(103)
    expect(walk.frame().length).toBe(103)
    expect(walk.take(3)).toHaveLength(3)
    expect(walk.take(-1)).toEqual([])
  })

  it('shows all where they are not more than a hundred', () => {
    const small = open((guest) =>
      writeTasks(
        guest,
        Array.from({ length: 100 }, (_, n) => ({ pid: n + 1 })),
      ),
    )
    const first = small.at('init_task', 'struct task_struct') as StructValue
    const list = small.list(first.tasks, 'struct task_struct', 'tasks')
    expect(inspect(list, { depth: 0 })).toBe(inspect(list.toArray(), { depth: 0 }))
  })
})

describe('walks by id', () => {
  it('give ids as they were given, where an idr does not begin at 0', () => {
    let idr = 0n
    let array = 0n
    const vm = open((guest) => {
      const node = (n: number) => guest.objects.make('rb_node', { color: n })
      idr = guest.global('some_idr', guest.objects.sizeOf('idr'))
      writeIdr(
        guest,
        idr,
        new Map([
          [0, node(4)],
          [3, node(5)],
        ]),
      )
      guest.objects.set('idr', idr, { idr_base: 10 })
      array = idr + BigInt(guest.objects.offsetOf('idr', 'idr_rt'))
    })
    const found = (start: Parameters<Session['xarray']>[0]) =>
      vm
        .xarray(start, vm.type('struct rb_node'))
        .toArray()
        .map(({ index, value }) => [index, (value as StructValue).color])
    // A symbol or address alone does not tell that it is one.
    expect(found(vm.at(idr, 'struct idr'))).toEqual([
      [10, 4n],
      [13, 5n],
    ])
    expect(found(array)).toEqual([
      [0, 4n],
      [3, 5n],
    ])
    expect(found('some_idr')).toEqual([
      [0, 4n],
      [3, 5n],
    ])
  })

  it('say what they walked where it is broken, by the name of the type', () => {
    const vm = open(() => {})
    expect(vm.xarray(wild, vm.type('struct bpf_map')).toArray()).toEqual([])
    expect(vm.maple(wild, 'struct rb_node').toArray()).toEqual([])
    expect(vm.problems).toEqual([
      expect.stringMatching(/^xarray of bpf_map at 0xffff800000001000: /),
      expect.stringMatching(/^maple tree of struct rb_node at 0xffff800000001000: /),
    ])
  })
})

describe('walks of tables', () => {
  it('give what is in their chains', () => {
    let table = 0n
    let head = 0n
    let nodes: bigint[] = []
    const vm = open((guest) => {
      nodes = [0, 1, 2].map(() => guest.objects.make('rhash_head'))
      table = guest.objects.make('rhashtable', {
        tbl: writeBucketTable(guest, [nodes.slice(0, 1), nodes.slice(1)]),
      })
      const chain = [0, 1].map(() => guest.objects.make('hlist_node'))
      head = guest.alloc(8)
      guest.u64(head, chain[0] ?? 0n)
      guest.u64(chain[0] ?? 0n, chain[1] ?? 0n)
      nodes.push(...chain)
    })
    const addresses = (found: Iterable<unknown>) => [...found].map((value) => (value as StructValue).$address)
    expect(addresses(vm.rhashtable(table, 'struct rhash_head', 'next'))).toEqual(nodes.slice(0, 3))
    expect(addresses(vm.hlist(head, 'struct hlist_node', 'next'))).toEqual(nodes.slice(3))
    expect(vm.problems).toEqual([])
  })
})
