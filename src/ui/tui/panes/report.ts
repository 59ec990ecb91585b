import { Report } from '../../../report/report.js'
import type { Session } from '../../../session/session.js'
import type { Desk } from '../model/desk.js'
import { ArrayRows, type Content, type Row } from '../model/row.js'
import type { View } from '../model/view.js'
import { wrap } from '../model/wrap.js'
import { nothing } from './maps.js'

interface Kept {
  readonly state: string
  readonly taken: Date
  readonly report: Report
}

/** Reports taken in this session, the newest last. */
const kept = new WeakMap<Session, Kept[]>()
const mostKept = 8

/** The report of this stop, and what differs from those of earlier ones. */
export function reportView(desk: Desk): View {
  return {
    title: 'Report',
    load(): Content {
      if (desk.vm.state === 'running') return nothing('The guest runs. Freeze it (f) to take a report of it.')
      const all = kept.get(desk.vm) ?? []
      const current = all.find(({ state }) => state === desk.state)
      const rows: Row[] =
        current === undefined
          ? takeRows(desk)
          : [...compareRows(all, current, desk.columns), ...textRows(current, desk.columns)]
      return { columns: [{ title: '' }], rows: new ArrayRows(rows), empty: '', untitled: true }
    },
  }
}

function takeRows(desk: Desk): Row[] {
  const about = [
    'It tells everything that is known of this stop: the story first, then every noun with its problems.',
    ...(desk.vm.target.control === undefined
      ? []
      : ['Take one, let the guest run (a), take another one here: they are compared line by line.']),
  ]
  const lines = about.flatMap((sentence) => wrap(sentence, desk.columns - 6))
  return [
    takeRow(desk),
    ...lines.map(
      (line, i): Row => ({ id: `report/about-${i}`, cells: [`  ${line}`], tone: 'dim', inert: true }),
    ),
  ]
}

function takeRow(desk: Desk): Row {
  return {
    id: 'report/take',
    cells: ['Enter takes a report of this stop'],
    tone: 'accent',
    inert: true,
    act: () => {
      desk.operate('taking a report', async () => {
        // The line that says so is drawn first: taking it keeps everything waiting.
        await new Promise((resolve) => setTimeout(resolve, 50))
        const report = Report.take(desk.vm)
        const all = kept.get(desk.vm) ?? []
        all.push({ state: desk.state, taken: new Date(), report })
        for (const old of all.splice(0, Math.max(0, all.length - mostKept))) old.report.close()
        kept.set(desk.vm, all)
        desk.refresh(true)
        return `report of this stop, taken in ${Math.round(report.head.milliseconds)} ms`
      })
    },
  }
}

function compareRows(all: readonly Kept[], current: Kept, columns: number): Row[] {
  return all
    .filter((other) => other !== current)
    .map((other, i): Row => {
      const time = other.taken.toLocaleTimeString('en-GB')
      return {
        id: `report/compare-${i}`,
        cells: [`Enter shows what differs from the report of ${time}`],
        tone: 'accent',
        inert: true,
        target: {
          kind: 'text',
          title: `since ${time}`,
          read: () =>
            current.report
              .diff(other.report)
              .text({ columns: columns - 2 })
              .split('\n'),
        },
      }
    })
}

function textRows({ report }: Kept, columns: number): Row[] {
  const lines = [...report.text({ columns: columns - 2 })].flatMap((text) => text.split('\n'))
  return lines.map((line, number): Row => {
    const isTitle = line !== '' && lines[number - 1] === '' && !line.startsWith(' ') && line.length < 40
    return { id: `report/${number}`, cells: [line], inert: true, ...(isTitle ? { tone: 'heading' } : {}) }
  })
}
