import { describe, expect, it } from 'vitest'
import { frame } from '../../../../src/frame/list.js'
import { Html } from '../../../../src/present/html/markup.js'
import { plainLines } from '../../../../src/present/html/plain.js'
import { type Browsable, browse } from '../../../../src/ui/jupyter/live/browse.js'
import type { LiveView } from '../../../../src/ui/jupyter/live/live-view.js'
import type { HTML, Text } from '../../../../src/ui/jupyter/widgets/models.js'
import { fakeHost } from '../support.js'

const settled = () => new Promise((resolve) => setTimeout(resolve, 20))

/** A view, and a hand at it. */
async function opened(value: Browsable) {
  const { receive } = fakeHost()
  const view: LiveView = await browse(value)
  const [filter, body, channel] = view.widget.children as unknown as [Text, HTML, Text]
  let clicks = 0
  return {
    lines: () => plainLines(new Html(body.value)),
    click: async (action: string) => {
      await receive(channel.id, { method: 'update', state: { value: `${++clicks} ${action}` } })
      await settled()
    },
    search: async (text: string) => {
      await receive(filter.id, { method: 'update', state: { value: text } })
      await settled()
    },
  }
}

describe('browse', () => {
  it.each([
    ['numbers', Array.from({ length: 60 }, (_, n) => n * n), '60 elements', '#  VALUE'],
    ['bigints and text', [...Array(59).fill(1n), 'x'], '60 elements', '#  VALUE'],
    ['lists', Array.from({ length: 60 }, (_, n) => [n, n]), '60 elements', '#  VALUE'],
    ['objects', Array.from({ length: 60 }, (_, n) => ({ pid: n, name: `t${n}` })), '60 rows', 'pid  name'],
    ['a frame', frame(Array.from({ length: 60 }, (_, n) => ({ pid: n }))), 'frame of 60 rows', 'pid'],
  ] as const)(
    'pages %s, and knows how many there are before they are walked',
    async (_, value, title, head) => {
      const view = await opened(value as Browsable)
      const shown = view.lines()
      expect(shown[0]).toBe(title)
      expect(shown[1]?.trim().replace(/ +/g, '  ')).toBe(head)
      expect(shown.at(-1)).toContain('1–25 of 60')
      expect(shown).toHaveLength(2 + 25 + 1)
      await view.click('last')
      expect(view.lines().at(-1)).toContain('51–60 of 60')
    },
  )

  it('filters and sorts', async () => {
    const view = await opened(Array.from({ length: 60 }, (_, n) => ({ pid: n, name: `t${n}` })))
    await view.search('t5')
    expect(view.lines().at(-1)).toContain('1–11 of 11')
    await view.search('')
    await view.click('sort 0')
    await view.click('sort 0')
    expect(view.lines()[2]).toMatch(/^ *59 +t59$/)
  })

  it('shows what is empty, and refuses what is nothing to be browsed', async () => {
    expect((await opened([])).lines().join()).toContain('no rows')
    await expect(browse(7 as never)).rejects.toThrow('browse takes a map, a frame, any list')
    await expect(browse(undefined as never)).rejects.toThrow('browse takes a map, a frame, any list')
  })
})
