import { type SeriesPoint, timeSeries } from '../../../present/html/charts.js'
import { html } from '../../../present/html/markup.js'
import type { Session } from '../../../session/session.js'
import { LiveView } from './live-view.js'

const intervalMs = 500
const keptSamples = 60
const mostPrograms = 8

/**
 * How often programs run each second, drawn while the guest runs. Counters are read from its memory: the guest does
 * not notice. It stands still where the guest does, and ends with `close()`.
 *
 * @example rateChart(vm)
 * @example rateChart(vm, ['demo_enqueue', 'demo_dispatch'])
 */
export function rateChart(session: Session, programs?: readonly string[]): LiveView {
  const points: SeriesPoint[] = []
  let previous: { readonly at: number; readonly runs: ReadonlyMap<string, bigint> } | undefined
  const start = performance.now()
  let problem = ''

  const sample = () => {
    if (session.state !== 'running') {
      previous = undefined
      return
    }
    try {
      const at = performance.now()
      const runs = countsOf(session, programs)
      if (previous !== undefined) {
        for (const [name, count] of runs) {
          const before = previous.runs.get(name)
          if (before === undefined) continue
          points.push({
            x: (at - start) / 1000,
            y: (Number(count - before) * 1000) / (at - previous.at),
            series: name,
          })
        }
      }
      previous = { at, runs }
      problem = ''
    } catch (error) {
      problem = (error as Error).message
    }
  }

  const view = new LiveView({
    act: () => {},
    draw: () => {
      const shown = busiest(points)
      const said =
        session.state === 'running' ? 'the guest runs' : `the guest is ${session.state}: thaw it to see rates`
      const chart =
        shown.length === 0
          ? undefined
          : timeSeries(shown, { unit: 'runs per second', xLabel: 'seconds', height: 220 })
      return html`<div class="h">program runs per second <span class="d">${said}</span></div>${chart}<div class="warn">${problem}</div>`
    },
  })
  const timer = setInterval(() => {
    const before = points.length
    sample()
    const oldest = (performance.now() - start - keptSamples * intervalMs) / 1000
    while (points[0] !== undefined && points[0].x < oldest) points.shift()
    if (points.length !== before || session.state === 'running') void view.refresh()
  }, intervalMs)
  timer.unref()
  const close = view.close.bind(view)
  view.close = () => {
    clearInterval(timer)
    close()
  }
  void view.refresh()
  return view
}

function countsOf(session: Session, programs: readonly string[] | undefined): Map<string, bigint> {
  const counts = new Map<string, bigint>()
  for (const { id, name, runCount } of session.progs) {
    if (runCount === undefined || (programs !== undefined && !programs.includes(name))) continue
    counts.set(counts.has(name) ? `${name} (${id})` : name, runCount)
  }
  return counts
}

/** Points of the programs that ran most. */
function busiest(points: readonly SeriesPoint[]): SeriesPoint[] {
  const totals = new Map<string, number>()
  for (const { series = '', y } of points) totals.set(series, (totals.get(series) ?? 0) + y)
  const names = [...totals]
    .sort((a, b) => b[1] - a[1])
    .slice(0, mostPrograms)
    .map(([name]) => name)
  return points.filter(({ series = '' }) => names.includes(series))
}
