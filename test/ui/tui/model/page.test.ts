import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../../../src/errors.js'
import { Page } from '../../../../src/ui/tui/model/page.js'
import { ArrayRows, type Content } from '../../../../src/ui/tui/model/row.js'

const content: Content = {
  columns: [{ title: 'NAME' }],
  rows: new ArrayRows([{ id: 'a', cells: ['a'] }]),
  empty: '',
}

const shown = (list: Page['list'] | undefined) =>
  Array.from({ length: list?.length ?? 0 }, (_, i) => list?.row(i)?.cells[0] ?? '')

describe('a page whose view throws', () => {
  it('shows the sentence of what cannot be read, made safe, and no stack', () => {
    const page = new Page({
      title: 'T',
      load: () => {
        throw new CryoscopeError('unreadable', 'a page is \x1b[31mmissing\nhere')
      },
    })
    page.load('1', 10)
    expect(shown(page.list)).toEqual(['a page is \\x1b[31mmissing\\nhere'])
  })

  it('says of a mistake in the program that it is one, with where, and shows the rows at the next reading', () => {
    let isBroken = true
    const page = new Page({
      title: 'T',
      load: () => {
        if (isBroken) throw new TypeError('broken on purpose')
        return content
      },
    })
    page.list.setSorting({ column: 0, descending: true }, 10)
    page.load('1', 10)
    const [first, , second, place] = shown(page.list)
    expect([first, second]).toEqual([
      'broken on purpose',
      'This is a mistake in cryoscope, not in the guest:',
    ])
    expect(place).toContain('page.test.ts')
    isBroken = false
    page.load('2', 10)
    expect(shown(page.list)).toEqual(['a'])
  })

  it('keeps the list when only the detail throws', () => {
    const page = new Page({
      title: 'T',
      load: () => content,
      detail: () => {
        throw new CryoscopeError('unreadable', 'no detail')
      },
    })
    page.load('1', 10)
    expect(shown(page.list)).toEqual(['a'])
    expect(page.detail?.title).toBe('cannot be shown')
    expect(shown(page.detail?.list)).toEqual(['no detail'])
  })
})
