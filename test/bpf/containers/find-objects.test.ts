import { describe, expect, it } from 'vitest'
import { problemText } from '../../../src/problems.js'
import { ArenaGuest } from '../../support/arena-guest.js'

const outside = 0xffff_dead_beef_0000n

/** A region that an allocator never takes anything back from, and variables of these types. */
function region(variables: Readonly<Record<string, string>>) {
  const test = new ArenaGuest()
  const all = test.section('.bss', { scx_static: 'scx_static', ...variables })
  const place = test.pages(2)
  test.setAt('scx_static', all.scx_static?.at ?? 0n, {
    max_alloc_bytes: 8192,
    memory: test.user(place),
    off: 8192,
  })
  const point = (name: string, to: number): void => test.guest.u64(all[name]?.at ?? 0n, test.user(to))
  const read = () => {
    const { arena } = test.build()
    return {
      containers: arena.containers.map(({ name, kind, address, origin }) => ({
        name,
        kind,
        address,
        ...origin,
      })),
      said: arena.problems.map(problemText),
    }
  }
  return { test, place, point, read }
}

describe('containers in memory whose objects are known by pointers to them', () => {
  it('are parts of such objects, and what these point at', () => {
    const { test, place, point, read } = region({ first: 'to_holder', second: 'to_holder' })
    point('first', place)
    point('second', place + 128)
    test.set('holder', place, { heap: test.user(place + 1024) })
    const because = { certainty: 'declared', evidence: 'the type of what first points at' }
    const other = { certainty: 'declared', evidence: 'the type of what second points at' }
    expect(read()).toEqual({
      containers: [
        { name: 'scx_static.heap', kind: 'minheap', address: test.user(place + 1024), ...because },
        { name: 'scx_static.own', kind: 'minheap', address: test.user(place + 16), ...because },
        { name: 'scx_static+0x80.own', kind: 'minheap', address: test.user(place + 144), ...other },
      ],
      said: [],
    })
  })

  it('say of pointers out of the arena that they are', () => {
    const { test, place, point, read } = region({ first: 'to_holder' })
    point('first', place + 64)
    test.set('holder', place + 64, { heap: outside })
    expect(read().said).toEqual(['scx_static+0x40.heap: 0xffffdeadbeef0000 is outside the arena'])
  })

  it('are named by the variable that leads to them, not as objects', () => {
    const { test, place, point, read } = region({ first: 'to_scx_minheap' })
    point('first', place)
    expect(read().containers).toEqual([
      {
        name: 'first',
        kind: 'minheap',
        address: test.user(place),
        certainty: 'declared',
        evidence: 'the type of the variable first',
      },
    ])
  })

  it('are no containers of their own where they are the store of a queue', () => {
    const { test, place, point, read } = region({ queue: 'to_scx_atq' })
    point('queue', place)
    test.set('scx_atq', place, { tree: test.user(place + 256) })
    expect(read().containers.map(({ name, kind }) => [name, kind])).toEqual([['queue', 'atq']])
  })

  it('stand for themselves where the topology above them does not have them', () => {
    const { test, place, point, read } = region({ leaf: 'to_topology' })
    point('leaf', place)
    // It hangs below a whole that is an object, too.
    test.set('topology', place, { parent: test.user(place + 512), level: 1 })
    expect(read().containers).toEqual([
      {
        name: 'scx_static+0x200',
        kind: 'topology',
        address: test.user(place + 512),
        certainty: 'declared',
        evidence: 'the type of what scx_static struct topology points at',
      },
    ])
  })
})

describe('a node of a topology', () => {
  function nodes() {
    const test = new ArenaGuest()
    const { leaf } = test.section('.bss', { leaf: 'to_topology' })
    const place = test.pages(1)
    test.guest.u64(leaf?.at ?? 0n, test.user(place))
    const found = () => {
      const { arena } = test.build()
      return arena.containers.map(({ name, address }) => [name, address])
    }
    return { test, place, found }
  }

  it('leads to its root, by whatever levels are between', () => {
    const { test, place, found } = nodes()
    test.set('topology', place, { parent: test.user(place + 512) })
    test.set('topology', place + 512, { parent: test.user(place + 1024) })
    expect(found()).toEqual([['leaf (its root)', test.user(place + 1024)]])
  })

  it('is its own root where what is above it is outside of the arena, or cannot be read', () => {
    const { test, place, found } = nodes()
    test.set('topology', place, { parent: outside })
    expect(found()).toEqual([['leaf', test.user(place)]])
    const gone = nodes()
    gone.test.set('topology', gone.place, { parent: 0x1000_0500_0000n })
    expect(gone.found()).toEqual([['leaf', gone.test.user(gone.place)]])
  })

  it('is its own root where links lead in a circle', () => {
    const { test, place, found } = nodes()
    test.set('topology', place, { parent: test.user(place + 512) })
    test.set('topology', place + 512, { parent: test.user(place) })
    expect(found()).toEqual([['leaf', test.user(place)]])
  })
})
