import { expect, it } from 'vitest'
import { containerView } from '../../../../src/ui/jupyter/display/objects.js'
import { smallTree } from '../../../support/small-tree.js'

it('a container of a cell is a table of its entries, as text and on the page', () => {
  const view = containerView(smallTree().container)
  const lines = view.text.split('\n')
  expect(lines[0]).toMatch(/^it: rbtree in arena \d+, by the type of the variable it$/)
  expect(lines.slice(-3).map((line) => line.trim().split(/ {2,}/).slice(1, 3))).toEqual([
    ['10', '20'],
    ['20', '40'],
    ['30', '60'],
  ])
  const page = String(view.html)
  const cells = [...page.matchAll(/<td[^>]*>([^<]*)/g)].map(([, cell]) => cell)
  expect(cells.filter((cell) => ['10', '20', '30', '40', '60'].includes(cell ?? ''))).toEqual([
    '10',
    '20',
    '20',
    '40',
    '30',
    '60',
  ])
})
