/** What cells call to make pictures of what they have found. Each has a twin in plain text. */
import type { Allocator } from '../../bpf/allocators/allocator.js'
import type { BpfProgram } from '../../bpf/program.js'
import { Frame } from '../../frame/frame.js'
import { type PlainRow, plainColumns } from '../../present/columns/plain-rows.js'
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
import { html } from '../../present/html/markup.js'
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

export type { ChartOptions, SeriesPoint, Span } from '../../present/html/charts.js'
export type { View } from './display/view.js'

/**
 * How often values fall where.
 *
 * @example histogram(vm.tasks.map((t) => vm.task(t.pid).nvcsw), { title: 'context switches' })
 */
export function histogram(
  values: Iterable<number | bigint>,
  options: ChartOptions & { bins?: number } = {},
): View {
  const data = [...values].map(Number).filter(Number.isFinite)
  return new View(
    () => titled(options.title, histogramText(data, options.bins)),
    () => captioned(options.title, drawHistogram(data, options)),
  )
}

/**
 * Lines over time or over stops, one for each name: of points, or of the columns of a frame.
 *
 * @example series([{ x: 0, y: 3, series: 'cpu 0' }, { x: 1, y: 5, series: 'cpu 0' }])
 * @example series(samples, { x: 'ms', y: 'depth', series: 'queue', unit: 'tasks' })
 */
export function series(
  data: readonly SeriesPoint[] | Frame,
  given: ChartOptions & { xLabel?: string; step?: boolean; x?: string; y?: string; series?: string } = {},
): View {
  const { x = 'ms', y = 'y', series: by, ...rest } = given
  const isFrame = data instanceof Frame
  const points = isFrame ? pointsOf(data, x, y, by) : data
  const options = isFrame ? { xLabel: x, unit: y, ...rest } : rest
  return new View(
    () => titled(options.title, seriesText(points)),
    () => captioned(options.title, timeSeries(points, options)),
  )
}

/** Rows without a value are no points. */
function pointsOf(frame: Frame, x: string, y: string, by: string | undefined): SeriesPoint[] {
  const names = by === undefined ? undefined : frame.column(by)
  const ys = frame.column(y)
  return frame.column(x).flatMap((place, row) => {
    const value = ys[row]
    if (place === null || value === null || value === undefined) return []
    return [
      { x: Number(place), y: Number(value), ...(names === undefined ? {} : { series: String(names[row]) }) },
    ]
  })
}

/**
 * A chart of Observable Plot, drawn as a picture that stays.
 *
 * @example plot((Plot) => ({ marks: [Plot.dot(samples.rows(), { x: 'ms', y: 'depth' })] }))
 */
export function plot(make: Parameters<typeof chart>[0]): View {
  return new View(
    () => 'a chart',
    () => chart(make),
  )
}

/** Lanes with bars: `spans([{ lane: 'cpu 0', from: 0, to: 2, state: 'idle' }])`. */
export function spans(all: readonly Span[], options: ChartOptions & { xLabel?: string } = {}): View {
  return new View(
    () => titled(options.title, timelineText(all)),
    () => captioned(options.title, drawTimeline(all, options)),
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
