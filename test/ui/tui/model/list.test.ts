import { describe, expect, it, vi } from 'vitest'
import { ListModel } from '../../../../src/ui/tui/model/list.js'
import { ArrayRows, type Content, type Row, type RowSource } from '../../../../src/ui/tui/model/row.js'

const rowOf = (name: string, number: number): Row => ({
  id: `t/${name}`,
  cells: [name, String(number)],
  sort: [name, number],
})

const contentOf = (rows: RowSource): Content => ({
  columns: [{ title: 'NAME' }, { title: 'N' }],
  rows,
  empty: '',
})

const fruit = () =>
  contentOf(
    new ArrayRows(['pear', 'apple', 'quince', 'fig'].map((name, i) => rowOf(name, [10, 9, 100, 1][i] ?? 0))),
  )

const names = (list: ListModel) => Array.from({ length: list.length }, (_, i) => list.row(i)?.cells[0])

/** A million rows that are made when asked for; it counts how many were. */
class ManyRows implements RowSource {
  readonly bound = 1_000_000
  length = 0
  made = 0

  get complete(): boolean {
    return this.length === this.bound
  }

  reach(index: number): void {
    while (!this.complete && this.length <= index) this.length = Math.min(this.bound, this.length + 1000)
  }

  advance(milliseconds: number): boolean {
    const end = performance.now() + milliseconds
    while (!this.complete && performance.now() < end) this.length = Math.min(this.bound, this.length + 1000)
    return this.complete
  }

  at(index: number): Row | undefined {
    this.made++
    return index < this.length ? rowOf(`row${index}`, index) : undefined
  }
}

describe('ListModel', () => {
  it('filters as the letters of a query occur in a row', () => {
    const list = new ListModel(fruit())
    list.setFilter('pe', 10)
    expect(names(list)).toEqual(['pear'])
    list.setFilter('', 10)
    expect(list.length).toBe(4)
  })

  it('shows rows that have only the letters as long as none has the words', () => {
    const list = new ListModel(contentOf(new ArrayRows(['task-2-1', 'task-1', 'task-12-1'].map(rowOf))))
    list.setFilter('tsk-1', 10)
    expect(names(list)).toEqual(['task-2-1', 'task-1', 'task-12-1'])
    list.setFilter('task-1', 10)
    expect(names(list)).toEqual(['task-1', 'task-12-1'])
  })

  it('sorts by what a column stands for, both ways, and keeps the filter', () => {
    const list = new ListModel(fruit())
    list.setSorting({ column: 1, descending: false }, 10)
    expect(names(list)).toEqual(['fig', 'apple', 'pear', 'quince'])
    list.setSorting({ column: 1, descending: true }, 10)
    expect(names(list)).toEqual(['quince', 'pear', 'apple', 'fig'])
    list.setFilter('e', 10)
    expect(names(list)).toEqual(['quince', 'pear', 'apple'])
  })

  it('puts what has no value last, whichever way it sorts', () => {
    const rows = [rowOf('a', 1), { id: 't/b', cells: ['b', '-'], sort: ['b', undefined] }, rowOf('c', 3)]
    const list = new ListModel(contentOf(new ArrayRows(rows)))
    list.setSorting({ column: 1, descending: false }, 10)
    expect(names(list)).toEqual(['a', 'c', 'b'])
    list.setSorting({ column: 1, descending: true }, 10)
    expect(names(list)).toEqual(['c', 'a', 'b'])
  })

  it('keeps the cursor in sight and on the row when the list is read anew', () => {
    const list = new ListModel(fruit())
    list.moveTo(2, 2)
    expect([list.cursor, list.top]).toEqual([2, 1])
    list.replace(
      contentOf(new ArrayRows(['new', 'pear', 'apple', 'quince'].map((name, i) => rowOf(name, i)))),
      2,
    )
    expect(list.selected?.cells[0]).toBe('quince')
    expect(list.cursor).toBe(3)
  })

  it('asks a list of a million rows only for those that are seen', () => {
    const rows = new ManyRows()
    const list = new ListModel(contentOf(rows))
    list.moveTo(0, 30)
    for (let i = 0; i < 100; i++) list.moveBy(1, 30)
    for (let position = list.top; position < list.top + 30; position++) list.row(position)
    expect(rows.made).toBeLessThan(200)
    expect(rows.length).toBeLessThan(2000)
  })

  it('goes to the end in slices that can be ended', () => {
    const rows = new ManyRows()
    const list = new ListModel(contentOf(rows))
    list.toEnd(30)
    let slices = 0
    while (list.advance(1)) slices++
    expect(list.cursor).toBe(999_999)
    list.setFilter('row99999', 30)
    expect(list.pass?.what).toBe('filtering')
    list.cancel()
    expect(list.pass).toBeUndefined()
    expect(slices).toBeGreaterThanOrEqual(0)
  })
})

describe('a pass that is ended', () => {
  const started = (): { list: ListModel; rows: ManyRows } => {
    const rows = new ManyRows()
    return { list: new ListModel(contentOf(rows)), rows }
  }

  it('leaves the order of before, without a mark, when it sorted', () => {
    const { list } = started()
    list.setSorting({ column: 1, descending: true }, 10)
    expect(list.pass?.what).toBe('sorting')
    expect(list.cancel()).toMatch(/^sorting ended after [\d,]+ rows: the order is that of before$/)
    expect(list.sorting).toBeUndefined()
    expect(list.row(0)?.cells[0]).toBe('row0')
  })

  it('leaves rows that pass, and does not count them as all, when it filtered', () => {
    const { list } = started()
    list.setFilter('199', 10)
    expect(list.pass?.what).toBe('filtering')
    expect(list.cancel()).toMatch(/^filter ended after [\d,]+ rows: there may be more$/)
    expect(list.length).toBeGreaterThan(0)
    for (let i = 0; i < list.length; i++) expect(list.row(i)?.cells[0]).toContain('199')
    expect(list.isCounted).toBe(false)
    list.setFilter('', 10)
    expect(list.row(0)?.cells[0]).toBe('row0')
  })

  it('never shows rows that have only the letters while there may be some that have the words', () => {
    const { list } = started()
    list.setFilter('rw99', 10)
    expect(list.pass?.what).toBe('filtering')
    list.advance(5)
    expect(list.length).toBe(0)
  })

  it('keeps the order of a short list whose rows take their time, when it is read again', () => {
    let clock = 0
    const watch = vi.spyOn(performance, 'now').mockImplementation(() => clock)
    const slow = (): Content => ({
      columns: [{ title: 'N' }],
      rows: {
        complete: true,
        length: 100,
        at: (index) => {
          clock += 0.2
          return { id: `s/${index}`, cells: [String(index % 7)] }
        },
      },
      empty: '',
    })
    const list = new ListModel(slow())
    list.setSorting({ column: 0, descending: true }, 10)
    list.replace(slow(), 10)
    expect(list.pass).toBeUndefined()
    expect(list.row(0)?.cells).toEqual(['6'])
    watch.mockRestore()
  })
})
