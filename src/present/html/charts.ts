import type { PlotOptions } from '@observablehq/plot'
import { extent } from '../../extent.js'
import { Html } from './markup.js'
import { chart } from './plotter.js'

export interface ChartOptions {
  readonly title?: string
  /** What the values are: "µs". */
  readonly unit?: string
  readonly width?: number
  readonly height?: number
}

/** How often values fall where: numbers, or bigints as the kernel counts. */
export function histogram(
  values: Iterable<number | bigint>,
  options: ChartOptions & { bins?: number } = {},
): Html {
  const data = [...values].map(Number).filter(Number.isFinite)
  return chart((Plot) => ({
    ...sized(options),
    x: { label: options.unit ?? options.title ?? 'value', nice: true },
    y: { grid: true, label: 'how many', ...whole([data.length]) },
    marks: [
      Plot.rectY(data, {
        ...Plot.binX(
          { y: 'count', title: (bin: number[]) => binTitle(bin, options.unit) },
          { x: (value: number) => value, thresholds: options.bins ?? 20 },
        ),
        fill: 'var(--cs-accent, #1f6feb)',
      }),
      Plot.ruleY([0], { stroke: 'currentColor' }),
    ],
  }))
}

/** A point of a line: where, how much, and of which line. */
export interface SeriesPoint {
  readonly x: number
  readonly y: number
  readonly series?: string
}

/** Lines over time or over stops, one for each series. */
export function timeSeries(
  points: readonly SeriesPoint[],
  options: ChartOptions & { xLabel?: string; step?: boolean } = {},
  go?: (point: number) => Html,
): Html {
  const names = [...new Set(points.map(({ series }) => series ?? ''))]
  const last = new Map(points.map((point) => [point.series ?? '', point]))
  const labels = names.length > 1 ? apart([...last.values()], points, options.height ?? usualHeight) : []
  const curve = options.step === true ? ('step-after' as const) : ('linear' as const)
  const drawn = chart((Plot) => ({
    ...sized(options),
    marginRight: names.length > 1 ? 110 : 20,
    // Names at the ends of lines stand beside the picture, not in it.
    x: { label: options.xLabel ?? 'time', nice: names.length <= 1 },
    y: { label: options.unit ?? '', grid: true, zero: true, nice: true, ...whole(points.map(({ y }) => y)) },
    color: { domain: names, range: palette },
    marks: [
      // `z` is said: Plot would warn, in the picture, of many short lines.
      Plot.lineY(points, { x: 'x', y: 'y', z: nameOf, stroke: nameOf, curve }),
      Plot.dot(points.length <= 60 ? points : [], {
        x: 'x',
        y: 'y',
        r: 2.5,
        fill: nameOf,
      }),
      // Not to be seen, but to be pointed at: viewers show titles without a script.
      Plot.dot(points.length <= mostTitles ? points : [], {
        x: 'x',
        y: 'y',
        r: 6,
        fill: 'transparent',
        title: (point: SeriesPoint) => pointTitle(point, options),
      }),
      Plot.text(labels, {
        x: 'x',
        y: 'y',
        text: ({ series }: SeriesPoint) => (series ?? '').slice(0, 18),
        textAnchor: 'start',
        dx: 6,
        fill: 'currentColor',
      }),
      Plot.ruleY([0], { stroke: 'currentColor', strokeOpacity: 0.4 }),
    ],
  }))
  return go === undefined ? drawn : withClicks(drawn, go)
}

/** The points that can be pointed at, in their order, with what a click on each asks for. */
function withClicks({ text }: Html, go: (point: number) => Html): Html {
  let point = 0
  return new Html(
    text.replace(/<g fill="transparent" aria-label="dot">.*?<\/g>/s, (group) =>
      group.replaceAll('<circle ', () => `<circle style="cursor:pointer"${go(point++).text} `),
    ),
  )
}

const nameOf = ({ series = '' }: SeriesPoint): string => series

/** How long something was in a state: a bar of a lane. */
export interface Span {
  readonly lane: string
  readonly from: number
  readonly to: number
  readonly state: string
  readonly text?: string
}

/** Lanes with bars: vCPUs over stops, say. */
export function timeline(spans: readonly Span[], options: ChartOptions & { xLabel?: string } = {}): Html {
  const states = [...new Set(spans.map(({ state }) => state))]
  const lanes = [...new Set(spans.map(({ lane }) => lane))]
  const width = options.width ?? 640
  const [from] = extent(spans.map((span) => span.from))
  const [, to] = extent(spans.map((span) => span.to))
  const perCharacter = ((to - from) / Math.max(1, width - 100)) * 7
  return chart((Plot) => ({
    ...sized({ height: 40 + lanes.length * 34, ...options }),
    marginLeft: 80,
    x: { label: options.xLabel ?? 'stop' },
    y: { label: null, domain: lanes },
    color: { domain: states, range: palette, legend: false },
    marks: [
      Plot.barX(spans, {
        y: 'lane',
        x1: 'from',
        x2: 'to',
        fill: 'state',
        fillOpacity: 0.55,
        inset: 1,
        rx: 3,
        title: (span: Span) => `${span.lane}: ${span.text ?? span.state}`,
      }),
      Plot.text(spans, {
        y: 'lane',
        x: 'from',
        dx: 5,
        textAnchor: 'start',
        fill: 'currentColor',
        text: (span: Span) =>
          cut(span.text ?? span.state, Math.floor((span.to - span.from) / perCharacter) - 1),
      }),
    ],
  }))
}

/** More points than this have no titles: each is an element of the picture. */
const mostTitles = 2000
const usualHeight = 240
const labelHeight = 13

/** Ticks between whole numbers say that there is half a task. */
function whole(values: readonly number[]): { readonly tickFormat?: (value: number) => string } {
  const isWhole = values.every((value) => Number.isInteger(value))
  return isWhole ? { tickFormat: (value) => (Number.isInteger(value) ? value.toLocaleString('en') : '') } : {}
}

function binTitle(bin: readonly number[], unit = ''): string {
  const [low, high] = extent(bin)
  const range = low === high ? `${low}` : `${low} to ${high}`
  return `${bin.length} of ${range} ${unit}`.trimEnd()
}

function pointTitle(
  { x, y, series = '' }: SeriesPoint,
  { unit = '', xLabel = 'time' }: { unit?: string; xLabel?: string },
): string {
  return `${series === '' ? '' : `${series}\n`}${xLabel} ${x}\n${y} ${unit}`.trimEnd()
}

/** Names at the ends of lines, moved so far apart that none is printed over another. */
function apart(ends: readonly SeriesPoint[], points: readonly SeriesPoint[], height: number): SeriesPoint[] {
  const [low, high] = extent(points.map(({ y }) => y))
  const range = Math.max(0, high) - Math.min(0, low) || 1
  const least = (range / Math.max(1, height - 60)) * labelHeight
  const [, x] = extent(points.map((point) => point.x))
  let below = Number.NEGATIVE_INFINITY
  return [...ends]
    .sort((a, b) => a.y - b.y)
    .map((end) => {
      const y = Math.max(end.y, below + least)
      below = y
      return { ...end, x, y }
    })
}

/** Middle tones, which can be told apart on light and on dark ground. */
const palette = ['#4c8dff', '#e0823d', '#3fa45b', '#c561c9', '#b8a12f', '#3fb0b8', '#e0607e', '#8f8f8f']

function cut(text: string, length: number): string {
  return length < 3 ? '' : text.length <= length ? text : `${text.slice(0, length - 1)}…`
}

function sized({ title, width, height }: ChartOptions): PlotOptions {
  return {
    ...(title === undefined ? {} : { ariaLabel: title }),
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
  }
}
