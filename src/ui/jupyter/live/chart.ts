import { type Html, html } from '../../../present/html/markup.js'
import { errorOfThrown } from '../tslab/cell-error.js'
import { type Go, LiveView } from './live-view.js'

/** A chart whose points can be clicked: what comes of it is said below. */
export function liveChart(
  draw: (go: (point: number) => Html) => Html,
  text: () => string,
  click: (point: number) => unknown,
): LiveView {
  let said = html``
  const drawAll = (go: Go): Html => html`${draw((point) => go(`point ${point}`))}${said}`
  const view = new LiveView({
    text,
    draw: drawAll,
    act: async (action) => {
      try {
        const answer = await click(Number(action.split(' ')[1]))
        said = typeof answer === 'string' ? html`<div class="a">${answer}</div>` : html``
      } catch (error) {
        said = html`<div class="bad">${errorOfThrown(error).evalue}</div>`
      }
    },
  })
  view.drawNow(drawAll)
  return view
}
