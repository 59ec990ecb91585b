import { expect, it } from 'vitest'
import type { Desk } from '../../../../src/ui/tui/model/desk.js'
import type { Content } from '../../../../src/ui/tui/model/row.js'
import { containerView } from '../../../../src/ui/tui/panes/containers.js'
import { smallTree } from '../../../support/small-tree.js'

const rowsOf = ({ rows }: Content) => Array.from({ length: rows.length }, (_, i) => rows.at(i))

it('a container is its entries in their order, each with where it is kept', () => {
  const { container, arena, nodes } = smallTree()
  const desk = { vm: { container: () => container } } as unknown as Desk
  const view = containerView(desk, { kind: 'container', arena: arena.id, name: 'it' })
  const rows = rowsOf(view.load(new Set()) as Content)
  expect(rows.map((row) => row?.cells.slice(1, 3))).toEqual([
    ['10', '20'],
    ['20', '40'],
    ['30', '60'],
  ])
  expect(rows.map((row) => row?.target)).toEqual(
    [10, 20, 30].map((key) => ({ kind: 'arena-place', arena: arena.id, place: nodes.get(key) })),
  )
  const last = rows[2]
  if (last === undefined) throw new Error('there are fewer than three')
  const detail = view.detail?.(last, new Set())
  const { title, content } = detail as { title: string; content: Content }
  expect(title).toBe('it, entry 2')
  expect(rowsOf(content).map((row) => row?.cells.slice(0, 2))).toEqual(
    expect.arrayContaining([
      ['found', expect.stringMatching(/the type of the variable it/)],
      ['holds', '3 entries'],
      ['key', '30'],
    ]),
  )
})
