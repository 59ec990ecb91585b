import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { columnGap, placeColumns } from '../../../../src/ui/tui/model/column-widths.js'
import { scrolledText } from '../../../../src/ui/tui/model/scrolled-text.js'

const key = { natural: 6, rigid: true, identifies: true }
const comm = { natural: 16, rigid: false, identifies: true }
const pointer = { natural: 37, rigid: false, identifies: false }
const number = { natural: 10, rigid: true, identifies: false }

const shown = (columns: Parameters<typeof placeColumns>[0], width: number, skipped = 0) =>
  placeColumns(columns, width, skipped).columns.map(({ index, width: each }) => [index, each])

describe('placeColumns', () => {
  it('gives what identifies a row its room, and pointers the rest', () => {
    expect(shown([key, comm, pointer, number], 78)).toEqual([
      [0, 6],
      [1, 16],
      [2, 37],
      [3, 10],
    ])
    expect(shown([key, comm, pointer, number], 60)).toEqual([
      [0, 6],
      [1, 16],
      [2, 22],
      [3, 10],
    ])
  })

  it('keeps the name on a screen of 40 columns, and says how many columns are left out', () => {
    const placed = placeColumns([key, comm, pointer, number, number], 38)
    expect(placed.columns.slice(0, 2)).toEqual([
      { index: 0, width: 6 },
      { index: 1, width: 16 },
    ])
    expect(placed.after).toBe(2)
  })

  it('scrolls columns past those that identify a row', () => {
    const placed = placeColumns([key, comm, pointer, number, number], 38, 2)
    expect(placed.columns.map(({ index }) => index)).toEqual([0, 1, 4])
    expect(placed.before).toBe(2)
  })

  it('keeps a character for a column of which nothing was seen yet', () => {
    const text = (natural: number) => ({ natural, rigid: false, identifies: false })
    const { columns } = placeColumns([{ ...text(60), identifies: true }, text(0), text(0)], 40)
    expect(columns.map(({ width }) => width)).toEqual([34, 1, 1])
  })

  it('never takes more than there is where every column can have a character', () => {
    const column = fc.record({ natural: fc.nat(60), rigid: fc.boolean(), identifies: fc.boolean() })
    fc.assert(
      fc.property(
        fc.array(column, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 40, max: 200 }),
        (all, width) => {
          const { columns } = placeColumns(all, width)
          const sum = columns.reduce((total, each) => total + each.width + columnGap, -columnGap)
          const named = all.filter(({ identifies }) => identifies).length
          if (named <= 2) expect(sum).toBeLessThanOrEqual(width)
        },
      ),
    )
  })
})

describe('scrolledText', () => {
  it('never takes away from a text that has room, and marks what is left out', () => {
    expect(scrolledText('3891389034', 8, 48)).toBe('3891389034')
    expect(scrolledText('abcdefghijklmnopqrst', 0, 10)).toBe('abcdefghijklmnopqrst')
    expect(scrolledText('abcdefghijklmnopqrst', 8, 10)).toBe('…jklmnopqrst')
    expect(scrolledText('abcdefghijklmnopqrst', 80, 10)).toBe('…lmnopqrst')
  })
})
