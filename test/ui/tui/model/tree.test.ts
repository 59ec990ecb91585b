import { describe, expect, it } from 'vitest'
import { type TreeNode, TreeRows } from '../../../../src/ui/tui/model/tree.js'

const leaf = (id: string): TreeNode => ({ row: { id, cells: [id] } })
const tree = (): TreeNode[] => [
  {
    row: { id: 'a', cells: ['a'] },
    parts: () => [leaf('a.x'), { row: { id: 'a.y', cells: ['a.y'] }, parts: () => [leaf('a.y.z')] }],
  },
  { row: { id: 'b', cells: ['b'] }, parts: () => [leaf('b.x')], open: true },
]
const ids = (rows: TreeRows) => Array.from({ length: rows.length }, (_, i) => rows.at(i)?.id)

describe('TreeRows', () => {
  it('shows what is open, makes parts when they are opened, and closes what hangs below', () => {
    const rows = new TreeRows(tree(), new Set())
    expect(ids(rows)).toEqual(['a', 'b', 'b.x'])
    rows.toggle(0)
    rows.toggle(2)
    expect(ids(rows)).toEqual(['a', 'a.x', 'a.y', 'a.y.z', 'b', 'b.x'])
    expect(rows.at(3)).toMatchObject({ depth: 2, expanded: undefined })
    expect(rows.parent(3)).toBe(2)
    rows.toggle(0, false)
    expect(ids(rows)).toEqual(['a', 'b', 'b.x'])
  })

  it('is open at the same places when it is read anew', () => {
    const opened = new Set<string>()
    const first = new TreeRows(tree(), opened)
    first.toggle(0)
    first.toggle(ids(first).indexOf('b'))
    expect(ids(new TreeRows(tree(), opened))).toEqual(['a', 'a.x', 'a.y', 'b'])
  })
})
