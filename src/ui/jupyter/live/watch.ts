import { html } from '../../../present/html/markup.js'
import { tableHtml } from '../../../present/html/table.js'
import type { Session } from '../../../session/session.js'
import { plainText } from '../display/format.js'
import { onChange } from '../sessions.js'
import { errorOfThrown } from '../tslab/cell-error.js'
import { LiveView } from './live-view.js'

const keptValues = 4
const longestValue = 120

/**
 * Expressions that are evaluated anew at each stop, with what they were before.
 *
 * @example watch(vm, { runs: () => vm.prog('demo_enqueue').runCount, first: () => vm.sched.queues[0]?.depth })
 */
export function watch(session: Session, expressions: Readonly<Record<string, () => unknown>>): LiveView {
  const names = Object.keys(expressions)
  const past: string[][] = []
  const look = () => {
    past.unshift(names.map((name) => valueText(expressions[name])))
    past.length = Math.min(past.length, keptValues)
  }
  const view = new LiveView({
    act: () => {},
    draw: () => {
      const headings = [
        { title: 'WATCHED' },
        { title: 'NOW' },
        ...past.slice(1).map((_, n) => ({ title: `${n + 1} BEFORE` })),
      ]
      const rows = names.map((name, at) => [name, ...past.map((values) => values[at] ?? '')])
      const changed = names.filter((_, at) => past[1] !== undefined && past[0]?.[at] !== past[1][at])
      const said = changed.length === 0 ? '' : `changed: ${changed.join(', ')}`
      return html`${tableHtml(headings, rows)}<div class="warn">${said}</div>`
    },
  })
  onChange(session, () => {
    if (session.state === 'running') return
    look()
    void view.refresh()
  })
  look()
  void view.refresh()
  return view
}

function valueText(expression: (() => unknown) | undefined): string {
  try {
    const text = plainText(expression?.()).replace(/\s+/g, ' ')
    return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text
  } catch (error) {
    return errorOfThrown(error).evalue
  }
}
