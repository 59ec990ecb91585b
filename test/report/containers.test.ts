import { describe, expect, it } from 'vitest'
import { parseReport } from '../../src/report/file.js'
import { Report } from '../../src/report/report.js'
import { ArenaGuest } from '../support/arena-guest.js'
import { schemaErrors } from './support/schema.js'
import { sessionOf } from './support/worlds.js'

/** A tree of three nodes with those values, and a bitmap. */
function take(values: readonly [number, number, number]): Report {
  const test = new ArenaGuest()
  const { prices, idle } = test.section('.bss', { prices: 'to_rbtree', idle: 'to_scx_bitmap' })
  const place = test.pages(1)
  const [left, root, right] = [place + 256, place + 512, place + 768]
  test.guest.u64(prices?.at ?? 0n, test.user(place))
  test.guest.u64(idle?.at ?? 0n, test.user(place + 1024))
  test.set('rbtree', place, { root: test.user(root) })
  const parent = test.user(root)
  test.set('rbnode', root, { left: test.user(left), right: test.user(right), key: 20, value: values[1] })
  test.set('rbnode', left, { parent, key: 10, value: values[0], is_red: 1 })
  test.set('rbnode', right, { parent, key: 30, value: values[2], is_red: 1 })
  test.set('scx_bitmap', place + 1024, { 'bits[0]': 0xf1 })
  test.build()
  return Report.take(sessionOf(test.guest.memory))
}

const documentOf = (report: Report): Record<string, unknown> =>
  JSON.parse([...report.json()].join('')) as Record<string, unknown>

describe('containers of a report', () => {
  const report = take([1, 2, 3])

  it('are there with all that they hold, as the schema has it', () => {
    const document = documentOf(report)
    expect(schemaErrors(document)).toEqual([])
    expect(document.schema).toMatchObject({ major: 2, minor: 1 })
    expect(document.containers).toMatchObject([
      {
        name: 'prices',
        kind: 'rbtree',
        count: 3,
        certainty: 'declared',
        entries: [
          { key: 10, value: 1, depth: 1 },
          { key: 20, value: 2, depth: 0 },
          { key: 30, value: 3, depth: 1 },
        ],
      },
      { name: 'idle', kind: 'bitmap', count: 5, entries: [{ details: { first: 0, last: 0 } }, { index: 1 }] },
    ])
    const { containers } = report.head.sections
    expect(containers).toMatchObject({ status: 'complete', expected: 2, obtained: 2, reasons: [] })
    expect(JSON.parse(JSON.stringify(report)).containers).toEqual(document.containers)
    expect(schemaErrors({ ...document, containers: [{ name: 'prices' }] })).not.toEqual([])
  })

  it('have an arena beside them that the schema knows in every member', () => {
    const document = documentOf(report)
    const [arena] = document.arenas as Record<string, unknown>[]
    for (const change of [
      { presentPages: '33' },
      { presentPages: { atLeast: 3 } },
      { problems: ['a sentence'] },
      { free: undefined },
      { more: 1 },
    ]) {
      const changed = JSON.parse(JSON.stringify({ ...document, arenas: [{ ...arena, ...change }] })) as object
      expect(schemaErrors(changed), JSON.stringify(change)).not.toEqual([])
    }
    const bound = { ...arena, presentPages: { atLeast: 3, why: 'a page table is missing' } }
    const problems = [{ where: 'pages', why: 'a page table is missing' }]
    expect(schemaErrors({ ...document, arenas: [{ ...bound, problems }] })).toEqual([])
  })

  it('are shown to people, in text and on a page', () => {
    const text = [...report.text({ columns: 100, limit: 2 })].join('\n')
    const shown = text.slice(text.indexOf('Containers\n'))
    expect(shown).toContain(
      'prices, rbtree in arena 3: 3 entries (declared: the type of the variable prices)',
    )
    expect(shown).toContain('\n  [0] 10: 1\n  [1] 20: 2\n  … and 1 more entry\n')
    expect(shown).toMatch(/idle, bitmap in arena 3: 5 bits set .*\n(.*\n)?\s*\[0\] 0\n\s*\[1\] 4-7\n/)
    const page = [...report.html()].join('')
    expect(page).toContain('id="container:prices"')
    expect(page).toContain('[2] 30: 3')
    expect(page).not.toContain('in the JSON report</p>')
    const limited = (limit: number) => [
      ...[...report.html({ limit })]
        .join('')
        .matchAll(/(\d+ more entr[a-z]+ [a-z]+) in the JSON report<\/p>/g),
    ]
    expect(limited(2).map(([, said]) => said)).toEqual(['1 more entry is'])
    expect(limited(1).map(([, said]) => said)).toEqual(['2 more entries are', '1 more entry is'])
  })

  it('differ by what they hold, by key and by range', () => {
    const later = take([1, 7, 3])
    const changes = later.diff(report).changes.filter(({ section }) => section === 'containers')
    expect(changes).toMatchObject([
      { path: 'containers.prices[20]', change: 'changed', before: 2, after: 7, volatile: false },
    ])
    const without = documentOf(report)
    ;(without.containers as unknown[]).splice(0, 1)
    const removed = new Report(parseReport(without, 'without')).diff(report).changes
    expect(removed.filter(({ section }) => section === 'containers')).toMatchObject([
      { path: 'containers.prices', change: 'removed', before: { kind: 'rbtree', count: 3 } },
    ])
  })

  it('are nothing that a report of version 2.0 denies', () => {
    const { containers: _, ...document } = documentOf(report)
    const { containers: __, ...sections } = document.sections as Record<string, unknown>
    const old = new Report(
      parseReport({ ...document, sections, schema: { name: 'cryoscope-report', major: 2, minor: 0 } }, 'old'),
    )
    expect(old.head.containers).toEqual([])
    expect(report.diff(old).changes).toEqual([])
    expect(old.diff(report).changes).toEqual([])
    expect([...old.text()].join('\n')).not.toContain('Containers')
  })
})
