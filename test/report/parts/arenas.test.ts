import { describe, expect, it } from 'vitest'
import { EntryStore } from '../../../src/report/entry-store.js'
import { readAllocators, readArenas, readContainers } from '../../../src/report/parts/arenas.js'
import { type SectionNotes, Sections } from '../../../src/report/sections.js'
import type { Session } from '../../../src/session/session.js'
import type { ArenaGuest as Guest } from '../../support/arena-guest.js'
import { ArenaGuest } from '../../support/arena-guest.js'
import { writeSdtTree } from '../../support/sdt-tree.js'

const outside = 0xffff_dead_beef_0000n

/** A session of which only arenas are asked. */
function sessionOf(test: Guest, unread: readonly string[] = []): Session {
  const { arena, maps } = test.build()
  const { allocators, containers } = arena
  return { arenas: [arena], maps, allocators, containers, recovery: { unread } } as unknown as Session
}

/** Three elements of an allocator, of which nothing refers to the second, and a heap. */
function world(
  change: (test: Guest, elements: readonly number[]) => void = () => undefined,
  unread: readonly string[] = [],
) {
  const test = new ArenaGuest()
  const {
    scx_task_allocator: allocator,
    first,
    third,
    heap,
  } = test.section('.bss', {
    scx_task_allocator: 'scx_allocator',
    first: 'toTask',
    third: 'toTask',
    heap: 'to_scx_minheap',
  })
  const tree = writeSdtTree(test, allocator?.at ?? 0n, 56, [{ index: 0 }, { index: 1 }, { index: 2 }])
  const elements = [0, 1, 2].map((index) => tree.elements.get(index) ?? 0)
  test.guest.u64(first?.at ?? 0n, test.user((elements[0] ?? 0) + 8))
  test.guest.u64(third?.at ?? 0n, test.user((elements[2] ?? 0) + 8))
  test.guest.u64(heap?.at ?? 0n, test.user(test.pages(1)))
  change(test, elements)
  return sessionOf(test, unread)
}

function taken<T>(name: 'arenas' | 'allocators' | 'containers', read: (notes: SectionNotes) => readonly T[]) {
  const sections = new Sections()
  const value = sections.take(name, [] as readonly T[], read)
  return {
    value,
    status: sections.statuses[name],
    problems: sections.problems.map(
      ({ severity, code, subject, message }) => `${severity} ${code} ${subject}: ${message}`,
    ),
  }
}

describe('arenas of a report', () => {
  it('are as many as there are maps of them, with what they hold', () => {
    const vm = world()
    const { value, status, problems } = taken('arenas', (notes) => readArenas(vm, notes))
    expect(value).toMatchObject([{ name: 'arena', id: 3 }])
    expect(status).toMatchObject({ status: 'complete', expected: 1, obtained: 1 })
    expect(problems).toEqual([])
    const none = { ...vm, arenas: [] } as unknown as Session
    expect(taken('arenas', (notes) => readArenas(none, notes)).status).toMatchObject({
      status: 'partial',
      expected: 1,
      obtained: 0,
    })
  })

  it('say what could not be read, and that integers may be pointers', () => {
    const vm = world(
      (test) => {
        const { lost } = test.section('.data', { lost: 'to_btree' })
        test.guest.u64(lost?.at ?? 0n, outside)
      },
      ['pointers in integers: program 8'],
    )
    const { status, problems } = taken('arenas', (notes) => readArenas(vm, notes))
    expect(status?.status).toBe('partial')
    expect(problems).toContain('error arena arena:3: lost: 0xffffdeadbeef0000 is outside the arena')
    expect(problems).toContain('error program section:arenas: pointers in integers: program 8')
  })
})

describe('allocators of a report', () => {
  const read = (vm: Session) => {
    const store = new EntryStore()
    const found = taken('allocators', (notes) => readAllocators(vm, store, notes))
    return { ...found, lines: found.value.map(({ span }) => span && [...store.lines(span)].length) }
  }

  it('have their elements in the store, and leaks as warnings', () => {
    const { value, status, problems, lines } = read(world())
    expect(value.map(({ allocator }) => [allocator.name, allocator.count])).toEqual([
      ['scx_task_allocator', 3],
    ])
    expect(lines).toEqual([3])
    expect(status).toMatchObject({ status: 'complete', expected: 1, obtained: 1 })
    expect(problems).toEqual([
      'warning leak allocator:scx_task_allocator[1]: it is handed out, and nothing refers to it',
    ])
  })

  it('that fail cost the others nothing', () => {
    const vm = world()
    const broken = {
      name: 'broken',
      toJSON() {
        throw new Error('odd')
      },
    }
    const { value, problems } = read({ ...vm, allocators: [broken, ...vm.allocators] } as unknown as Session)
    expect(value.map(({ allocator }) => allocator.name)).toEqual(['scx_task_allocator'])
    expect(problems[0]).toContain(
      "allocator:broken: a mistake of cryoscope's own, please report it: Error: odd",
    )
  })

  it('of which not all is known have problems', () => {
    const vm = world()
    const [own] = vm.allocators
    const json = own?.toJSON()
    const odd = {
      name: 'odd',
      toJSON: () => ({
        ...json,
        problems: [{ where: 'tree', why: 'torn' }],
        unreadRoots: ['map m'],
        dangling: [{ from: 'v', why: 'it is free' }],
      }),
      json: () => {
        throw new Error('no lines')
      },
    }
    const { value, problems } = read({ ...vm, allocators: [odd] } as unknown as Session)
    expect(value).toMatchObject([{ allocator: { count: null }, span: undefined }])
    expect(problems).toEqual([
      'error allocator allocator:odd: tree: torn',
      'error allocator allocator:odd: not searched for references: map m',
      'warning leak allocator:odd[1]: it is handed out, and nothing refers to it',
      'warning dangling allocator:odd: v: it is free',
      "error internal allocator:odd: a mistake of cryoscope's own, please report it: Error: no lines",
    ])
  })
})

describe('containers of a report', () => {
  it('have their entries in the store, and say what is wrong', () => {
    const vm = world((test) => {
      const { bad } = test.section('.data', { bad: 'to_scx_minheap' })
      const place = test.pages(1)
      test.guest.u64(bad?.at ?? 0n, test.user(place))
      test.set('scx_minheap', place, { size: 3, capacity: 2, helems: outside })
    })
    const store = new EntryStore()
    const { value, status, problems } = taken('containers', (notes) => readContainers(vm, store, notes))
    expect(value.map(({ container, span }) => [container.name, span?.count])).toEqual([
      ['heap', 0],
      ['bad', 0],
    ])
    expect(status).toMatchObject({ status: 'partial', expected: 2, obtained: 2 })
    expect(problems.every((problem) => problem.startsWith('error container container:bad: '))).toBe(true)
    expect(problems.length).toBeGreaterThan(0)
    const broken = {
      ...vm,
      containers: [
        {
          name: 'x',
          toJSON: () => {
            throw new Error('odd')
          },
        },
      ],
    } as unknown as Session
    expect(taken('containers', (notes) => readContainers(broken, store, notes)).value).toEqual([])
  })
})
