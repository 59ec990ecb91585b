import { describe, expect, it } from 'vitest'
import { histogramText, seriesText, timelineText } from '../../../src/present/html/chart-text.js'
import { histogram, timeline, timeSeries } from '../../../src/present/html/charts.js'

const hostile = '<script>alert(1)</script>'

describe('charts', () => {
  it('draw a bar for each bin that holds something', () => {
    const { text } = histogram([1, 1, 2, 50n], { bins: 5 })
    expect(text).toMatch(/^<svg[^>]* xmlns="http:\/\/www.w3.org\/2000\/svg"/)
    expect(text.match(/<rect /g)?.length).toBe(2)
  })

  it('draw a line for each series and name it', () => {
    const points = [0, 1, 2].flatMap((x) => [
      { x, y: x, series: 'a' },
      { x, y: 2 * x, series: hostile },
    ])
    const { text } = timeSeries(points)
    expect(
      text.match(/<path [^>]*stroke="#/g)?.length ?? text.match(/<path /g)?.length,
    ).toBeGreaterThanOrEqual(2)
    expect(text).not.toContain('<script')
    expect(text).toContain('&lt;script')
  })

  it('draw lanes', () => {
    const { text } = timeline([
      { lane: 'cpu 0', from: 0, to: 1, state: 'idle' },
      { lane: 'cpu 1', from: 0, to: 1, state: hostile },
    ])
    expect(text.match(/<rect /g)?.length).toBe(2)
    expect(text).not.toContain('<script')
  })

  it('have no half tasks, and tell of each point when it is pointed at', () => {
    const { text } = timeSeries(
      [0, 1, 2].map((x) => ({ x, y: x % 2 })),
      { unit: 'tasks', xLabel: 'ms' },
    )
    const left = [...text.matchAll(/text-anchor="end"[^>]*>(.*?)<\/g>/gs)].map(([, inner]) => inner).join()
    expect(left).not.toMatch(/>0\.5</)
    expect(text).toContain('<title>ms 1\n1 tasks</title>')
    expect(histogram([1, 1, 9], { bins: 2, unit: 'ms' }).text).toContain('<title>2 of 1 ms</title>')
  })

  it('name lines that end together one above the other', () => {
    const points = ['a', 'b', 'c'].flatMap((series) => [0, 1].map((x) => ({ x, y: 1, series })))
    const { text } = timeSeries(points)
    const places = ['a', 'b', 'c'].map((name) =>
      Number(new RegExp(`translate\\([\\d.]+,([\\d.]+)\\)"[^>]*>${name}<`).exec(text)?.[1]),
    )
    const [a = 0, b = 0, c = 0] = places
    expect(a - b).toBeGreaterThan(9)
    expect(b - c).toBeGreaterThan(9)
  })

  it('can be drawn of nothing', () => {
    for (const drawn of [histogram([]), timeSeries([])]) expect(drawn.text).toContain('<svg')
  })
})

describe('their text', () => {
  it('counts', () => {
    expect(histogramText([0, 0, 10], 2)).toBe(
      '0  ████████████████████████████████████████ 2\n5  ████████████████████ 1',
    )
    expect(histogramText([])).toBe('no values')
    expect(histogramText([7, 7])).toContain(' 2')
  })

  it('takes more values than a call has arguments', () => {
    const values = Array.from({ length: 300_000 }, (_, i) => i % 100)
    expect(histogramText(values, 2)).toMatch(/^ +0 .* 150000\n49.50 .* 150000$/)
    const rising = values.map((_, x) => ({ x, y: x, series: 'a' }))
    expect(seriesText(rising)).toMatch(/ 0 … 299999, at most 299999$/)
  })

  it('rises and falls', () => {
    const points = [0, 7, 3].map((y, x) => ({ x, y, series: 'a' }))
    expect(seriesText(points)).toBe('a  ▁█▄  0 … 3, at most 7')
  })

  it('tells lanes in order', () => {
    const spans = [
      { lane: 'cpu 0', from: 0, to: 1, state: 'idle' },
      { lane: 'cpu 0', from: 1, to: 2, state: 'ext', text: 'load (42)' },
    ]
    expect(timelineText(spans)).toBe('cpu 0: idle → load (42)')
  })
})
