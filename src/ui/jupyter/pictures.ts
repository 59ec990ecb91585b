/** What cells call to make pictures of what they have found. Each has a twin in plain text. */
import type { Allocator } from '../../bpf/allocators/allocator.js'
import type { BpfProgram } from '../../bpf/program.js'
import { CryoscopeError } from '../../errors.js'
import { Frame } from '../../frame/frame.js'
import { type PlainRow, plainColumns } from '../../present/columns/plain-rows.js'
import { handled } from '../../present/html/chart-hand.js'
import { histogramText, seriesText, timelineText } from '../../present/html/chart-text.js'
import {
  type ChartOptions,
  histogram as drawHistogram,
  timeline as drawTimeline,
  type SeriesPoint,
  type Span,
  timeSeries,
} from '../../present/html/charts.js'
import { hexdump as drawHexdump, hexdumpOfValue } from '../../present/html/hexdump.js'
import { type Html, html } from '../../present/html/markup.js'
import { chart } from '../../present/html/plotter.js'
import { valueTree } from '../../present/html/value-tree.js'
import type { Session } from '../../session/session.js'
import { escapeText } from '../../text.js'
import type { ObjectValue, Value } from '../../value/types.js'
import { isUnreadable } from '../../value/unreadable.js'
import { catalogueView } from './display/catalogues.js'
import { plainText } from './display/format.js'
import { allocatorView, bytesView, machineCodeView } from './display/objects.js'
import { View } from './display/view.js'
import { liveChart } from './live/chart.js'
import type { LiveView } from './live/live-view.js'

export type { ChartOptions, SeriesPoint, Span } from '../../present/html/charts.js'
export type { View } from './display/view.js'

/**
 * How often values fall where: of numbers, or of a column of a frame.
 *
 * @example histogram(vm.tasks.map((t) => vm.task(t.pid).nvcsw), { title: 'context switches' })
 * @example histogram(samples, { column: 'depth' })
 */
export function histogram(
  values: Iterable<number | bigint> | Frame,
  given: ChartOptions & { bins?: number; column?: string } = {},
): View {
  const { column, ...options } = given
  const isFrame = values instanceof Frame
  if (isFrame && column === undefined) throw needsColumn('histogram(frame, { column })', values)
  const cells: Iterable<unknown> = isFrame ? values.column(column ?? '') : values
  const data = [...cells]
    .filter((cell) => cell !== null)
    .map(Number)
    .filter(Number.isFinite)
  const labelled = column === undefined ? options : { unit: column, ...options }
  return chartView(
    options.title,
    () => histogramText(data, options.bins),
    () => drawHistogram(data, labelled),
  )
}

export interface SeriesLook extends ChartOptions {
  readonly xLabel?: string
  /** Values stay until the next one. */
  readonly step?: boolean
  /** Columns of a frame: where, how much, and of which line. Default `ms` and `y`. */
  readonly x?: string
  readonly y?: string
  readonly series?: string
  /** What a click on a point does, with the row that it was made of: `(row) => vm.goTo({ ns: row.ns })`. Text that it gives is shown. */
  // biome-ignore lint/suspicious/noExplicitAny: rows are the caller's own
  readonly click?: (row: any) => unknown
}

/**
 * Lines over time or over stops, one for each name: of points, of the columns of a frame, or of an answer of `vm.series`, where a
 * click on a point goes there. Pointing tells of a point, dragging zooms.
 *
 * @example series([{ x: 0, y: 3, series: 'cpu 0' }, { x: 1, y: 5, series: 'cpu 0' }])
 * @example series(samples, { x: 'ms', y: 'depth', series: 'queue', unit: 'tasks' })
 */
export function series(
  data: readonly SeriesPoint[] | Frame | { readonly points: readonly TimedPoint[] },
  given: SeriesLook = {},
): View | LiveView {
  const { x = 'ms', y = 'y', series: by, click: own, ...rest } = given
  const isFrame = data instanceof Frame
  const moments = isFrame || !('points' in data) ? undefined : data.points
  const placed = isFrame
    ? pointsOf(data, x, y, by)
    : moments === undefined
      ? rowsOf(data as readonly SeriesPoint[])
      : momentsOf(moments)
  const points = placed.map(({ point }) => point)
  const label = isFrame ? { xLabel: x, unit: y } : moments === undefined ? {} : { xLabel: 'ms', step: true }
  const options = { ...label, ...rest }
  const click = own ?? (moments === undefined ? undefined : goThere)
  const text = (): string => titled(options.title, seriesText(points))
  if (click !== undefined) {
    const draw = (go: (point: number) => Html): Html =>
      captioned(options.title, handled(timeSeries(points, options, go)))
    return liveChart(draw, text, (point) => click(placed[point]?.row))
  }
  return chartView(
    options.title,
    () => seriesText(points),
    () => timeSeries(points, options),
  )
}

/** A value that an expression had from a moment on. */
interface TimedPoint {
  readonly time: { readonly ns: number }
  readonly value: unknown
  go(): Promise<unknown>
}

interface Placed {
  readonly point: SeriesPoint
  readonly row: unknown
}

async function goThere(row: unknown): Promise<string> {
  const point = row as TimedPoint
  await point.go()
  return `now at ${point.time.ns / 1e6} ms`
}

function rowsOf(points: readonly SeriesPoint[]): Placed[] {
  return points.map((point) => ({ point, row: point }))
}

function momentsOf(points: readonly TimedPoint[]): Placed[] {
  return points.flatMap((row) => {
    const y = Number(row.value)
    return Number.isNaN(y) ? [] : [{ point: { x: row.time.ns / 1e6, y }, row }]
  })
}

/** Rows without a value are no points. */
function pointsOf(frame: Frame, x: string, y: string, by: string | undefined): Placed[] {
  const names = by === undefined ? undefined : frame.column(by)
  const ys = frame.column(y)
  return frame.column(x).flatMap((place, at) => {
    const value: unknown = ys[at]
    if (place === null || value === null || value === undefined) return []
    const name = names === undefined ? {} : { series: String(names[at]) }
    const point = { x: Number(place), y: Number(value), ...name }
    return [
      {
        point,
        get row() {
          return frame.at(at)
        },
      },
    ]
  })
}

/**
 * A chart of Observable Plot, drawn as a picture that stays. Frames are given to its marks as they are.
 *
 * @example plot((Plot) => ({ marks: [Plot.dot(samples, { x: 'ms', y: 'depth' })] }))
 */
export function plot(make: Parameters<typeof chart>[0], title?: string): View {
  return chartView(
    title,
    () => 'a chart',
    () => chart(make),
  )
}

/**
 * Lanes with bars: `spans([{ lane: 'cpu 0', from: 0, to: 2, state: 'idle' }])`, or of the columns of a frame that have these
 * names.
 */
export function spans(all: readonly Span[] | Frame, options: ChartOptions & { xLabel?: string } = {}): View {
  const bars = all instanceof Frame ? spansOf(all) : all
  return chartView(
    options.title,
    () => timelineText(bars),
    () => drawTimeline(bars, options),
  )
}

function spansOf(frame: Frame): Span[] {
  const has = ['lane', 'from', 'to', 'state'].every((name) => frame.names.includes(name))
  if (!has) throw needsColumn('spans(frame) takes columns lane, from, to and state', frame)
  return frame.rows().map(({ lane, from, to, state, text }) => ({
    lane: String(lane),
    from: Number(from),
    to: Number(to),
    state: String(state),
    ...(text === undefined || text === null ? {} : { text: String(text) }),
  }))
}

function needsColumn(how: string, frame: Frame): CryoscopeError {
  return new CryoscopeError('usage', `${how}; the frame has ${frame.names.join(', ')}`)
}

function chartView(title: string | undefined, text: () => string, draw: () => Html): View {
  return new View(
    () => titled(title, text()),
    () => captioned(title, handled(draw())),
    title,
  )
}

/** Bytes with the members that lie in them: `hexdump(vm.task(1))`, `hexdump(vm.map('x').get(1))`. */
export function hexdump(value: Uint8Array | Value): View {
  if (value instanceof Uint8Array)
    return new View(
      () => bytesView(value).text,
      () => drawHexdump(value),
    )
  if (typeof value !== 'object' || isUnreadable(value) || !('$bytes' in value)) {
    return textView(value)
  }
  const shown = value.$kind === 'pointer' ? (value.$target as ObjectValue) : value
  return new View(
    () => bytesView(shown.$bytes).text,
    () => hexdumpOfValue(shown),
  )
}

/** A value as a tree with more lines than usual: `tree(vm.task(1), 2000)`. */
export function tree(value: Value | undefined, lines = 1000): View {
  if (typeof value !== 'object' || !('$kind' in value) || isUnreadable(value)) return textView(value)
  const shown = value as ObjectValue
  return new View(
    () => shown.$format(),
    () => html`<div class="h m">${shown.$type}</div>${valueTree(shown, { lines })}`,
  )
}

function textView(value: unknown): View {
  return new View(
    () => plainText(value),
    () => html`${plainText(value)}`,
  )
}

/** Any list of objects as a table; columns are the members that some row has, or those that are named. */
export function table(rows: readonly object[], columns?: readonly string[]): View {
  const plain = rows as readonly PlainRow[]
  return catalogueView(plain, { plural: 'rows', columns: plainColumns(plain, columns) })
}

/** An allocator with its slots, leaks and live allocations. */
export function occupancy(allocator: Allocator): View {
  return allocatorView(allocator)
}

function titled(title: string | undefined, text: string): string {
  return title === undefined ? text : `${escapeText(title)}\n${text}`
}

function captioned(title: string | undefined, content: ReturnType<typeof html>): ReturnType<typeof html> {
  return title === undefined ? content : html`<div class="h">${title}</div>${content}`
}

/**
 * The machine code that a program was compiled to, as instructions under their source lines. A program itself shows what
 * the verifier left of it.
 *
 * @example await disassembly(vm, 'demo_enqueue')
 */
export async function disassembly(session: Session, program: string | number | BpfProgram): Promise<View> {
  const { kernel } = session
  const found = session.prog(typeof program === 'object' ? program.id : program)
  const { Disassembler } = await import('../../present/machine-code/disassembler.js')
  const disassembler = await Disassembler.load(kernel.space.format.architecture)
  const symbolize = (address: bigint) => kernel.symbolize(address)
  return machineCodeView(found, (bytes, address) => disassembler.decode(bytes, address, symbolize))
}
