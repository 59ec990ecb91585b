import { describe, expect, it } from 'vitest'
import { frame } from '../../../src/frame/list.js'
import { displayMethod } from '../../../src/ui/jupyter/display/mime.js'
import type { LiveView } from '../../../src/ui/jupyter/live/live-view.js'
import { histogram, plot, series, spans } from '../../../src/ui/jupyter/pictures.js'
import type { HTML, Text } from '../../../src/ui/jupyter/widgets/models.js'
import { fakeHost } from './support.js'

const samples = frame([
  { ms: 0, depth: 1, queue: 'a' },
  { ms: 5, depth: null, queue: 'a' },
  { ms: 10, depth: 3n, queue: '<b>' },
])
const formats = (view: unknown) =>
  (view as { [displayMethod](): Record<string, string> })[displayMethod]() as Record<string, string>

describe('charts', () => {
  it('take frames, by the names of columns', () => {
    const view = formats(series(samples, { y: 'depth', series: 'queue', title: 'how <deep>' }))
    expect(view['image/svg+xml']?.match(/<title>/g)).toHaveLength(2)
    expect(view['text/html']).toContain('<title>&lt;b&gt;\nms 10\n3 depth</title>')
    expect(formats(histogram(samples, { column: 'depth' }))['text/plain']).toContain('1')
    const lanes = frame([{ lane: 'cpu 0', from: 0, to: 2, state: 'idle', extra: 1 }])
    expect(formats(spans(lanes))['text/html']).toContain('<title>cpu 0: idle</title>')
    expect(
      formats(plot((Plot) => ({ marks: [Plot.dot(samples, { x: 'ms', y: 'depth' })] })))['text/html'],
    ).toContain('<circle')
  })

  it('say which columns they want', () => {
    expect(() => histogram(samples)).toThrow('histogram(frame, { column }); the frame has ms, depth, queue')
    expect(() => spans(samples)).toThrow('lane, from, to and state')
    expect(() => series(samples, { y: 'dept' })).toThrow('no column dept')
  })

  it('have a picture for viewers that show nothing else, with its title', () => {
    const view = formats(series(samples, { y: 'depth', title: 'how <deep>' }))
    const picture = view['image/svg+xml'] ?? ''
    expect(picture).toMatch(/^<svg xmlns="[^>]*>.*<\/svg>$/s)
    expect(picture).toContain('>how &lt;deep&gt;</text></svg>')
    expect(picture).not.toMatch(/onpointerenter|data-x|onclick/)
    expect(picture).toMatch(/viewBox="0 -24 640 264"[^>]*height="264"/)
    expect(view['text/html']).toContain('data-x="0 10 ')
    expect(view['text/html']).toContain('onpointerenter="')
    expect(formats(series([{ x: 0, y: 1 }]))['image/svg+xml']).not.toContain('font-weight')
  })

  it('do what a click on a point is for, with the row that it was made of', async () => {
    const { receive } = fakeHost()
    const clicked: unknown[] = []
    const view = series(samples, {
      y: 'depth',
      click: (row) => {
        clicked.push(row)
        if (row.ms === 10) throw new Error('no <way>')
        return `to ${row.ms}`
      },
    }) as LiveView
    const [body, channel] = view.widget.children as unknown as [HTML, Text]
    expect(body.value.match(/data-go="point \d"/g)).toEqual(['data-go="point 0"', 'data-go="point 1"'])
    const still = formats(view)
    expect(still['text/html']).not.toContain('data-go')
    expect(still['image/svg+xml']).not.toMatch(/data-go|onclick/)
    await receive(channel.id, { method: 'update', state: { value: '1 point 0' } })
    expect(body.value).toContain('to 0</div>')
    await receive(channel.id, { method: 'update', state: { value: '2 point 1' } })
    expect(body.value).toContain('no &lt;way&gt;</div>')
    expect(clicked).toEqual([
      { ms: 0, depth: 1n, queue: 'a' },
      { ms: 10, depth: 3n, queue: '<b>' },
    ])
  })

  it('go to the moments of an answer over time', async () => {
    const { receive } = fakeHost()
    const gone: number[] = []
    const points = [1, 2, 3].map((n) => ({
      time: { ns: n * 1e6 },
      value: n === 2 ? 'unknown' : BigInt(n),
      go: async () => gone.push(n),
    }))
    const view = series({ points }) as LiveView
    const [body, channel] = view.widget.children as unknown as [HTML, Text]
    await receive(channel.id, { method: 'update', state: { value: '1 point 1' } })
    expect(gone).toEqual([3])
    expect(body.value).toContain('now at 3 ms')
    expect(body.value).toContain('<title>ms 1\n1</title>')
  })
})
