import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { idrEntries, type XarrayEntry, xarrayEntries } from '../../../src/kernel/walk/xarray.js'
import { Problems } from '../../../src/problems.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { writeIdr, writeXarray } from '../../support/structures.js'

const guest = new KernelGuest({ memory: 32 * 2 ** 20 })
const kernel = guest.kernel()
const wild = 0xffff800000001000n
const address = guest.objects.make('xarray')
const slot = (node: bigint, n: number): bigint =>
  node + BigInt(guest.objects.offsetOf('xa_node', `slots[${n}]`))

function read(): { entries: XarrayEntry[]; problems: string[] } {
  const problems = new Problems()
  return { entries: [...xarrayEntries(kernel, address, problems, 'it')], problems: [...problems.sentences] }
}

const pointerTo = (index: number): bigint => 0xffff888000000000n + BigInt(index) * 8n
const holding = (indexes: readonly number[]): Map<number, bigint> =>
  new Map(indexes.map((index) => [index, pointerTo(index)]))

describe('xarrayEntries', () => {
  it.each([
    ['nothing', []],
    ['one object at 0', [0]],
    ['one object elsewhere', [5]],
    ['one node', [0, 1, 63]],
    ['two levels', [1, 64, 4095]],
    ['more levels, mostly empty', [3, 70, 262143, 262144, 2 ** 31, 2 ** 36 + 17]],
  ])('gives %s, in the order of indexes', (_, indexes) => {
    writeXarray(guest, address, holding(indexes))
    const entries = indexes.map((index) => ({ index, pointer: pointerTo(index) }))
    expect(read()).toEqual({ entries, problems: [] })
  })

  it('goes up to the largest index that there can be, and no further', () => {
    const chain = (shift: number): void => {
      let head = pointerTo(7)
      for (let at = 0; at <= shift; at += 6) {
        const node = guest.objects.make('xa_node', { shift: at, count: 1 })
        guest.u64(slot(node, at === shift ? 2 : 0), head)
        head = node + 2n
      }
      guest.objects.set('xarray', address, { xa_head: head })
    }
    chain(60)
    expect(read()).toEqual({ entries: [{ index: 2 * 2 ** 60, pointer: pointerTo(7) }], problems: [] })
    chain(66)
    expect(read()).toEqual({
      entries: [],
      problems: [expect.stringContaining('it has shift 66 where 66 belongs')],
    })
  })

  it('gives any set of objects back', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.oneof(fc.nat(200), fc.nat(2 ** 31 - 1)), { maxLength: 12 }),
        (indexes) => {
          writeXarray(guest, address, holding(indexes))
          const { entries, problems } = read()
          expect(problems).toEqual([])
          expect(entries.map(({ index }) => index)).toEqual([...indexes].sort((a, b) => a - b))
          expect(entries.every(({ index, pointer }) => pointer === pointerTo(index))).toBe(true)
        },
      ),
      { numRuns: 50 },
    )
  })

  it('passes over value entries and marks of the xarray itself', () => {
    // xa_mk_value(3), retry, zero, a sibling, and a pointer with a tag.
    for (const [i, value] of [7n, 0x402n, 0x406n, 0x12n, 0x1001n].entries()) {
      const node = guest.objects.make('xa_node', { count: 2 })
      guest.u64(slot(node, i), value)
      guest.u64(slot(node, 40), pointerTo(40))
      guest.objects.set('xarray', address, { xa_head: node + 2n })
      expect(read()).toEqual({ entries: [{ index: 40, pointer: pointerTo(40) }], problems: [] })
      guest.objects.set('xarray', address, { xa_head: value })
      expect(read()).toEqual({ entries: [], problems: [] })
    }
  })

  it('refuses nodes whose shift does not fall by a level', () => {
    for (const shift of [0, 12, 6, 18]) {
      const child = guest.objects.make('xa_node', { shift, count: 1 })
      const parent = guest.objects.make('xa_node', { shift: 12, count: 2 })
      guest.u64(slot(child, 1), pointerTo(1))
      guest.u64(slot(parent, 2), child + 2n)
      guest.u64(slot(parent, 3), pointerTo(3))
      guest.objects.set('xarray', address, { xa_head: parent + 2n })
      const { entries, problems } = read()
      // An object in an upper slot stands at that slot's first index.
      expect(entries.at(-1)).toEqual({ index: 3 * 4096, pointer: pointerTo(3) })
      const at = `it, xa_node at 0x${child.toString(16)}`
      expect(problems).toEqual(shift === 6 ? [] : [`${at}: it has shift ${shift} where 6 belongs`])
      expect(entries).toHaveLength(shift === 6 ? 2 : 1)
    }
  })

  it.each([1, 7, 66, 255])('refuses a top node with shift %i', (shift) => {
    const node = guest.objects.make('xa_node', { shift })
    guest.objects.set('xarray', address, { xa_head: node + 2n })
    expect(read().problems).toEqual([expect.stringContaining(`has shift ${shift}`)])
  })

  it.each([1, 3])('says that a node which counts %i of two has lost a slot, and gives both', (count) => {
    const node = guest.objects.make('xa_node', { count })
    for (const n of [2, 9]) guest.u64(slot(node, n), pointerTo(n))
    guest.objects.set('xarray', address, { xa_head: node + 2n })
    expect(read()).toEqual({
      entries: [2, 9].map((index) => ({ index, pointer: pointerTo(index) })),
      problems: [`it, xa_node at 0x${node.toString(16)}: it counts ${count} slots, 2 are taken`],
    })
  })

  it('reads a node once only', () => {
    const child = guest.objects.make('xa_node', { shift: 0, count: 1 })
    guest.u64(slot(child, 1), pointerTo(1))
    const parent = guest.objects.make('xa_node', { shift: 6, count: 4 })
    for (const n of [0, 5, 9]) guest.u64(slot(parent, n), child + 2n)
    guest.u64(slot(parent, 10), parent + 2n)
    guest.objects.set('xarray', address, { xa_head: parent + 2n })
    const { entries, problems } = read()
    expect(entries).toEqual([{ index: 1, pointer: pointerTo(1) }])
    expect(problems).toEqual([
      `it, xa_node at 0x${child.toString(16)}: it hangs in the tree twice`,
      `it, xa_node at 0x${parent.toString(16)}: it hangs in the tree twice`,
    ])
  })

  it('goes on behind a node that is unreadable', () => {
    writeXarray(guest, address, holding([1, 64, 130]))
    const head = kernel.struct('xarray', address).pointer('xa_head') - 2n
    guest.u64(slot(head, 1), wild + 2n)
    const { entries, problems } = read()
    expect(entries.map(({ index }) => index)).toEqual([1, 130])
    expect(problems).toEqual([expect.stringContaining(`xa_node at 0x${wild.toString(16)}: page not present`)])
  })

  it('says of an xarray that is itself unreadable', () => {
    const problems = new Problems()
    expect([...xarrayEntries(kernel, wild, problems)]).toEqual([])
    expect(problems.sentences[0]).toMatch(/^xarray at 0xffff800000001000: page not present/)
  })

  it('ends whatever the nodes, and gives no index twice', () => {
    const nodes = Array.from({ length: 6 }, () => guest.objects.make('xa_node'))
    const value = fc.constantFrom(0n, 7n, wild, wild + 2n, pointerTo(9), ...nodes.map((node) => node + 2n))
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(0, 6, 12, 18, 7), fc.array(fc.tuple(fc.nat(63), value))), {
          minLength: 6,
          maxLength: 6,
        }),
        (made) => {
          for (const [i, [shift, slots]] of made.entries()) {
            guest.write(nodes[i] ?? 0n, new Uint8Array(guest.objects.sizeOf('xa_node')))
            guest.objects.set('xa_node', nodes[i] ?? 0n, { shift })
            for (const [n, pointer] of slots) guest.u64(slot(nodes[i] ?? 0n, n), pointer)
          }
          guest.objects.set('xarray', address, { xa_head: (nodes[0] ?? 0n) + 2n })
          const { entries } = read()
          const indexes = entries.map(({ index }) => index)
          expect(indexes).toEqual([...new Set(indexes)].sort((a, b) => a - b))
          expect(entries.length).toBeLessThanOrEqual(6 * 64)
        },
      ),
      { numRuns: 100 },
    )
  })
})

describe('idrEntries', () => {
  const readIdr = (idr: bigint): ReturnType<typeof read> => {
    const problems = new Problems()
    return { entries: [...idrEntries(kernel, idr, problems, 'it')], problems: [...problems.sentences] }
  }

  // A value entry, XA_RETRY_ENTRY, XA_ZERO_ENTRY.
  it.each([7n, 0x402n, 0x406n])('says that a root of %i is no object', (root) => {
    const idr = guest.objects.make('idr')
    guest.objects.set('idr', idr, { 'idr_rt.xa_head': root })
    const why = `it: its root is 0x${root.toString(16)}, which is no object`
    expect(readIdr(idr)).toEqual({ entries: [], problems: [why] })
  })

  it('says which of its entries is no object, and gives the others', () => {
    const idr = guest.objects.make('idr')
    const node = guest.objects.make('xa_node', { count: 2 })
    guest.u64(slot(node, 3), 7n)
    guest.u64(slot(node, 4), pointerTo(4))
    guest.objects.set('idr', idr, { 'idr_rt.xa_head': node + 2n })
    expect(readIdr(idr)).toEqual({
      entries: [{ index: 4, pointer: pointerTo(4) }],
      problems: ['it: its entry 3 is 0x7, which is no object'],
    })
  })

  it.each([0, 1, 1000])('gives ids that start at %i', (base) => {
    const idr = guest.objects.make('idr')
    const objects = new Map([base, base + 3, base + 200].map((id) => [id, pointerTo(id)]))
    writeIdr(guest, idr, objects, base)
    expect([...idrEntries(kernel, idr, new Problems())]).toEqual(
      [...objects].map(([index, pointer]) => ({ index, pointer })),
    )
  })
})
