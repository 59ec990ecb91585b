import { expect, it } from 'vitest'
import type { Arena } from '../../../src/bpf/arena/arena.js'
import { containersDirectory } from '../../../src/ui/files/containers.js'
import { ContentCache } from '../../../src/ui/files/content.js'
import { nodeAt } from '../../../src/ui/files/node.js'
import type { View } from '../../../src/ui/files/view.js'
import { smallTree } from '../../support/small-tree.js'

function read(name: string): string {
  const { arena } = smallTree()
  const view = { session: { problems: [] }, cache: new ContentCache(), writable: false } as unknown as View
  const file = nodeAt(containersDirectory(view, arena as unknown as Arena), `/${name}`)
  if (file?.kind !== 'file') throw new Error(`there is no file ${name}`)
  const target = new Uint8Array(10_000)
  return Buffer.from(target.subarray(0, file.open().read(target, 0))).toString()
}

it('a container is a file of lines in its own order, a document and a table', () => {
  const lines = read('it.jsonl').trim().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { key: 10, value: 20, depth: 1 },
    { key: 20, value: 40, depth: 0 },
    { key: 30, value: 60, depth: 1 },
  ])
  expect(JSON.parse(read('it.json'))).toMatchObject({ name: 'it', kind: 'rbtree', count: 3 })
  const [head, count, , ...rows] = read('it.txt').trim().split('\n')
  expect(head).toMatch(/^it: rbtree in arena \d+, by the type of the variable it$/)
  expect(count).toMatch(/^3 entries; /)
  expect(rows.map((row) => row.trim().split(/ {2,}/).slice(1, 3))).toEqual([
    ['10', '20'],
    ['20', '40'],
    ['30', '60'],
  ])
})
