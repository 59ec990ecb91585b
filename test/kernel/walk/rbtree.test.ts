import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rbtreeNodes } from '../../../src/kernel/walk/rbtree.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { writeRbtree } from '../../support/structures.js'
import { collect } from '../walks.js'

const guest = new KernelGuest()
const kernel = guest.kernel()
const wild = 0xffff800000001000n
const root = guest.alloc(8)
const make = (count: number): bigint[] => Array.from({ length: count }, () => guest.objects.make('rb_node'))
const link = (node: bigint | undefined, side: 'rb_left' | 'rb_right', child: bigint | undefined): void =>
  guest.objects.set('rb_node', node ?? 0n, { [side]: child ?? 0n })

describe('rbtreeNodes', () => {
  it.each([0, 1, 2, 3, 7, 300])('gives %i nodes in their order', (count) => {
    const nodes = make(count)
    writeRbtree(guest, root, nodes)
    expect(collect((problems) => rbtreeNodes(kernel, root, problems))).toEqual({ nodes, problem: undefined })
  })

  it('goes on when a child leads back up, and says so', () => {
    const nodes = make(7)
    writeRbtree(guest, root, nodes)
    link(nodes[0], 'rb_left', nodes[3])
    const problem = `rbtree loops at 0x${nodes[3]?.toString(16)} after 3 nodes`
    expect(collect((problems) => rbtreeNodes(kernel, root, problems))).toEqual({ nodes, problem })
  })

  it('goes on when a child is unreadable, and says so', () => {
    const nodes = make(7)
    writeRbtree(guest, root, nodes)
    link(nodes[1], 'rb_left', wild)
    const { nodes: found, problem } = collect((problems) => rbtreeNodes(kernel, root, problems))
    expect(found).toEqual(nodes.slice(1))
    expect(problem).toMatch(/^rbtree breaks after 2 nodes: page not present/)
  })

  it('leaves out a node that is only half in memory', () => {
    const nodes = make(3)
    writeRbtree(guest, root, nodes)
    const page = guest.allocPages(1)
    const edge = page + 4096n - BigInt(guest.objects.offsetOf('rb_node', 'rb_left'))
    link(nodes[0], 'rb_left', edge)
    expect(collect((problems) => rbtreeNodes(kernel, root, problems))).toMatchObject({
      nodes,
      problem: expect.stringContaining('breaks'),
    })
  })

  it('says when the root is unreadable', () => {
    expect(collect((problems) => rbtreeNodes(kernel, wild, problems))).toMatchObject({
      nodes: [],
      problem: expect.stringContaining('rbtree breaks after 0 nodes'),
    })
  })

  it('does not go down a chain that no balanced tree has', () => {
    const nodes = make(200)
    for (const [i, node] of nodes.entries()) link(node, 'rb_left', nodes[i + 1])
    guest.u64(root, nodes[0] ?? 0n)
    const { nodes: found, problem } = collect((problems) => rbtreeNodes(kernel, root, problems))
    expect(found).toEqual(nodes.slice(0, 128).reverse())
    expect(problem).toMatch(/^rbtree is too large to be one at .* after 128 nodes$/)
  })

  it('ends whatever the pointers, gives no node twice, and says when it is no tree', () => {
    const pool = make(10)
    const children = fc.constantFrom(0n, 0n, wild, ...pool)
    fc.assert(
      fc.property(fc.array(fc.tuple(children, children), { minLength: 10, maxLength: 10 }), (links) => {
        for (const [i, [left, right]] of links.entries()) {
          link(pool[i], 'rb_left', left)
          link(pool[i], 'rb_right', right)
        }
        guest.u64(root, pool[0] ?? 0n)
        const { nodes, problem } = collect((problems) => rbtreeNodes(kernel, root, problems))
        expect(new Set(nodes).size).toBe(nodes.length)
        // All that can be reached is there.
        const reached = new Set<bigint>()
        const edges: bigint[] = [pool[0] ?? 0n]
        for (let i = 0; i < edges.length; i++) {
          const at = pool.indexOf(edges[i] ?? 0n)
          const node = pool[at]
          if (node === undefined || reached.has(node)) continue
          reached.add(node)
          edges.push(...(links[at] ?? []).filter((child) => child !== 0n))
        }
        expect(new Set(nodes)).toEqual(reached)
        expect(problem === undefined).toBe(edges.length === reached.size)
      }),
      { numRuns: 300 },
    )
  })
})
