import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Kernel } from '../../../src/kernel/kernel.js'
import { entries, hlistNodes, hlistNullsNodes, listNodes, llistNodes } from '../../../src/kernel/walk/list.js'
import { Problems } from '../../../src/problems.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { nullsMarker, writeChain, writeList } from '../../support/structures.js'
import { collect } from '../walks.js'

type Walk = (kernel: Kernel, head: bigint, problems: Problems) => Generator<bigint>

const kinds: readonly [string, Walk, (guest: KernelGuest, head: bigint, nodes: readonly bigint[]) => void][] =
  [
    ['list', listNodes, writeList],
    ['hlist', hlistNodes, writeChain],
    ['hlist_nulls', hlistNullsNodes, (guest, head, nodes) => writeChain(guest, head, nodes, nullsMarker(77))],
  ]

const guest = new KernelGuest()
const kernel = guest.kernel()
const wild = 0xffff800000001000n

function make(count: number): bigint[] {
  return Array.from({ length: count }, () => guest.alloc(16))
}

describe.each(kinds)('%s', (what, walk, write) => {
  it.each([0, 1, 2, 500])('with %i entries', (count) => {
    const [head = 0n, ...nodes] = make(count + 1)
    write(guest, head, nodes)
    expect(collect((problems) => walk(kernel, head, problems))).toEqual({ nodes, problem: undefined })
  })

  it('that leads back into itself ends there', () => {
    const [head = 0n, ...nodes] = make(6)
    write(guest, head, nodes)
    guest.u64(nodes[4] ?? 0n, nodes[1] ?? 0n)
    const problem = `${what} loops at 0x${nodes[1]?.toString(16)} after 5 entries`
    expect(collect((problems) => walk(kernel, head, problems))).toEqual({ nodes, problem })
  })

  it('whose entry points at itself ends there', () => {
    const [head = 0n, ...nodes] = make(3)
    write(guest, head, nodes)
    guest.u64(nodes[0] ?? 0n, nodes[0] ?? 0n)
    // What a list leads back to from its end is not lost.
    const [kept, rest] = what === 'list' ? [2, '; 1 more were found from its end'] : [1, '']
    const problem = `${what} loops at 0x${nodes[0]?.toString(16)} after 1 entries${rest}`
    expect(collect((problems) => walk(kernel, head, problems))).toEqual({
      nodes: nodes.slice(0, kept),
      problem,
    })
  })

  it('with a wild pointer gives the entries before it', () => {
    const [head = 0n, ...nodes] = make(4)
    write(guest, head, nodes)
    guest.u64(nodes[1] ?? 0n, wild)
    const { nodes: found, problem } = collect((problems) => walk(kernel, head, problems))
    const rest = what === 'list' ? '; 1 more were found from its end' : ''
    expect(found).toEqual(what === 'list' ? nodes : nodes.slice(0, 2))
    expect(problem).toBe(
      `${what} breaks after 2 entries: page not present at 0x${wild.toString(16)} (pgd)${rest}`,
    )
  })

  it('whose head is unreadable has a problem', () => {
    const { nodes, problem } = collect((problems) => walk(kernel, wild, problems))
    expect(nodes).toEqual([])
    expect(problem).toContain(`${what} breaks after 0 entries: page not present`)
  })

  it('can be left in the middle', () => {
    const [head = 0n, ...nodes] = make(4)
    write(guest, head, nodes)
    for (const node of walk(kernel, head, new Problems())) {
      expect(node).toBe(nodes[0])
      break
    }
  })

  it('of any pointers ends, gives no entry twice, and says when it is none', () => {
    const pool = make(12)
    fc.assert(
      fc.property(
        fc.array(fc.nat(11), { minLength: 12, maxLength: 12 }),
        fc.array(fc.tuple(fc.nat(11), fc.constantFrom(0n, wild, 1n, 0xffffffffffffffffn)), { maxLength: 3 }),
        (nexts, odd) => {
          for (const [i, next] of nexts.entries()) guest.u64(pool[i] ?? 0n, pool[next] ?? 0n)
          for (const [i, value] of odd) guest.u64(pool[i] ?? 0n, value)
          const [head = 0n] = pool
          const { nodes, problem } = collect((problems) => walk(kernel, head, problems))
          expect(new Set(nodes).size).toBe(nodes.length)
          expect(nodes.every((node) => pool.includes(node))).toBe(true)
          // It is a list when the last entry leads to what ends it.
          const last = kernel.space.u64(nodes.at(-1) ?? head)
          const isEnd = what === 'list' ? last === head : what === 'hlist' ? last === 0n : (last & 1n) === 1n
          expect(problem === undefined).toBe(isEnd)
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('list', () => {
  it('is taken up from its end only as far as its links agree', () => {
    const [head = 0n, ...nodes] = make(8)
    writeList(guest, head, nodes)
    guest.u64(nodes[1] ?? 0n, wild)
    // The fifth says that another follows it: what comes before cannot be trusted.
    guest.u64(nodes[4] ?? 0n, nodes[6] ?? 0n)
    const { nodes: found, problem } = collect((problems) => listNodes(kernel, head, problems))
    expect(found).toEqual([nodes[0], nodes[1], nodes[5], nodes[6]])
    expect(problem).toContain('breaks after 2 entries')
    expect(problem).toContain('2 more were found from its end')
  })
})

describe('hlist_nulls', () => {
  it('that ends in a null pointer has lost its end', () => {
    const [head = 0n, ...nodes] = make(3)
    writeChain(guest, head, nodes, 0n)
    const { nodes: found, problem } = collect((problems) => hlistNullsNodes(kernel, head, problems))
    expect(found).toEqual(nodes)
    expect(problem).toContain('hlist_nulls breaks after 2 entries')
  })
})

it('llist is walked as hlist is, and named as what it is where it breaks', () => {
  const [head = 0n, ...nodes] = make(3)
  writeChain(guest, head, nodes)
  expect(collect((problems) => llistNodes(kernel, head, problems))).toEqual({ nodes, problem: undefined })
  writeChain(guest, head, nodes, nodes[0])
  const problem = `llist loops at 0x${nodes[0]?.toString(16)} after 2 entries`
  expect(collect((problems) => llistNodes(kernel, head, problems))).toEqual({ nodes, problem })
})

it('entries are the structs that hold the nodes', () => {
  const [head = 0n, ...nodes] = make(3)
  writeList(guest, head, nodes)
  const structs = nodes.map((node) => node - 0x28n)
  expect(collect((problems) => entries(listNodes(kernel, head, problems), 0x28))).toEqual({
    nodes: structs,
    problem: undefined,
  })
  guest.u64(nodes[1] ?? 0n, wild)
  expect(collect((problems) => entries(listNodes(kernel, head, problems), 0x28)).problem).toContain(
    'breaks after 2 entries',
  )
})
