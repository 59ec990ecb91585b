import { describe, expect, it } from 'vitest'
import { below, Nodes } from '../../../../src/ui/fuse/device/nodes.js'

describe('numbers of files', () => {
  it('stay for as long as the kernel remembers them, however often it was told', () => {
    const nodes = new Nodes()
    const maps = nodes.tell('/maps')
    expect(nodes.tell('/maps')).toBe(maps)
    expect(nodes.path(maps)).toBe('/maps')
    nodes.forget(maps, 1)
    expect(nodes.path(maps)).toBe('/maps')
    nodes.forget(maps, 1)
    expect(nodes.path(maps)).toBeUndefined()
    expect(nodes.tell('/maps')).not.toBe(maps)
    expect(nodes.count).toBe(2)
  })

  it('never forget the root, nor fail over what they do not know', () => {
    const nodes = new Nodes()
    nodes.forget(1, 10)
    nodes.forget(77, 1)
    expect(nodes.path(1)).toBe('/')
    expect(nodes.path(77)).toBeUndefined()
  })
})

it('notes whose attributes were told, until they are taken or the kernel forgets', () => {
  const nodes = new Nodes()
  const [one, two] = [nodes.tell('/one'), nodes.tell('/two')]
  for (const node of [one, two, one]) nodes.believe(node)
  nodes.forget(two, 1)
  expect(nodes.takeBelieved()).toEqual([one])
  expect(nodes.takeBelieved()).toEqual([])
})

it('joins a name to its directory', () => {
  expect(below('/', 'maps')).toBe('/maps')
  expect(below('/maps', 'by-id')).toBe('/maps/by-id')
})
