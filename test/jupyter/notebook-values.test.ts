import { describe, expect, it } from 'vitest'
import {
  type Cell,
  differences,
  kept,
  type Notebook,
  valuesOf,
} from '../integration/support/notebook-values.js'

function cell(text: string, more: Partial<Cell> & { readonly data?: Record<string, unknown> } = {}): Cell {
  const { data, ...rest } = more
  const output = { output_type: 'execute_result', data: { 'text/plain': text, ...data } }
  return { cell_type: 'code', source: '', outputs: [output], ...rest }
}

const book = (...cells: readonly Cell[]): Notebook => ({ cells, metadata: {} })
const said = (before: Cell, now: Cell): string => differences(book(before), book(now)).join()

describe('values in notebooks', () => {
  it('are the same apart from addresses, times, names of guests and widths', () => {
    const before = cell('@demo (7) at 0xffff8880deadbeef for 12.5 ms\nA  B\n███ 3')
    expect(said(before, cell('@vm1 (7) at 0xffff888012345678 for 3 us\nA         B\n█ 3'))).toBe('')
    expect(said(before, cell('@vm1 (8) at 0xffff888012345678 for 3 us\nA B\n█ 3'))).toMatch(
      /cell 1, line 2:\n.*\(7\).*\n.*\(8\)/,
    )
  })

  it('differ where a line, a cell or a picture is missing', () => {
    expect(said(cell('a\nb'), cell('a'))).toContain('kept: b\n  now:  (no more)')
    expect(said(cell('a'), cell('a\nb'))).toContain('now:  b')
    expect(differences(book(cell('a'), cell('b')), book(cell('a'))).join()).toContain('cell 2')
    const withTable = cell('a', { data: { 'text/html': '<table>' } })
    expect(said(withTable, cell('a'))).toContain('text/html')
  })

  it('are compared by what a kept cell says of itself, and not the other', () => {
    const varies = { metadata: { cryoscope: { varies: ['\\d+(?= live)'] } } }
    expect(said(cell('3 live of 9', varies), cell('4 live of 9'))).toBe('')
    expect(said(cell('3 live of 9', varies), cell('4 live of 8'))).not.toBe('')
    expect(said(cell('3 live of 9'), cell('4 live of 9', varies))).not.toBe('')
    expect(
      valuesOf(cell('b 1\na 2\nc', { metadata: { cryoscope: { unordered: true, keeps: ['\\d'] } } })),
    ).toEqual(['execute_result text/plain', 'a 2', 'b 1'])
  })

  it('are kept without what needs a kernel', () => {
    const live = cell('text', {
      metadata: { execution: {} } as never,
      data: {
        'application/vnd.jupyter.widget-view+json': {},
        'text/html': ['<div class="cs-still-12ab">\n', 'x</div>'],
      },
    })
    expect(
      kept(book(cell('file /home/someone/cryoscope/examples/scx_demo/x.c'))).cells[0]?.outputs?.[0]?.data,
    ).toEqual({
      'text/plain': 'file examples/scx_demo/x.c',
    })
    const chart = cell('text', { data: { 'text/html': '<svg>', 'image/svg+xml': '<svg/>' } })
    const { cells, metadata } = kept({ cells: [live, chart], metadata: { widgets: {}, kernelspec: {} } })
    expect(metadata).toEqual({ kernelspec: {} })
    expect(cells.map(({ metadata: of }) => of)).toEqual([{}, {}])
    expect(cells.map(({ outputs }) => outputs?.[0]?.data)).toEqual([
      { 'text/plain': 'text', 'text/html': ['<div class="cs-still">\n', 'x</div>'] },
      { 'text/plain': 'text', 'image/svg+xml': '<svg/>' },
    ])
  })
})
