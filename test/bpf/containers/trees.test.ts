import { describe, expect, it } from 'vitest'
import { whole } from '../../../src/problems.js'
import { ContainersWorld } from '../../support/containers-world.js'

/** A node that is not mapped anywhere. */
const nowhere = 0x1000_0500_0000n
const outside = 0xffff_dead_beef_0000n

/** 50, left of it 20 with 10 and 30, right of it 70; each node on a page of its own when `alone`. */
function tree(alone = false) {
  const world = new ContainersWorld('rbtree')
  const nodes = new Map([50, 20, 70, 10, 30].map((key) => [key, world.take(64, alone)]))
  const at = (key: number): number => nodes.get(key) as number
  const link = (key: number, parent: number, left: number, right: number): void => {
    const to = (other: number): bigint => (other === 0 ? 0n : world.to(at(other)))
    const links = { parent: to(parent), left: to(left), right: to(right) }
    world.set('rbnode', at(key), { ...links, key, value: key * 2, is_red: key === 20 ? 1 : 0 })
  }
  link(50, 0, 20, 70)
  link(20, 50, 10, 30)
  link(70, 50, 0, 0)
  link(10, 20, 0, 0)
  link(30, 20, 0, 0)
  world.set('rbtree', world.place, { root: world.to(at(50)), insert: 2 })
  return { world, at }
}

describe('an rbtree', () => {
  it('is its nodes in the order of their keys', () => {
    const { world } = tree()
    const { container, said, keys } = world.read()
    expect(said).toBe('')
    expect(keys).toEqual([10, 20, 30, 50, 70])
    expect([...container].map(({ value }) => value)).toEqual([20n, 40n, 60n, 100n, 140n])
    expect([...container].map(({ depth }) => depth)).toEqual([2, 1, 2, 0, 1])
    expect([...container].filter(({ details }) => details.isRed === true)).toHaveLength(1)
    expect(container.count).toEqual(whole(5))
    expect(container.at(30)?.index).toBe(2)
    expect(container.at(31)).toBeUndefined()
    expect(container.origin).toEqual({ certainty: 'declared', evidence: 'the type of the variable it' })
    expect(JSON.parse(JSON.stringify(container))).toMatchObject({
      kind: 'rbtree',
      struct: 'struct rbtree',
      count: 5,
      state: { alloc: 'RB_ALLOC', insert: 'RB_DUPLICATE' },
    })
    expect([...container.json()].map((line) => JSON.parse(line))[0]).toMatchObject({
      key: 10,
      value: 20,
      depth: 2,
    })
  })

  it('that is empty has no entries, and nothing is wrong with it', () => {
    const { container, said } = new ContainersWorld('rbtree').read()
    expect([container.count, said]).toEqual([whole(0), ''])
  })

  it('ends where its links lead back, and keeps the rest', () => {
    const { world, at } = tree()
    world.set('rbnode', at(10), { left: world.to(at(50)) })
    const { container, said, keys } = world.read()
    expect(said).toContain('the links lead back to it')
    expect(keys).toEqual([10, 20, 30, 50, 70])
    expect(container.count).toMatchObject({ whole: false, atLeast: 5 })
  })

  it('says which node is on a page that is not there, and goes on with the others', () => {
    const { world, at } = tree()
    world.set('rbnode', at(50), { left: nowhere })
    const { container, said, keys } = world.read()
    expect(said).toContain(`node at 0x${nowhere.toString(16)}`)
    expect(keys).toEqual([50, 70])
    expect(container.count).toMatchObject({ whole: false, atLeast: 2 })
  })

  it.each([
    ['a wild pointer', { left: outside }, 'it is outside the arena'],
    ['another parent', { parent: 0n }, 'it hangs below'],
    ['a key out of order', { key: 99 }, 'comes after 99'],
  ] as const)('says of %s in a node what is wrong', (_, members, sentence) => {
    const { world, at } = tree()
    world.set('rbnode', at(20), members)
    expect(world.read().said).toContain(sentence)
  })
})

/** Two leaves below a root. */
function btree() {
  const world = new ContainersWorld('btree')
  const [root, first, second] = [world.take(200), world.take(200), world.take(200)] as const
  world.set('btree', world.place, { root: world.to(root) })
  world.set('bt_node', root, {
    'keys[0]': 50,
    'values[0]': world.to(first),
    'values[1]': world.to(second),
    numkeys: 1,
  })
  const leaf = (place: number, keys: readonly number[]): void => {
    world.set('bt_node', place, { flags: 1, numkeys: keys.length, parent: world.to(root) })
    for (const [n, key] of keys.entries())
      world.set('bt_node', place, { [`keys[${n}]`]: key, [`values[${n}]`]: key + 1 })
  }
  leaf(first, [10, 20, 30])
  leaf(second, [50, 60])
  return { world, root, first, second }
}

describe('a btree', () => {
  it('is keys and values of its leaves in order', () => {
    const { world } = btree()
    const { container, said, keys } = world.read()
    expect(said).toBe('')
    expect(keys).toEqual([10, 20, 30, 50, 60])
    expect(container.at(60)).toMatchObject({ value: 61n, depth: 1, details: { slot: 1 } })
    expect(container.state).toEqual({ nodes: 3, levels: 2 })
    expect(container.count).toEqual(whole(5))
  })

  it('keeps what it can where a child is missing, loops or is torn', () => {
    const gone = btree()
    gone.world.set('bt_node', gone.root, { 'values[0]': nowhere })
    expect(gone.world.read()).toMatchObject({
      keys: [50, 60],
      container: { count: { whole: false, atLeast: 2 } },
    })
    const loop = btree()
    loop.world.set('bt_node', loop.root, { 'values[1]': loop.world.to(loop.root) })
    expect(loop.world.read()).toMatchObject({
      keys: [10, 20, 30],
      said: expect.stringContaining('lead back'),
    })
    const torn = btree()
    torn.world.set('bt_node', torn.first, { numkeys: 2n ** 64n - 1n })
    expect(torn.world.read()).toMatchObject({
      keys: [50, 60],
      said: expect.stringContaining('it says that it has 18446744073709551615 keys, of at most 10'),
    })
  })

  it('says of children that are null, of keys out of order and of other parents', () => {
    const { world, root, first, second } = btree()
    world.set('bt_node', first, { 'keys[1]': 5, parent: world.to(second) })
    world.set('bt_node', root, { 'values[1]': 0n })
    const { said } = world.read()
    expect(said).toContain('its key 5 comes after 10')
    expect(said).toContain('it hangs below')
    expect(said).toContain('a child that must be there is null')
  })
})
