import { vcpuColumns } from '../../../present/columns/vcpus.js'
import { html } from '../../../present/html/markup.js'
import { tableHtml } from '../../../present/html/table.js'
import type { Session } from '../../../session/session.js'
import { durationText } from '../../../units.js'
import { onChange } from '../sessions.js'
import { errorOfThrown } from '../tslab/cell-error.js'
import { Button, Dropdown, HBox, IntSlider } from '../widgets/models.js'
import { LiveView } from './live-view.js'

/**
 * Buttons and sliders that control a guest: freeze, thaw, step one vCPU, advance by milliseconds; below them where
 * each vCPU stands.
 *
 * @example controlBar(vm)
 */
export function controlBar(session: Session): LiveView {
  const freeze = new Button({ description: 'freeze', icon: 'snowflake-o' })
  const thaw = new Button({ description: 'thaw', icon: 'play' })
  const vcpu = new Dropdown({ description: 'vCPU', options: ['0'], index: 0 })
  const count = new IntSlider({ description: 'steps', min: 1, max: 1000, value: 1, continuous_update: false })
  const step = new Button({ description: 'step', icon: 'step-forward' })
  const milliseconds = new IntSlider({
    description: 'ms',
    min: 1,
    max: 500,
    value: 10,
    continuous_update: false,
  })
  const advance = new Button({ description: 'advance', icon: 'fast-forward' })
  const everything = [freeze, thaw, vcpu, count, step, milliseconds, advance]
  let said = ''
  let stops = 0

  const view = new LiveView(
    {
      act: () => {},
      draw: () => {
        const { state } = session
        const about = said === '' ? undefined : html` <span class="d">${said}</span>`
        const title = html`<div class="h">${session.target.name}: <span class="${state === 'frozen' ? 'a' : 'good'}">${state}</span>${about}</div>`
        if (state === 'running') return title
        const rows = session.vcpus.map((row) => vcpuColumns.map(({ cell }) => cell(row)))
        return html`${title}${tableHtml(vcpuColumns, rows)}`
      },
    },
    [
      new HBox({ children: [freeze, thaw] }),
      new HBox({ children: [vcpu, count, step] }),
      new HBox({ children: [milliseconds, advance] }),
    ],
  )

  /** What the buttons do; the bar is closed meanwhile, and a failure is said in it. */
  const doing = (work: () => Promise<unknown>) => async () => {
    for (const widget of everything) widget.set({ disabled: true })
    const start = performance.now()
    try {
      await work()
      stops++
      said = `change ${stops}, took ${durationText(performance.now() - start)}`
    } catch (error) {
      said = errorOfThrown(error).evalue
    } finally {
      enable()
      await view.refresh()
    }
  }
  const enable = () => {
    const { state } = session
    const isDump = state === 'dump'
    freeze.set({ disabled: isDump || state === 'frozen' })
    for (const widget of [thaw, vcpu, count, step, milliseconds, advance]) {
      widget.set({ disabled: isDump || state === 'running' })
    }
    if (isDump) said = 'a dump does not run'
    if (state !== 'running') {
      const options = session.vcpus.map(({ index }) => String(index))
      if (options.join() !== vcpu.options.join()) vcpu.set({ options, index: 0 })
    }
  }

  freeze.onClick(doing(() => session.freeze()))
  thaw.onClick(doing(() => session.thaw()))
  step.onClick(doing(() => session.step(vcpu.index ?? 0, count.value)))
  advance.onClick(doing(() => session.advance({ ms: milliseconds.value })))
  onChange(session, () => {
    enable()
    void view.refresh()
  })
  enable()
  void view.refresh()
  return view
}
