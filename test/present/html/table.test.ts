import vm from 'node:vm'
import { Event, parseHTML } from 'linkedom'
import { describe, expect, it } from 'vitest'
import { html } from '../../../src/present/html/markup.js'
import { tableHtml } from '../../../src/present/html/table.js'

const headings = [{ title: 'ID', align: 'right' as const }, { title: 'NAME' }]
const rows = [
  ['10', 'ten'],
  ['9', '<img src=x onerror=alert(1)>'],
  ['0x20', 'twelve'],
  ...Array.from({ length: 8 }, (_, n) => [String(100 + n), 'more']),
]

/** A page that shows a table, after its script has run. */
function page(text: string) {
  const { document } = parseHTML(`<!doctype html><body>${text}</body>`)
  const scripts = document.querySelectorAll('script')
  for (const script of scripts) vm.runInNewContext(script.textContent ?? '', { document })
  const shown = () =>
    [...document.querySelectorAll('tbody tr')].map((row) => row.querySelector('td')?.textContent)
  return { document, shown }
}

describe('tableHtml', () => {
  it('shows text as text', () => {
    const { document } = page(tableHtml(headings, rows).text)
    expect(document.querySelectorAll('img')).toHaveLength(0)
    expect(document.querySelectorAll('tbody tr')[1]?.textContent).toContain('<img src=x onerror=alert(1)>')
  })

  it('has no text between its rows: browsers put that above the table', () => {
    expect(tableHtml(headings, rows).text.replace(/<t[dh]\b.*?<\/t[dh]>/gs, '')).not.toMatch(/>[^<\s]+<\/?t/)
  })

  it('sorts by a clicked title, numbers as numbers, and back', () => {
    const { document, shown } = page(tableHtml(headings, rows, { interactive: true }).text)
    const title = document.querySelectorAll('th')[0]
    title?.dispatchEvent(new Event('click'))
    expect(shown().slice(0, 3)).toEqual(['9', '10', '0x20'])
    title?.dispatchEvent(new Event('click'))
    expect(shown().slice(-3)).toEqual(['0x20', '10', '9'])
  })

  it('has a filter where there is much', () => {
    expect(tableHtml(headings, rows, { interactive: true }).text).toContain('type="search"')
    expect(tableHtml(headings, rows.slice(0, 2), { interactive: true }).text).not.toContain('type="search"')
    expect(tableHtml(headings, rows).text).not.toContain('<script')
  })

  it('asks for what a live view wants to know', () => {
    const { text } = tableHtml(headings, rows, {
      sortAction: (column) => html` data-go="sort ${column}"`,
      sorted: { column: 1, descending: true },
      rowAction: (row) => html` data-row="${row}"`,
    })
    expect(text).toContain('data-go="sort 0"')
    expect(text).toContain('NAME ▾')
    expect(text).toContain('data-row="1"')
  })
})
