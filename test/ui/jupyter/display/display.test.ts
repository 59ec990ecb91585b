import { describe, expect, it } from 'vitest'
import { frame } from '../../../../src/frame/list.js'
import { display } from '../../../../src/ui/jupyter/display/display.js'
import { formatValue } from '../../../../src/ui/jupyter/display/format.js'
import { fakeHost } from '../support.js'

describe('display.handle', () => {
  it('shows under an id, and replaces what is there', () => {
    const { shown, updates } = fakeHost()
    const first = display.handle([{ a: 1 }])
    const named = display.handle('x', 'mine')
    expect(shown.map(({ transient }) => transient)).toEqual([
      { display_id: first.id },
      { display_id: 'mine' },
    ])
    first.update([{ a: 2 }])
    named.update('y')
    expect(updates.map(({ transient }) => transient)).toEqual([
      { display_id: first.id },
      { display_id: 'mine' },
    ])
    expect(updates.map(({ data }) => data['text/plain'])).toEqual(['a\n2\n1 rows', "'y'"])
    expect(first.id).not.toBe('')
  })
})

describe('what is put into a notebook', () => {
  const wide = Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`member_${n}`, 'x'.repeat(50)]))
  const rows = Array.from({ length: 3000 }, () => wide)

  it.each([
    ['a list', rows],
    ['a frame', frame(rows)],
  ])('of %s that is wide and long is a part of it, and says of how many', (_, value) => {
    const { data } = formatValue(value)
    const [html, text] = [String(data['text/html']), String(data['text/plain'])]
    expect(html.length).toBeLessThan(300_000)
    const shown = /the first (\d+) of 3000 rows/.exec(html)?.[1]
    expect(html.split('<tr').length - 2).toBe(Number(shown))
    expect(text.length).toBeLessThan(400_000)
    expect(text).toMatch(/the first \d+ of 3000 rows; browse\(.*\) pages through all$/)
  })

  it('of one row that is too large is that row', () => {
    const { data } = formatValue([{ a: 'x'.repeat(500_000) }, { a: 'y' }])
    expect(data['text/html']).toContain('the first 1 of 2 rows')
  })
})
