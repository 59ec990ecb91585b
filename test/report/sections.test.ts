import { expect, it } from 'vitest'
import { Sections } from '../../src/report/sections.js'

it('problems and reasons say names of the guest so that nothing acts on what shows them', () => {
  const sections = new Sections()
  sections.take('maps', null, (notes) => {
    notes.lost('map', 'map:3', 'maps of type \u001b[31mx are not read')
    notes.warn('map', 'map:4', 'odd\r\n')
    notes.note('map', 'map:5', '\u202eodd')
    return null
  })
  expect(sections.problems.map(({ message }) => message)).toEqual([
    'maps of type \\x1b[31mx are not read',
    'odd\\r\\n',
    '\\u202eodd',
  ])
  expect(sections.statuses.maps).toMatchObject({
    status: 'partial',
    reasons: ['map:3: maps of type \\x1b[31mx are not read'],
  })
})
