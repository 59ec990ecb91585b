import { describe, expect, it } from 'vitest'
import { problemText, whole } from '../../../src/problems.js'
import { ArenaGuest } from '../../support/arena-guest.js'
import { ContainersWorld } from '../../support/containers-world.js'

describe('a bitmap', () => {
  it('is its runs of bits, as far as the CPUs go where nothing else tells', () => {
    const world = new ContainersWorld('scx_bitmap')
    world.set('scx_bitmap', world.place, { 'bits[0]': 0x8000_0000_0000_00f1n, 'bits[1]': 7 })
    const { container, said } = world.read()
    expect(said).toBe('')
    expect(container.state).toMatchObject({ set: '0,4-7,63', bits: 64 })
    expect(container.entries.map(({ details }) => [details.first, details.last])).toEqual([
      [0, 0],
      [4, 7],
      [63, 63],
    ])
    expect(container.count).toEqual(whole(6))
    expect(container.at(5)?.index).toBe(1)
    expect(container.at(8)).toBeUndefined()
  })

  it('ends where the variable of its program says', () => {
    const test = new ArenaGuest()
    const { it: pointer, mask_size } = test.section('.bss', { it: 'to_scx_bitmap', mask_size: 'u64' })
    const place = test.pages(1)
    test.guest.u64(pointer?.at ?? 0n, test.user(place))
    test.guest.u64(mask_size?.at ?? 0n, 2n)
    test.set('scx_bitmap', place, { 'bits[1]': 1, 'bits[2]': 1 })
    const [container] = test.build().arena.containers
    expect(container?.state).toMatchObject({ set: '64', bits: 128, sized: 'by the variable mask_size' })
  })

  it('says which of its words are on a page that is not there', () => {
    const world = new ContainersWorld('scx_bitmap')
    const { it: pointer } = world.test.section('.data', { it: 'to_scx_bitmap' })
    world.test.guest.u64(pointer?.at ?? 0n, 0x1000_0500_0000n)
    const found = world.test.build().arena.containers.find(({ count }) => !count.whole)
    expect(found?.count).toMatchObject({ whole: false, atLeast: 0 })
    expect(found?.state.set).toBe('unknown')
  })
})

/** The whole, with two nodes of two CPUs each. */
function topology() {
  const world = new ContainersWorld('topology')
  const mask = (bits: number): bigint => {
    const place = world.take(528)
    world.set('scx_bitmap', place, { 'bits[0]': bits })
    return world.to(place)
  }
  const node = (place: number, parent: number, level: number, id: number, bits: number): void =>
    world.set('topology', place, {
      parent: parent < 0 ? 0n : world.to(parent),
      mask: mask(bits),
      level,
      [`level_ids[${level}]`]: id,
    })
  const [first, second] = [world.take(80), world.take(80)] as const
  node(world.place, -1, 0, 0, 0xf)
  node(first, world.place, 1, 0, 0x3)
  node(second, world.place, 1, 1, 0xc)
  const children = world.test.types.findStruct('topology')?.member('children')?.offset ?? 0
  world.set('topology', world.place, { nr_children: 2 })
  world.test.pointer(world.place + children, first)
  world.test.pointer(world.place + children + 8, second)
  return { world, first, second, children }
}

describe('a topology', () => {
  it('is its nodes with their levels, numbers and CPUs, its bitmaps are no containers of their own', () => {
    const { world } = topology()
    const { container, said } = world.read()
    expect(said).toBe('')
    expect(
      container.entries.map(({ depth, key, details }) => [depth, key, details.level, details.cpus]),
    ).toEqual([
      [0, 0n, 'TOPO_TOP', '0-3'],
      [1, 0n, 'TOPO_NODE', '0-1'],
      [1, 1n, 'TOPO_NODE', '2-3'],
    ])
    expect(container.entries[2]?.details.ids).toEqual([0n, 1n])
    expect(container.state).toEqual({ levels: { TOPO_TOP: 1, TOPO_NODE: 2 } })
    expect(container.count).toEqual(whole(3))
    expect(world.test.build().arena.containers).toHaveLength(1)
  })

  it('is found by its root, also where only a node is pointed at', () => {
    const { world, second } = topology()
    const { it: pointer } = world.test.section('.data', { it: 'to_topology' })
    world.test.guest.u64(pointer?.at ?? 0n, world.to(second))
    expect(world.test.build().arena.containers.map(({ name }) => name)).toEqual(['it'])
  })

  it('ends where links lead back, and says of children, parents and levels what is wrong', () => {
    const loop = topology()
    loop.world.test.pointer(loop.world.place + loop.children + 8, loop.world.place)
    expect(loop.world.read().said).toContain('the links lead back to it after 2 nodes')
    const wrong = topology()
    wrong.world.set('topology', wrong.first, { level: 3, parent: wrong.world.to(wrong.second) })
    wrong.world.test.u64(wrong.world.place + wrong.children + 8, 0xffff_dead_0000_0000n)
    const { container, said } = wrong.world.read()
    expect(said).toContain('it says that its level is 3, and it hangs on level 1')
    expect(said).toContain('it hangs below')
    expect(said).toContain('its child 1 is outside the arena')
    expect(container.count).toMatchObject({ whole: false, atLeast: 2 })
    const many = topology()
    many.world.set('topology', many.world.place, { nr_children: 2n ** 50n })
    expect(many.world.read().container.count).toMatchObject({ whole: false, atLeast: 1 })
  })
})

function words(...values: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 8)
  for (const [n, value] of values.entries()) new DataView(bytes.buffer).setBigUint64(n * 8, value, true)
  return bytes
}

function llcKey(cgroup: bigint, llc: number): Uint8Array {
  const bytes = new Uint8Array(12)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, cgroup, true)
  view.setInt32(8, llc, true)
  return bytes
}

describe('bandwidth contexts of cgroups', () => {
  const max = 2n ** 63n - 1n

  function cgroups(damage: (test: ArenaGuest, places: ReadonlyMap<number, number>) => void = () => {}) {
    const test = new ArenaGuest()
    const page = test.pages(1)
    const rows = [
      { id: 1, parent_id: 0, quota: max },
      { id: 40, parent_id: 1, quota: 5000n },
      { id: 7, parent_id: 40, quota: 2000n },
    ]
    const places = new Map(rows.map(({ id }, n) => [id, page + n * 64]))
    for (const row of rows)
      test.set('scx_cgroup_ctx', places.get(row.id) ?? 0, {
        ...row,
        period: 100,
        is_throttled: row.id === 7 ? 1 : 0,
      })
    const llc = page + 512
    test.set('scx_cgroup_llc_ctx', llc, { id: 7, runtime_total: 900, btq: test.user(page + 1024) })
    damage(test, places)
    const entry = (id: number) => ({ key: words(BigInt(id)), value: words(test.user(places.get(id) ?? 0)) })
    test.hash('cbw_cgrp_map', 'cbw_cgrp_entry', 8, [entry(7), entry(1), entry(40)])
    test.hash('cbw_llc_map', 'cbw_llc_entry', 12, [{ key: llcKey(7n, 3), value: words(test.user(llc)) }])
    const { arena } = test.build()
    const table = arena.containers.find(({ kind }) => kind === 'cgroup_bw')
    if (table === undefined) throw new Error(`no table: ${arena.problems.map(problemText).join('; ')}`)
    return { arena, table, said: table.problems.map(problemText).join('\n') }
  }

  it('are a table, cgroups below their parents, with the contexts of their caches', () => {
    const { arena, table, said } = cgroups()
    expect(said).toBe('')
    expect(
      [...table].map(({ key, depth, details }) => [key, depth, details.quota, details.is_throttled]),
    ).toEqual([
      [1n, 0, 'max', false],
      [40n, 1, 5000n, false],
      [7n, 2, 2000n, true],
    ])
    expect(table.at(7)?.details.llcs).toMatchObject([{ llc: 3, runtimeTotal: 900n }])
    expect(table.count).toEqual(whole(3))
    expect(arena.containers.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      'atq cbw_cgrp_map[7].llc[3].btq',
      'cgroup_bw cbw_cgrp_map',
    ])
  })

  it('say of contexts that are missing, of another cgroup, or below themselves what is wrong', () => {
    const { table, said } = cgroups((test, places) => {
      test.set('scx_cgroup_ctx', places.get(40) ?? 0, { parent_id: 7, id: 41 })
      ;(places as Map<number, number>).set(1, 0x0500_0000)
    })
    expect(said).toContain('cgroup 40: its context says that it is of cgroup 41')
    expect(said).toContain('cgroup 1: ')
    expect([...table].map(({ key }) => key)).toEqual([7n, 40n])
    expect(table.count).toMatchObject({ whole: false, atLeast: 2 })
  })
})
