import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeHtml, Html, html, join, lines } from '../../../src/present/html/markup.js'
import { nastyText, treacherous } from '../../support/treacherous.js'

describe('html', () => {
  it('escapes what it is given, and keeps HTML', () => {
    expect(html`<b title="${'"<x>\''}">${'a & b'}</b>${html`<i>${'<'}</i>`}`.text).toBe(
      '<b title="&quot;&lt;x&gt;&#39;">a &amp; b</b><i>&lt;</i>',
    )
  })

  it('takes lists, numbers and nothing', () => {
    expect(html`${[html`<i>`, 1, 2n]}${undefined}${false}`.text).toBe('<i>12')
    expect(join(['<', html`<b>`], ', ').text).toBe('&lt;, <b>')
    expect(join(['a', 'b'], '\n').text).toBe('a\nb')
  })

  it('makes control and direction characters visible, line by line', () => {
    expect(escapeHtml('\u001b[31m\u202e\n')).toBe('\\x1b[31m\\u202e\\n')
    expect(lines('a\n<b\u0000').text).toBe('a\n&lt;b\\x00')
  })

  it('lets no text out of its place', () => {
    fc.assert(
      fc.property(nastyText, (text) => {
        const shown = html`${text}`.text
        expect(shown).not.toMatch(/[<>"']/)
        expect(shown).not.toMatch(treacherous)
        expect(shown.replace(/&(?:amp|lt|gt|quot|#39);/g, '')).not.toContain('&')
        expect(new Html(shown).toString()).toBe(shown)
      }),
    )
  })
})
