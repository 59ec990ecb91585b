import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { listArenas } from '../../../src/bpf/arena/arenas.js'
import { containerNamed } from '../../../src/bpf/containers/named.js'
import { syntheticPointer } from '../../../src/btf/inflate.js'
import { Problems } from '../../../src/problems.js'
import type { RecoveredPointer } from '../../../src/value/recovered.js'
import { ArenaGuest } from '../../support/arena-guest.js'
import { containers } from '../../support/container-types.js'

describe('containers', () => {
  it('are found in variables, arrays of them and what is in the arena itself', () => {
    const test = new ArenaGuest({ constants: [1n << 44n] })
    test.pages(1, 0)
    const { here } = test.arenaSection({ here: 'scx_minheap' }, 0)
    const { queues } = test.section('.bss', { queues: 'manyQueues' })
    const place = test.pages(1)
    test.guest.u64((queues?.at ?? 0n) + 16n, test.user(place))
    test.set('scx_minheap', here?.place ?? 0, { capacity: 4 })
    const { arena } = test.build()
    expect(arena.containers.map(({ name, address }) => [name, address])).toEqual([
      ['queues[2]', test.user(place)],
      ['here', test.user(here?.place ?? 0)],
    ])
    expect(containerNamed(arena.containers, 'here', []).kind).toBe('minheap')
    expect(() => containerNamed(arena.containers, 'there', [])).toThrow('there are queues[2], here')
  })

  it('are named once, by the first that leads to them', () => {
    const test = new ArenaGuest()
    const { one, other } = test.section('.bss', { one: 'to_btree', other: 'to_btree' })
    const place = test.pages(1)
    for (const pointer of [one, other]) test.guest.u64(pointer?.at ?? 0n, test.user(place))
    expect(test.build().arena.containers.map(({ name }) => name)).toEqual(['one'])
  })

  it('say of a pointer out of the arena that it is one', () => {
    const test = new ArenaGuest()
    const { it: pointer } = test.section('.bss', { it: 'to_btree' })
    test.guest.u64(pointer?.at ?? 0n, 0xffff_dead_beef_0000n)
    const { arena } = test.build()
    expect(arena.containers).toEqual([])
    expect(arena.problems).toContainEqual({ where: 'it', why: '0xffffdeadbeef0000 is outside the arena' })
  })

  it('are found by integers that are known to hold their address, and say so', () => {
    const test = new ArenaGuest()
    const { words } = test.section('.bss', { words: 'words' })
    const place = test.pages(1)
    test.guest.u64((words?.at ?? 0n) + 8n, test.user(place))
    test.guest.u64((words?.at ?? 0n) + 16n, 5n)
    const { kernel, maps } = test.build()
    const problems = new Problems()
    const recovered = (value: RecoveredPointer['type']): RecoveredPointer => ({
      type: value,
      evidence: {
        degree: 'supported',
        function: 'f',
        instruction: 1,
        file: 'x.c',
        line: 3,
        why: '',
        lines: ['x.c:3'],
      },
      accepts: (word) => word > 0x1000n,
    })
    const [arena] = listArenas(kernel, maps, problems, problems, {
      pointerAt: (type) => {
        const heap = type.kind === 'section' ? type.btf.findStruct('scx_minheap') : undefined
        return heap && recovered(syntheticPointer(heap))
      },
      complete: () => undefined,
    })
    expect(arena?.containers.map(({ name, origin }) => [name, origin])).toEqual([
      [
        'words[1]',
        {
          certainty: 'supported',
          evidence: 'the programs use what it holds as a struct scx_minheap *: x.c:3',
        },
      ],
    ])
  })
})

describe('ruined memory', () => {
  const start = 8 * 4096
  const count = 6 * 512
  const word = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.integer({ min: 0, max: count }).map((at) => (1n << 44n) + BigInt(start + at * 8)),
    },
    { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 12 }).map(BigInt) },
  )

  it.each(containers)('of a %s never crashes the walk, and never takes long', (type) => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: count - 1 }), word), { maxLength: 300 }),
        fc.array(word, { minLength: 24, maxLength: 24 }),
        (writes, members) => {
          const test = new ArenaGuest()
          const { it: pointer } = test.section('.bss', { it: `to_${type}` })
          test.pages(6, 8)
          test.guest.u64(pointer?.at ?? 0n, test.user(start))
          for (const [i, value] of writes) test.u64(start + i * 8, value)
          for (const [i, value] of members.entries()) test.u64(start + i * 8, value)
          for (const container of test.build().arena.containers) {
            JSON.stringify(container)
            for (const text of container.json()) JSON.parse(text)
          }
        },
      ),
      { numRuns: 10 },
    )
  })
})
