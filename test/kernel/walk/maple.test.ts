import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type MapleEntry, mapleEntries } from '../../../src/kernel/walk/maple.js'
import { Problems } from '../../../src/problems.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { type MapleSegment, writeMaple } from '../../support/structures.js'

const guest = new KernelGuest({ memory: 64 * 2 ** 20 })
const kernel = guest.kernel()
const tree = guest.objects.make('maple_tree')
const wild = 0xffff800000001000n
const end = 2n ** 64n - 1n

function read(): { entries: MapleEntry[]; problems: readonly string[] } {
  const problems = new Problems()
  const entries = [...mapleEntries(kernel, tree, problems, 'it')]
  return { entries, problems: problems.sentences }
}

/** `count` objects of a page each, with as much room between them. */
function areas(count: number): MapleSegment[] {
  const segments = Array.from({ length: count }, (_, i): MapleSegment[] => [
    { last: BigInt(i) * 0x2000n + 0xfffn, pointer: 0n },
    { last: BigInt(i) * 0x2000n + 0x1fffn, pointer: 0xffff888000000000n + BigInt(i) * 8n },
  ]).flat()
  return [...segments, { last: end, pointer: 0n }]
}

function entriesOf(segments: readonly MapleSegment[]): MapleEntry[] {
  return segments
    .map(({ last, pointer }, i) => ({ first: (segments[i - 1]?.last ?? -1n) + 1n, last, pointer }))
    .filter(({ pointer }) => pointer !== 0n)
}

describe('mapleEntries', () => {
  it.each([0, 1, 7, 8, 75, 79, 80, 800, 2000])('gives %i objects with their ranges, in order', (count) => {
    const segments = areas(count)
    writeMaple(guest, tree, segments)
    expect(read()).toEqual({ entries: entriesOf(segments), problems: [] })
  })

  it('gives a tree without a node, and none', () => {
    guest.objects.set('maple_tree', tree, { ma_root: 0n })
    expect(read()).toEqual({ entries: [], problems: [] })
    guest.objects.set('maple_tree', tree, { ma_root: 0xffff888000000100n })
    expect(read().entries).toEqual([{ first: 0n, last: 0n, pointer: 0xffff888000000100n }])
  })

  it('gives objects that reach to the last index, and passes over values and marks', () => {
    const segments = [
      { last: 9n, pointer: 0xffff888000000000n },
      { last: 10n, pointer: 7n },
      { last: 20n, pointer: 0x406n },
      { last: end, pointer: 0xffff888000000008n },
    ]
    writeMaple(guest, tree, segments)
    expect(read()).toEqual({
      entries: [
        { first: 0n, last: 9n, pointer: 0xffff888000000000n },
        { first: 21n, last: end, pointer: 0xffff888000000008n },
      ],
      problems: [],
    })
  })

  it('gives back any division of the indexes', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.bigInt({ min: 0n, max: end - 1n }), { maxLength: 200 }),
        fc.infiniteStream(fc.boolean()),
        (pivots, taken) => {
          const lasts = [...pivots.sort((a, b) => (a < b ? -1 : 1)), end]
          const segments = lasts.map((last, i) => ({
            last,
            pointer: taken.next().value === true ? 0xffff888000000000n + BigInt(i) * 8n : 0n,
          }))
          writeMaple(guest, tree, segments)
          expect(read()).toEqual({ entries: entriesOf(segments), problems: [] })
        },
      ),
      { numRuns: 30 },
    )
  })

  it.each([
    ['cannot be read', (node: bigint) => [node, wild | 0xcn] as const, /page not present/],
    ['is another type than there is', (node: bigint) => [node, node | 0x7cn] as const, /its type is 15/],
  ])('goes on behind a node that %s', (_, change, sentence) => {
    const segments = areas(40)
    const made = writeMaple(guest, tree, segments)
    const root = made.at(-1) ?? 0n
    const slot = root + BigInt(guest.objects.offsetOf('maple_node', 'ma64.slot[1]'))
    const [, value] = change(made[1] ?? 0n)
    guest.u64(slot, value)
    const { entries, problems } = read()
    const lost = entriesOf(segments.map((each, i) => (i >= 16 && i < 32 ? { ...each, pointer: 0n } : each)))
    expect(entries).toEqual(lost)
    expect(problems).toEqual([expect.stringMatching(sentence)])
  })

  it('says when a node has been freed, has another parent or hangs in the tree twice', () => {
    const segments = areas(40)
    const made = writeMaple(guest, tree, segments)
    const at = (n: number) => `it, maple_node at 0x${made[n]?.toString(16)}`
    guest.objects.set('maple_node', made[1] ?? 0n, { parent: made[1] ?? 0n })
    expect(read().problems).toEqual([`${at(1)}: it has been freed`])
    guest.objects.set('maple_node', made[1] ?? 0n, { parent: wild })
    expect(read()).toEqual({
      entries: entriesOf(segments),
      problems: [`${at(1)}: its parent is 0xffff800000001000, not the node that leads here`],
    })
    const root = made.at(-1) ?? 0n
    const slots = BigInt(guest.objects.offsetOf('maple_node', 'ma64.slot'))
    guest.u64(root + slots + 16n, kernel.space.u64(root + slots))
    expect(read().problems).toContain(`${at(0)}: it hangs in the tree twice`)
  })

  it('says when pivots leave their order or their node', () => {
    const made = writeMaple(guest, tree, areas(40))
    const pivot = (made[1] ?? 0n) + BigInt(guest.objects.offsetOf('maple_node', 'mr64.pivot[3]'))
    for (const value of [1n, end - 1n]) {
      guest.u64(pivot, value)
      const { problems } = read()
      expect(problems).toEqual([expect.stringMatching(/: pivot 3 is 0x[0-9a-f]+, outside of 0x/)])
    }
  })

  it('ends whatever the nodes, and gives ranges in order', () => {
    const made = writeMaple(guest, tree, areas(200))
    const word = fc.oneof(
      fc.constantFrom(0n, wild, end, ...made.slice(0, 6).flatMap((node) => [node | 0xcn, node | 0x1cn])),
      fc.bigInt({ min: 0n, max: end }),
    )
    const change = fc.tuple(fc.nat(made.length - 1), fc.nat(31), word)
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), (changes) => {
        const old = changes.map(([n, i]) => {
          const at = (made[n] ?? 0n) + BigInt(i * 8)
          return [at, kernel.space.u64(at)] as const
        })
        for (const [i, [, , value]] of changes.entries()) guest.u64(old[i]?.[0] ?? 0n, value)
        const { entries } = read()
        for (const [i, { first, last }] of entries.entries()) {
          expect(last >= first).toBe(true)
          if (i > 0) expect(first > (entries[i - 1]?.last ?? 0n)).toBe(true)
        }
        for (const [at, value] of old.reverse()) guest.u64(at, value)
      }),
      { numRuns: 200 },
    )
  })
})
