import { ContainersWorld } from './containers-world.js'

/** An arena with one rbtree, `it`: 20, left of it 10 and right of it 30, each with twice its key; by key where each lies. */
export function smallTree() {
  const world = new ContainersWorld('rbtree')
  const nodes = new Map([20, 10, 30].map((key) => [key, world.take(64)]))
  const at = (key: number): number => nodes.get(key) as number
  for (const key of [10, 30])
    world.set('rbnode', at(key), { parent: world.to(at(20)), key, value: key * 2, is_red: 1 })
  world.set('rbnode', at(20), { left: world.to(at(10)), right: world.to(at(30)), key: 20, value: 40 })
  world.set('rbtree', world.place, { root: world.to(at(20)) })
  const { container } = world.read()
  return { container, arena: container.arena, nodes }
}
