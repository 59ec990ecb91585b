import { extent } from '../../extent.js'
import type { SeriesPoint, Span } from './charts.js'

const widestBar = 40
const levels = '▁▂▃▄▅▆▇█'

/** A histogram in characters: a line for each bin. */
export function histogramText(values: readonly number[], bins = 20): string {
  if (values.length === 0) return 'no values'
  const [low, high] = extent(values)
  const width = (high - low) / bins || 1
  const counts = new Array<number>(Math.max(1, Math.ceil((high - low) / width))).fill(0)
  for (const value of values) {
    const bin = Math.min(counts.length - 1, Math.floor((value - low) / width))
    counts[bin] = (counts[bin] ?? 0) + 1
  }
  const most = extent(counts)[1]
  const labels = counts.map((_, bin) => shortNumber(low + bin * width))
  const labelWidth = extent(labels.map(({ length }) => length))[1]
  return counts
    .map((count, bin) => {
      const bar = '█'.repeat(Math.round((count / most) * widestBar))
      return `${(labels[bin] ?? '').padStart(labelWidth)}  ${bar}${bar === '' ? '' : ' '}${count}`
    })
    .join('\n')
}

/** Lines in characters: a row of heights for each series, with its first, highest and last value. */
export function seriesText(points: readonly SeriesPoint[]): string {
  const names = [...new Set(points.map(({ series }) => series ?? ''))]
  const width = extent(names.map(({ length }) => length))[1]
  const rows = names.map((name) => {
    const values = points.filter(({ series }) => (series ?? '') === name).map(({ y }) => y)
    const [least, high] = extent(values)
    const low = Math.min(0, least)
    const heights = values.map((y) => levels[Math.round(((y - low) / (high - low || 1)) * 7)] ?? ' ')
    const ends = `${shortNumber(values[0] ?? 0)} … ${shortNumber(values.at(-1) ?? 0)}, at most ${shortNumber(high)}`
    return `${name.padEnd(width)}  ${heights.join('')}  ${ends}`
  })
  return rows.join('\n')
}

/** Lanes in words: what each was doing, in order. */
export function timelineText(spans: readonly Span[]): string {
  const lanes = [...new Set(spans.map(({ lane }) => lane))]
  return lanes
    .map((lane) => {
      const states = spans.filter((span) => span.lane === lane).map(({ text, state }) => text ?? state)
      return `${lane}: ${states.join(' → ')}`
    })
    .join('\n')
}

function shortNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(4)
}
