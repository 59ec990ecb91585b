import { vcpuColumns } from '../../../present/columns/vcpus.js'
import { html } from '../../../present/html/markup.js'
import { tableHtml } from '../../../present/html/table.js'
import type { Session } from '../../../session/session.js'
import { momentText } from '../../event-columns.js'
import { onChange } from '../sessions.js'
import { errorOfThrown } from '../tslab/cell-error.js'
import { Button, Dropdown, HBox, IntSlider } from '../widgets/models.js'
import { needsRecord } from './events.js'
import { LiveView } from './live-view.js'

/** Of the guest's clock; what is between is reached by the buttons. */
const microsecondsPerNotch = 100

/**
 * A slider over the record of a deterministic guest, from where it begins to as far as it has come, and buttons for a
 * millisecond or an instruction of one vCPU. What is shown elsewhere follows.
 *
 * @example timeBar(vm)
 */
export function timeBar(session: Session): LiveView {
  const { record } = session.target
  if (record === undefined) throw needsRecord(session.target.name)
  const notchOf = (ns: number): number => Math.round(ns / 1000 / microsecondsPerNotch)
  const slider = new IntSlider({ description: 'time', continuous_update: false, readout: false })
  slider.layout.set({ width: '70%' })
  const vcpu = new Dropdown({ description: 'vCPU', options: ['0'], index: 0 })
  const button = (description: string) => new Button({ description })
  const [start, back, stepBack, forth, end] = ['start', '− 1 ms', '− 1 instruction', '+ 1 ms', 'end'].map(
    button,
  ) as [Button, Button, Button, Button, Button]
  const everything = [slider, vcpu, start, back, stepBack, forth, end]
  let said = ''
  /** What we set the slider to; what else it becomes was somebody's hand. */
  let shown = -1

  const view = new LiveView(
    {
      act: () => {},
      draw: () => {
        const { time } = record
        const place = time.branch === undefined ? 'on the record' : 'a branch from there'
        const about = said === '' ? undefined : html` <span class="bad">${said}</span>`
        const title = html`<div class="h">${session.target.name} at ${momentText(time.branch ?? time)} <span class="a">${place}</span>${about}</div>`
        if (session.state === 'running') return title
        const rows = session.vcpus.map((row) => vcpuColumns.map(({ cell }) => cell(row)))
        return html`${title}${tableHtml(vcpuColumns, rows)}`
      },
    },
    [new HBox({ children: [slider] }), new HBox({ children: [start, back, forth, end, vcpu, stepBack] })],
  )

  const follow = (): void => {
    if (session.state === 'running') return
    const { time, checkpoints } = record
    const min = notchOf(checkpoints[0]?.ns ?? 0)
    const max = Math.max(min, notchOf(record.end.ns))
    shown = Math.min(max, Math.max(min, notchOf(time.ns)))
    slider.set({ min, max, value: shown })
    const options = session.vcpus.map(({ index }) => String(index))
    if (options.join() !== vcpu.options.join()) vcpu.set({ options, index: 0 })
  }
  const going = async (work: () => Promise<unknown>): Promise<void> => {
    for (const widget of everything) widget.set({ disabled: true })
    try {
      await work()
      said = ''
    } catch (error) {
      said = errorOfThrown(error).evalue
    } finally {
      for (const widget of everything) widget.set({ disabled: false })
      follow()
      await view.refresh()
    }
  }
  slider.observe('value', async (notch) => {
    if (notch !== shown) await going(() => session.goTo({ ns: notch * microsecondsPerNotch * 1000 }))
  })
  start.onClick(() => going(() => session.goTo('start')))
  end.onClick(() => going(() => session.goTo('end')))
  back.onClick(() => going(() => session.back({ ms: 1 })))
  forth.onClick(() => going(() => session.goTo({ ns: record.time.ns + 1e6 })))
  stepBack.onClick(() => going(() => session.stepBack(Number(vcpu.options[vcpu.index ?? 0] ?? 0))))
  onChange(session, () => {
    follow()
    void view.refresh()
  })
  follow()
  void view.refresh()
  return view
}
