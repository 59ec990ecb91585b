import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rhashtableNodes } from '../../../src/kernel/walk/rhashtable.js'
import { Problems } from '../../../src/problems.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { writeBucketTable, writeNestedTable } from '../../support/structures.js'
import { collect } from '../walks.js'

const guest = new KernelGuest()
const kernel = guest.kernel()
const wild = 0xffff800000001000n
const make = (count: number): bigint[] =>
  Array.from({ length: count }, () => guest.objects.make('rhash_head'))
const nodesOf = (tbl: bigint) =>
  collect((problems) => rhashtableNodes(kernel, guest.objects.make('rhashtable', { tbl }), problems))

/** Spreads nodes over chains, round and round. */
function chainsOf(nodes: readonly bigint[], count: number): bigint[][] {
  const chains: bigint[][] = Array.from({ length: count }, () => [])
  for (const [i, node] of nodes.entries()) chains[i % count]?.push(node)
  return chains
}

describe('rhashtableNodes', () => {
  it.each([
    [0, 4],
    [1, 4],
    [40, 8],
    [5, 64],
  ])('gives %i entries of %i buckets, bucket by bucket', (count, size) => {
    const chains = chainsOf(make(count), size)
    expect(nodesOf(writeBucketTable(guest, chains))).toEqual({ nodes: chains.flat(), problem: undefined })
  })

  it('follows a resize into the new table', () => {
    const [first, second, third] = [make(6), make(5), make(4)]
    const newest = writeBucketTable(guest, chainsOf(third, 8))
    const middle = writeBucketTable(guest, chainsOf(second, 4), newest)
    const oldest = writeBucketTable(guest, chainsOf(first, 2), middle)
    const { nodes, problem } = nodesOf(oldest)
    expect(problem).toBeUndefined()
    expect(new Set(nodes)).toEqual(new Set([...first, ...second, ...third]))
    expect(nodes).toHaveLength(15)
  })

  it.each([
    [16384, 9],
    [2 ** 19, 9],
    [1024, 1],
  ])('finds entries of a nested table of %i buckets, %i bits at its top', (size, nest) => {
    const nodes = make(30)
    const chains = new Map(nodes.map((node, i) => [(i * 7919 * 31) % size, [node, ...make(i % 3)]]))
    const { nodes: found, problem } = nodesOf(writeNestedTable(guest, size, nest, chains))
    expect(problem).toBeUndefined()
    const all = [...chains.values()].flat()
    expect(found).toHaveLength(all.length)
    expect(new Set(found)).toEqual(new Set(all))
    // Chain by chain.
    for (const chain of chains.values()) {
      const at = found.indexOf(chain[0] ?? 0n)
      expect(found.slice(at, at + chain.length)).toEqual(chain)
    }
  })

  it('gives an entry once that a resize has linked in both tables, and the rest too', () => {
    const [moved = 0n, ...others] = make(9)
    const fresh = writeBucketTable(guest, [[moved], others.slice(0, 4)])
    // The old chain leads over the moved entry into the new one.
    const old = writeBucketTable(guest, [[...others.slice(4, 6), moved], others.slice(6)], fresh)
    const { nodes, problem } = nodesOf(old)
    expect(nodes).toHaveLength(9)
    expect(new Set(nodes)).toEqual(new Set([moved, ...others]))
    expect(problem).toBe(`rhashtable loops at 0x${moved.toString(16)}`)
  })

  it('goes on behind a chain that loops or breaks', () => {
    const nodes = make(8)
    const table = writeBucketTable(guest, chainsOf(nodes, 4))
    guest.u64(nodes[4] ?? 0n, nodes[0] ?? 0n)
    guest.u64(nodes[1] ?? 0n, wild)
    const found = nodesOf(table)
    expect(new Set(found.nodes)).toEqual(new Set(nodes.filter((_, i) => i !== 5)))
    expect(found.problem).toContain('rhashtable loops at')
  })

  it.each([0, 0x8000000, 0xffffffff])('does not believe in %i buckets', (size) => {
    const table = writeBucketTable(guest, [make(1)])
    guest.objects.set('bucket_table', table, { size })
    expect(nodesOf(table)).toEqual({
      nodes: [],
      problem: `bucket_table has ${size} buckets, which cannot be`,
    })
  })

  it.each([
    [64, 7],
    [64, 10],
    [2 ** 20, 10],
    [64, 0xffffffff],
    [0xffffffff, 9],
    [96, 5],
    [0, 1],
  ])('does not believe in %i buckets that nest by %i bits', (size, nest) => {
    const table = writeBucketTable(guest, [make(1)])
    guest.objects.set('bucket_table', table, { size, nest })
    expect(nodesOf(table)).toEqual({
      nodes: [],
      problem: `bucket_table of ${size} buckets nests by ${nest} bits, which cannot be`,
    })
  })

  it('looks once at each part of a nested table that leads to itself', () => {
    const part = guest.allocPages(1)
    for (let i = 0; i < 512; i++) guest.u64(part + BigInt(i * 8), part)
    const table = guest.objects.make('bucket_table', { size: 2 ** 31, nest: 4 }, { extra: 8 })
    guest.u64(table + BigInt(guest.objects.offsetOf('bucket_table', 'buckets')), part)
    expect(nodesOf(table)).toEqual({
      nodes: [],
      problem: `its nested table leads to 0x${part.toString(16)} twice`,
    })
  })

  it.each([
    ['its top', 0],
    ['what is below it', 1],
  ])('says once what is not there of 2^31 buckets: %s', (_, level) => {
    const top = guest.allocPages(1)
    for (let i = 0; i < 512; i++) guest.u64(top + BigInt(i * 8), wild + BigInt(i * 4096))
    const table = guest.objects.make('bucket_table', { size: 2 ** 31, nest: 9 }, { extra: 8 })
    guest.u64(table + BigInt(guest.objects.offsetOf('bucket_table', 'buckets')), level === 0 ? wild : top)
    const problems = new Problems()
    const said: string[] = []
    problems.add = (_where, why) => said.push(why)
    expect([...rhashtableNodes(kernel, guest.objects.make('rhashtable', { tbl: table }), problems)]).toEqual(
      [],
    )
    expect(said).toHaveLength(level === 0 ? 1 : 512)
  })

  it('says when the table is unreadable, or leads to itself', () => {
    expect(nodesOf(wild)).toMatchObject({
      nodes: [],
      problem: expect.stringContaining('rhashtable breaks after 0'),
    })
    expect(collect((problems) => rhashtableNodes(kernel, wild, problems)).problem).toContain(
      'page not present',
    )
    const nodes = make(3)
    const table = writeBucketTable(guest, [nodes])
    guest.objects.set('bucket_table', table, { future_tbl: table })
    expect(nodesOf(table)).toEqual({
      nodes,
      problem: `rhashtable grows into itself at 0x${table.toString(16)}`,
    })
  })

  it('ends whatever the pointers, gives no entry twice, and says when it is none', () => {
    const pool = make(10)
    const pointer = fc.constantFrom(0n, 1n, wild, ...pool)
    fc.assert(
      fc.property(
        fc.array(pointer, { minLength: 10, maxLength: 10 }),
        fc.array(pointer, { minLength: 4, maxLength: 4 }),
        (nexts, heads) => {
          for (const [i, next] of nexts.entries()) guest.u64(pool[i] ?? 0n, next)
          const table = writeBucketTable(guest, [[], [], [], []])
          const first = table + BigInt(guest.objects.offsetOf('bucket_table', 'buckets'))
          for (const [i, head] of heads.entries()) guest.u64(first + BigInt(i * 8), head)
          const { nodes, problem } = nodesOf(table)
          expect(new Set(nodes).size).toBe(nodes.length)
          const pointers = [...heads, ...nodes.map((node) => nexts[pool.indexOf(node)] ?? 0n)]
          const leads = pointers.filter((value) => value > 1n)
          expect(problem === undefined).toBe(leads.length === nodes.length)
        },
      ),
      { numRuns: 150 },
    )
  })
})

it('believes in as many buckets as memory has words, and says which are not there', () => {
  // A guest of its own: behind the last page that it has nothing is mapped.
  const guest = new KernelGuest()
  const kernel = guest.kernel()
  const words = guest.memory.bytes.length / 8
  const buckets = BigInt(guest.objects.offsetOf('bucket_table', 'buckets'))
  const node = guest.objects.make('rhash_head')
  const head = guest.objects.make('rhashtable')
  const edge = guest.allocPages(1) + 4096n
  const walk = (size: number) => {
    const table = edge - 16n - buckets
    guest.objects.set('bucket_table', table, { size, nest: 0, future_tbl: 0n })
    guest.u64(edge - 16n, 0n)
    guest.u64(edge - 8n, node)
    guest.u64(node, 1n)
    const problems = new Problems()
    guest.objects.set('rhashtable', head, { tbl: table })
    const nodes = [...rhashtableNodes(kernel, head, problems)]
    return { nodes, problems: problems.list.map(({ why }) => why.replace(/: page .*/, '')) }
  }
  expect(walk(2)).toEqual({ nodes: [node], problems: [] })
  expect(walk(3)).toEqual({ nodes: [node], problems: ['buckets 2 to 2'] })
  expect(walk(514)).toEqual({ nodes: [node], problems: ['buckets 2 to 513'] })
  expect(walk(600)).toEqual({ nodes: [node], problems: ['buckets 2 to 599'] })
  expect(walk(words).nodes).toEqual([node])
  expect(walk(words + 1)).toEqual({
    nodes: [],
    problems: [`bucket_table has ${words + 1} buckets, which cannot be`],
  })
})

it('goes on behind a part of a nested table that is not there', () => {
  const guest = new KernelGuest()
  const kernel = guest.kernel()
  const [first, second] = [0, 1].map(() => guest.objects.make('rhash_head')) as [bigint, bigint]
  for (const node of [first, second]) guest.u64(node, 1n)
  // Two parts, of which the odd buckets' is missing.
  const part = guest.alloc(16)
  guest.u64(part, first)
  guest.u64(part + 8n, second)
  const top = guest.alloc(16)
  guest.u64(top, part)
  guest.u64(top + 8n, wild)
  const table = guest.objects.make('bucket_table', { size: 4, nest: 1 }, { extra: 8 })
  guest.u64(table + BigInt(guest.objects.offsetOf('bucket_table', 'buckets')), top)
  const problems = new Problems()
  const head = guest.objects.make('rhashtable', { tbl: table })
  expect([...rhashtableNodes(kernel, head, problems)]).toEqual([first, second])
  expect(problems.sentences).toEqual([
    expect.stringContaining('a part of its buckets: page not present at 0xffff800000001000'),
  ])
})

it('looks at 2^26 buckets of a table that is larger, and says so', () => {
  const guest = new KernelGuest()
  const kernel = guest.kernel()
  // What a terabyte that is mostly holes says of itself.
  Object.defineProperty(guest.memory, 'ranges', { value: [{ start: 0, length: 2 ** 40 }] })
  const node = guest.objects.make('rhash_head')
  guest.u64(node, 1n)
  const table = writeBucketTable(guest, [[node]])
  guest.objects.set('bucket_table', table, { size: 2 ** 26 + 1 })
  const said: string[] = []
  const problems = new Problems()
  problems.add = (_where, why) => said.push(why)
  const nodes = [...rhashtableNodes(kernel, guest.objects.make('rhashtable', { tbl: table }), problems)]
  expect(nodes).toContain(node)
  expect(said[0]).toBe('of 67108865 buckets only the first 67108864 are looked at')
  expect(said.at(-1)).toMatch(/^buckets \d+ to 67108863: /)
})

describe('a table that is none', () => {
  /** What lies there are words that lead nowhere. */
  function ruin(size: number): { guest: KernelGuest; table: bigint; first: bigint } {
    const guest = new KernelGuest({ memory: 8 * 2 ** 20 })
    const pages = guest.allocPages(Math.ceil((size * 8) / 4096) + 1)
    const buckets = BigInt(guest.objects.offsetOf('bucket_table', 'buckets'))
    const table = pages + 4096n - buckets
    guest.objects.set('bucket_table', table, { size, nest: 0, future_tbl: 0n })
    for (let i = 0; i < size; i++) guest.u64(pages + 4096n + BigInt(i * 8), wild)
    return { guest, table, first: pages + 4096n }
  }

  function walked(guest: KernelGuest, table: bigint): { nodes: bigint[]; said: string[] } {
    const problems = new Problems()
    const said: string[] = []
    problems.add = (_where, why) => said.push(why)
    const head = guest.objects.make('rhashtable', { tbl: table })
    return { nodes: [...rhashtableNodes(guest.kernel(), head, problems)], said }
  }

  it('is left when 65,536 buckets in a row are out of order, and that is said', () => {
    const { guest, table } = ruin(70_000)
    const { nodes, said } = walked(guest, table)
    expect(nodes).toEqual([])
    expect(said).toHaveLength(65_537)
    expect(said.at(-1)).toBe(
      '65536 buckets in a row are out of order: those behind bucket 65535 are not looked at',
    )
  })

  it('is not one in which a chain is in order now and then', () => {
    const { guest, table, first } = ruin(70_000)
    const nodes = [60_000, 69_999].map((bucket) => {
      const node = guest.objects.make('rhash_head')
      guest.u64(node, 1n)
      guest.u64(first + BigInt(bucket * 8), node)
      return node
    })
    const found = walked(guest, table)
    expect(found.nodes).toEqual(nodes)
    expect(found.said).toHaveLength(70_000 - 2)
  })
})
