import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { html, lines } from '../../../src/present/html/markup.js'
import { plainLines } from '../../../src/present/html/plain.js'
import { framed } from '../../../src/present/html/style.js'
import { tableHtml } from '../../../src/present/html/table.js'
import { escapeText } from '../../../src/text.js'

describe('plainLines', () => {
  it('lays tables out', () => {
    const shown = tableHtml(
      [{ title: 'PID', align: 'right' }, { title: 'NAME' }],
      [
        ['1', 'init'],
        ['137', '<b>&"x"'],
      ],
      { caption: '2 tasks', interactive: true },
    )
    expect(plainLines(framed(html`<div class="h">who</div>${shown}`))).toEqual([
      'who',
      '2 tasks',
      'PID  NAME',
      '  1  init',
      '137  <b>&"x"',
    ])
  })

  it('lays tables without titles out', () => {
    const rows = html`<table><tbody><tr><td class="d">kernel</td><td>6.18</td></tr><tr><td>vm</td><td>x</td></tr></tbody></table>`
    expect(plainLines(rows)).toEqual(['kernel  6.18', 'vm      x'])
  })

  it('indents what is inside, and ends lines where text does', () => {
    const tree = html`<details><summary>a = {</summary><div class="kids"><div class="leaf">.b = 1</div><details><summary>.c</summary><div class="kids m">d</div></details></div></details><pre>${lines('x\ny')}</pre>`
    expect(plainLines(tree)).toEqual(['a = {', '  .b = 1', '  .c', '    d', 'x', 'y'])
  })

  it('leaves out pictures, styles and scripts', () => {
    const shown = framed(html`<svg><text>7</text></svg><b>seen</b>`)
    expect(plainLines(shown)).toEqual(['seen'])
  })

  it('gives back any text that was escaped', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const visible = escapeText(text).trim()
        expect(plainLines(html`<div>${text}</div>`)).toEqual(visible === '' ? [] : [visible])
      }),
    )
  })
})
