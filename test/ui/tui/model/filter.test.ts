import { describe, expect, it } from 'vitest'
import { parseFilter } from '../../../../src/ui/tui/model/filter.js'

const columns = [{ title: 'PID' }, { title: 'CPU' }, { title: 'NAME' }]
const match = (text: string, ...cells: string[]) => {
  const filter = parseFilter(text, columns)
  if (typeof filter === 'string') return filter
  return filter.match({ id: 'x', cells })
}

describe('parseFilter', () => {
  it.each([
    ['demo', 'words'],
    ['DEMO 12', 'words'],
    ['dmo', 'letters'],
    ['other', undefined],
    ['!kworker', 'words'],
    ['!demo', undefined],
    ['!dmo', 'words'],
    ['cpu:1', 'words'],
    ['cpu:2', undefined],
    ['!cpu:2 demo', 'words'],
    ['/^12 1/', 'words'],
    ['name:/^demo_.*\\/\\d$/', 'words'],
    ['name:/^load$/', undefined],
    ['!/kworker|rcu/', 'words'],
    // No column is called so: it is text.
    ['x:y', undefined],
  ])('%s', (text, expected) => {
    expect(match(text, '12', '1', 'demo_worker/3')).toBe(expected)
  })

  it('says what is wrong with an expression', () => {
    expect(match('/(/', '1', '2', '3')).toMatch(/^\/\(\/ is no regular expression: .*\.$/)
  })
})
