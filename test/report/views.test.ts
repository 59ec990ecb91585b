import fc from 'fast-check'
import { parseHTML } from 'linkedom'
import { describe, expect, it } from 'vitest'
import { escapeHtml as html } from '../../src/present/html/markup.js'
import { textWidth } from '../../src/present/text/fit.js'
import { parseReport } from '../../src/report/file.js'
import { Report } from '../../src/report/report.js'
import { cpuLines } from '../../src/report/text/cpu-text.js'
import { mapLines } from '../../src/report/text/map-text.js'
import { valueLines, valueText } from '../../src/report/text/value-text.js'
import { bpfWorld, sessionOf } from './support/worlds.js'

const report = Report.take(sessionOf(bpfWorld().memory))
const map = {
  ...(report.head.maps[0] as (typeof report.head.maps)[number]),
  name: 'stats',
  keyType: 'u32',
  valueType: 'struct s',
}

describe('counts in titles', () => {
  const withTasks = (status: string, expected: number | null): Report => {
    const document = JSON.parse(JSON.stringify(report)) as { sections: Record<string, object> }
    Object.assign(document.sections.tasks ?? {}, {
      status,
      expected,
      reasons: status === 'complete' ? [] : ['lost'],
    })
    return new Report(parseReport(document, 'changed'))
  }

  it.each([
    ['complete', null, '4'],
    ['partial', 6, '4 of 6'],
    // Something of them is missing, and none of them is.
    ['partial', 4, '4'],
    ['partial', null, 'at least 4'],
    ['unavailable', null, 'at least 4'],
  ] as const)('of a section that is %s, of %s', (status, expected, text) => {
    const changed = withTasks(status, expected)
    expect([...changed.text()]).toContain(`Tasks (${text})`)
    expect([...changed.html()].join('')).toContain(`<span class="status">${text}</span>`)
  })

  it('of which nothing is known', () => {
    const document = JSON.parse(JSON.stringify(report)) as {
      tasks: unknown[]
      sections: Record<string, object>
    }
    document.tasks = []
    Object.assign(document.sections.tasks ?? {}, { status: 'unavailable', expected: null, reasons: ['lost'] })
    expect([...new Report(parseReport(document, 'changed')).text()]).toContain('Tasks (unknown)')
  })
})

describe('text', () => {
  it('shows values as C would write them', () => {
    expect(valueText({ pid: 4, comm: 'a"b', class: 'CLASS_USER', big: '18446744073709551615' })).toBe(
      '{ .pid = 4, .comm = "a\\"b", .class = CLASS_USER, .big = 18446744073709551615 }',
    )
    expect(valueText({ pointer: '0x10', type: 'void *', to: 'x+0x1' })).toBe('0x10 <x+0x1>')
    expect(valueText({ unreadable: 'not in memory' })).toBe('<not in memory>')
    expect(valueText([0, 0, 0, 7])).toBe('{ 0 × 3, 7 }')
    expect(valueText(null)).toBe('-')
  })

  it('breaks what is too long into lines', () => {
    const lines = valueLines(
      '[1] ',
      { first: 'x'.repeat(30), second: { third: 'y'.repeat(30), fourth: 4 } },
      50,
    )
    expect(lines[0]).toBe('[1] {')
    expect(lines.at(-1)).toBe('}')
    expect(lines).toContain('    .fourth = 4')
    expect(lines.every((line) => textWidth(line) <= 50)).toBe(true)
  })

  it('tells values of CPUs once where they agree', () => {
    const cpus = [0, 1, 2, 3].map((cpu) => ({ cpu, value: { runs: cpu === 3 ? 7 : 5 } }))
    expect(cpuLines('[0] ', cpus, 80, '')).toEqual([
      '[0]',
      '  CPUs 0-2: { .runs = 5 }',
      '  CPU 3: { .runs = 7 }',
    ])
    const same = cpus.map(({ cpu }) => ({ cpu, value: 1 }))
    expect(cpuLines('[0] ', same, 80, '')).toEqual(['[0]', '  all CPUs: 1'])
  })

  it('shows members that differ from CPU to CPU as a table beside what they have in common', () => {
    const cpus = [0, 1, 2].map((cpu) => ({ cpu, value: { same: 9, zero: 0, runs: cpu * 10 } }))
    expect(cpuLines('[0] ', cpus, 80, '')).toEqual([
      '[0]',
      '  all: .same = 9',
      '  CPU  runs',
      '    0     0',
      '    1    10',
      '    2    20',
    ])
  })

  it('shows alike entries as a table, others as blocks, and counts what the limit leaves out', () => {
    const entry = (key: number, value: unknown) => ({
      key: { hex: '00', value: key },
      value: { hex: '00', value },
    })
    const flat = [entry(1, { a: 1, b: 22 }), entry(2, { a: 333, b: 4 }), entry(3, { a: 5, b: 6 })]
    expect([...mapLines({ ...map, count: 3, maxEntries: 3, state: {} }, flat, 2, 80)]).toEqual([
      'stats (3), array: u32 -> struct s, 3 entries',
      '  KEY  |    a   b',
      '    1  |    1  22',
      '    2  |  333   4',
      '  … and 1 more entries',
    ])
    const uneven = [entry(1, { a: [1, 2] }), entry(2, { a: [3] })]
    expect([...mapLines({ ...map, count: 2, maxEntries: 2, state: {} }, uneven, 9, 80)].slice(1)).toEqual([
      '  [1] { .a = { 1, 2 } }',
      '  [2] { .a = { 3 } }',
    ])
  })

  it('keeps its tables and sentences within 80 columns', () => {
    const lines = [...report.text()]
    expect(lines.filter((line) => textWidth(line) > 80)).toEqual([])
    expect(lines).toContain('What is going on')
  })

  it('holds nothing that a terminal would act on', () => {
    const document = JSON.parse(JSON.stringify(report)) as {
      tasks: { name: string }[]
      story: { sentence: string }[]
    }
    for (const task of document.tasks) task.name = 'evil\u001b[31m\u202e'
    for (const sentence of document.story) sentence.sentence = 'a\u001b]0;title\u0007b\nc'
    const text = [...new Report(parseReport(document, 'x')).text()].join('\n')
    expect(text).toContain('evil\\x1b[31m')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is what this is for
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/)
  })
})

describe('the page', () => {
  const page = [...report.html()].join('')
  const { document } = parseHTML(page)

  it('needs nothing beside it and runs only its own code', () => {
    expect(page).not.toMatch(/(src|href)="(https?:|\/)/)
    expect(page).not.toMatch(/url\(|@import/)
    expect([...document.querySelectorAll('script')]).toHaveLength(1)
    expect(page).toMatch(/default-src &#39;none&#39;; style-src &#39;sha256-/)
    expect([...document.querySelectorAll('[onclick],[onload],[onerror]')]).toEqual([])
  })

  it('shows names of the guest as text', () => {
    expect(page).not.toContain('<b>bold')
    expect(page).not.toContain('<script>x')
    const names = [...document.querySelectorAll('#tasks td')].map((cell) => cell.textContent)
    expect(names).toContain('<b>bold</b>')
    expect([...document.querySelectorAll('#maps summary b')].map((name) => name.textContent)).toEqual([
      'counters (3)',
      '"><script>x (4)',
    ])
  })

  it('has a place for every object that it links to', () => {
    const ids = new Set([...document.querySelectorAll('[id]')].map(({ id }) => id))
    const links = [...document.querySelectorAll('#programs a, nav a')].map((link) =>
      decodeURIComponent((link.getAttribute('href') ?? '').slice(1)),
    )
    expect(links.filter((id) => !ids.has(id))).toEqual([])
  })

  it('escapes whatever comes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { document: made } = parseHTML(
          `<html><body><p title="${html(text)}">${html(text)}</p></body></html>`,
        )
        expect(made.querySelectorAll('body *')).toHaveLength(1)
        expect(html(text)).not.toMatch(/[<>"']/)
      }),
    )
  })
})
