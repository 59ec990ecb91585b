import { describe, expect, it } from 'vitest'
import { html } from '../../../../src/present/html/markup.js'
import { LiveView } from '../../../../src/ui/jupyter/live/live-view.js'
import type { HTML, Text } from '../../../../src/ui/jupyter/widgets/models.js'
import { fakeHost } from '../support.js'

describe('LiveView', () => {
  it('draws, acts on clicks and draws again', async () => {
    const { receive } = fakeHost()
    const done: string[] = []
    const view = new LiveView({
      draw: (go) => html`<b${go('say "<hi>"')}>${done.length}</b>`,
      act: (action) => done.push(action),
    })
    await view.refresh()
    const [body, channel] = view.widget.children as unknown as [HTML, Text]
    expect(body.value).toContain('data-go="say &quot;&lt;hi&gt;&quot;"')
    expect(body.value).toContain('>0</b>')
    await receive(channel.id, { method: 'update', state: { value: '17 say "<hi>"' } })
    expect(done).toEqual(['say "<hi>"'])
    expect(body.value).toContain('>1</b>')
  })

  it('has a picture for viewers without a kernel, which hides while the widget lives', async () => {
    fakeHost()
    const view = new LiveView({ draw: (go) => html`<b${go('x')}>shown</b>`, act: () => {} })
    await view.refresh()
    const bundle = (view as unknown as Record<symbol, () => Record<string, string>>)[
      Symbol.for('Jupyter.display')
    ]?.call(view)
    const picture = bundle?.['text/html'] ?? ''
    const name = /^<div class="(cs-still-\w+)">/.exec(picture)?.[1]
    expect(picture).toContain('<b>shown</b>')
    expect(picture).not.toContain(`.${name}{display:none}`)
    const [body] = view.widget.children as unknown as [HTML]
    expect(body.value).toContain(`.${name}{display:none}`)
    expect(bundle).toHaveProperty(['application/vnd.jupyter.widget-view+json'])
    expect(bundle?.['text/plain']).toBe('shown')
  })

  it('says why it cannot be drawn', async () => {
    fakeHost()
    const view = new LiveView({
      draw: () => {
        throw new Error('no <page>')
      },
      act: () => {},
    })
    await view.refresh()
    const [body] = view.widget.children as unknown as [HTML]
    expect(body.value).toContain('no &lt;page&gt;')
  })
})
