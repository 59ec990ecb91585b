import { expect, it } from 'vitest'
import { reportJson } from '../../src/report/write-json.js'
import { aMap, anAllocator, anElement, reportOf } from './support/documents.js'

it('a report comes in pieces, none of which is much larger than 64 KiB, and they are one document', () => {
  const entries = Array.from({ length: 3000 }, (_, i) => ({
    key: { hex: '', value: i },
    value: { value: 'x'.repeat(50) },
  }))
  const log = Array.from({ length: 2000 }, (_, i) => ({ sequence: i, time: i, text: 'y'.repeat(50) }))
  const report = reportOf({
    log,
    maps: [aMap({ entries }), aMap({ id: 5, count: null, entries: null })],
    allocators: [anAllocator({ count: 1, elements: [anElement(0)] })],
  })
  const pieces = [...reportJson(report)]
  expect(pieces.length).toBeGreaterThan(4)
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(300_000)
  const document = JSON.parse(pieces.join('')) as Record<string, { entries: unknown }[]>
  expect(document).toEqual(JSON.parse(JSON.stringify(report)))
  expect(document.maps?.map((map) => map.entries)).toEqual([entries, null])
  // Lists are a line for each of their items: what a person looks through.
  expect(pieces.join('').split('\n').length).toBeGreaterThan(5000)
  expect([...reportJson(reportOf())].join('')).toContain('"maps": []')
})
