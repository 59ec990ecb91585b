import { describe, expect, it } from 'vitest'
import { pointersIn } from '../../../src/bpf/containers/cgroup-bandwidth.js'
import { Problems, problemText, whole } from '../../../src/problems.js'
import { ArenaGuest } from '../../support/arena-guest.js'

const outside = 0xffff_dead_beef_0000n
const nowhere = 0x1000_0500_0000n
const hex = (value: bigint): string => `0x${value.toString(16)}`

function bytesOf(...parts: readonly (readonly [value: bigint, size: number])[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap(([value, size]) =>
      [...new Uint8Array(BigUint64Array.of(BigInt.asUintN(64, value)).buffer)].slice(0, size),
    ),
  )
}

interface Row {
  readonly id: bigint
  /** By its context. */
  readonly own?: bigint
  readonly parent?: bigint
  readonly pointer?: bigint
  readonly members?: Readonly<Record<string, number | bigint>>
}

/** The library's two maps: a context for each cgroup, and one for each of its caches. */
function table(
  rows: readonly Row[],
  llcs: readonly { cgroup: bigint; llc: number; pointer?: bigint; runtime?: bigint; btq?: bigint }[] = [],
  keySize = 12,
) {
  const test = new ArenaGuest()
  const page = test.pages(2)
  let next = page
  const contexts = rows.map(({ id, own = id, parent = 0n, members = {} }) => {
    const at = next
    next += 64
    test.set('scx_cgroup_ctx', at, { id: own, parent_id: parent, ...members })
    return at
  })
  const caches = llcs.map(({ runtime = 0n, btq = 0n }) => {
    const at = next
    next += 64
    test.set('scx_cgroup_llc_ctx', at, { runtime_total: runtime, btq })
    return at
  })
  test.hash(
    'cbw_cgrp_map',
    'cbw_cgrp_entry',
    8,
    rows.map(({ id, pointer }, n) => ({
      key: bytesOf([id, 8]),
      value: bytesOf([pointer ?? test.user(contexts[n] as number), 8]),
    })),
  )
  test.hash(
    'cbw_llc_map',
    'cbw_llc_entry',
    keySize,
    llcs.map(({ cgroup, llc, pointer }, n) => ({
      key: bytesOf([cgroup, 8], [BigInt(llc), 4]).slice(0, keySize),
      value: bytesOf([pointer ?? test.user(caches[n] as number), 8]),
    })),
  )
  const { arena, kernel, maps } = test.build()
  const found = arena.containers.find(({ kind }) => kind === 'cgroup_bw')
  if (found === undefined) throw new Error('no table')
  return {
    test,
    arena,
    kernel,
    maps,
    contexts,
    caches,
    entries: [...found],
    count: found.count,
    order: [...found].map(({ key, depth }) => [Number(key), depth]),
    said: found.problems.map(problemText),
  }
}

describe('the table of bandwidth contexts', () => {
  it('has cgroups below their parents, those of one parent by number', () => {
    const { order, said, count } = table([
      { id: 9n, parent: 2n },
      { id: 5n, parent: 1n },
      { id: 1n },
      { id: 3n, parent: 2n },
      { id: 2n, parent: 1n },
    ])
    expect(order).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
      [9, 2],
      [5, 1],
    ])
    expect([said, count]).toEqual([[], whole(5)])
  })

  it('says that it goes on where there are more than are listed', () => {
    const { kernel, maps } = table([{ id: 1n }, { id: 2n, parent: 1n }, { id: 3n, parent: 1n }])
    const map = maps.find(({ name }) => name === 'cbw_cgrp_map')
    if (map === undefined) throw new Error('no map')
    const read = (most?: number) => {
      const problems = new Problems()
      return [pointersIn({ kernel }, map, problems, most).length, problems.sentences]
    }
    expect(read()).toEqual([3, []])
    expect(read(3)).toEqual([3, []])
    expect(read(2)).toEqual([2, ['map cbw_cgrp_map: only the first 2 of its entries are listed']])
  })

  it('has those at the top whose parent is not there, or that are their own', () => {
    expect(
      table([
        { id: 7n, parent: 99n },
        { id: 4n, parent: 4n },
        { id: 5n, parent: 4n },
      ]).order,
    ).toEqual([
      [4, 0],
      [5, 1],
      [7, 0],
    ])
  })

  it('has such a one above its own, whatever their numbers', () => {
    expect(
      table([
        { id: 9n, parent: 99n },
        { id: 5n, parent: 9n },
        { id: 8n, parent: 8n },
        { id: 2n, parent: 8n },
      ]).order,
    ).toEqual([
      [8, 0],
      [2, 1],
      [9, 0],
      [5, 1],
    ])
  })

  it('has each of a circle once, the lowest first', () => {
    expect(
      table([
        { id: 8n, parent: 6n },
        { id: 6n, parent: 8n },
        { id: 3n, parent: 5n },
        { id: 5n, parent: 3n },
      ]).order,
    ).toEqual([
      [3, 0],
      [5, 1],
      [6, 0],
      [8, 1],
    ])
  })

  it('has limits as they are, and none where there is none', () => {
    const quotas = [5000n, 2n ** 63n - 1n, 2n ** 64n - 1n, 2n ** 63n - 2n]
    const { entries } = table(
      quotas.map((quota, n) => ({
        id: BigInt(n + 1),
        members: { quota, period: 100n, period_budget: -7n, is_throttled: n === 1 ? 1 : 0 },
      })),
    )
    expect(entries.map(({ details }) => details.quota)).toEqual([5000n, 'max', 'max', 2n ** 63n - 2n])
    expect(entries[0]?.details).toMatchObject({ period: 100n, period_budget: -7n, is_throttled: false })
    expect(entries[1]?.details.is_throttled).toBe(true)
    expect(entries[0]?.details).not.toHaveProperty('burst')
  })

  it('says which contexts cannot be', () => {
    const { said, order, count } = table([
      { id: 1n, own: 2n },
      { id: 3n, pointer: 0n },
      { id: 4n, pointer: outside },
      { id: 5n, pointer: nowhere },
    ])
    expect(said.toSorted()).toEqual([
      'cgroup 1: its context says that it is of cgroup 2',
      'cgroup 3: its context at 0x0 is null',
      `cgroup 4: its context at ${hex(outside)} is outside the arena`,
      expect.stringMatching(/^cgroup 5: page not present/),
    ])
    expect([order, count]).toEqual([[[1, 0]], expect.objectContaining({ whole: false, atLeast: 1 })])
  })

  it('has the contexts of caches, by their number', () => {
    const { entries, said, test, caches } = table(
      [{ id: 1n }, { id: 2n }],
      [
        { cgroup: 1n, llc: 3, runtime: -5n },
        { cgroup: 1n, llc: 0, runtime: 70n },
        { cgroup: 1n, llc: -1, runtime: 9n },
      ],
    )
    expect(said).toEqual([])
    const address = (n: number) => hex(test.user(caches[n] as number))
    expect(entries[0]?.details.llcs).toEqual([
      { llc: -1, address: address(2), runtimeTotal: 9n },
      { llc: 0, address: address(1), runtimeTotal: 70n },
      { llc: 3, address: address(0), runtimeTotal: -5n },
    ])
    expect(entries[1]?.details).not.toHaveProperty('llcs')
  })

  it('says which contexts of caches cannot be', () => {
    const { entries, said } = table(
      [{ id: 1n }],
      [
        { cgroup: 1n, llc: 0, pointer: 0n },
        { cgroup: 1n, llc: 1, pointer: outside },
        { cgroup: 1n, llc: 2, pointer: nowhere },
      ],
    )
    expect(said.toSorted()).toEqual([
      'cgroup 1, LLC 0: its context at 0x0 is null',
      `cgroup 1, LLC 1: its context at ${hex(outside)} is outside the arena`,
      expect.stringMatching(/^cgroup 1, LLC 2: page not present/),
    ])
    expect(entries[0]?.details.llcs).toEqual([
      { llc: 0, address: '0x0', runtimeTotal: undefined },
      { llc: 1, address: hex(outside), runtimeTotal: undefined },
      { llc: 2, address: hex(nowhere), runtimeTotal: undefined },
    ])
  })

  it('takes a map with other keys for none of its caches', () => {
    const { entries, said } = table([{ id: 1n }], [{ cgroup: 1n, llc: 0 }], 8)
    expect(entries[0]?.details).not.toHaveProperty('llcs')
    expect(said).toEqual([])
  })

  it('leads to the queues of throttled tasks', () => {
    const { arena } = table(
      [{ id: 7n }],
      [
        { cgroup: 7n, llc: 2, btq: 0x1000_0000_8000n },
        { cgroup: 7n, llc: 3 },
        { cgroup: 7n, llc: 4, btq: outside },
        { cgroup: 7n, llc: 5, pointer: 0n },
      ],
    )
    expect(arena.containers.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      'atq cbw_cgrp_map[7].llc[2].btq',
      'cgroup_bw cbw_cgrp_map',
    ])
    expect(arena.containers[0]?.origin).toEqual({
      certainty: 'declared',
      evidence: 'the library keeps throttled tasks there',
    })
  })
})
