import type { DispatchQueue, QueuedTask } from '../../sched/dispatch-queue.js'
import type { Runqueue } from '../../sched/runqueue.js'
import { durationText } from '../../units.js'
import { type Html, html } from './markup.js'

const mostTasks = 24
/** A task that has waited as long as this, in milliseconds, is shown as late. */
const lateMs = 1000

/** Each CPU: what runs, and who is ready there, the longest waiting first. */
export function runqueuesHtml(runqueues: readonly Runqueue[]): Html {
  const lanes = runqueues.map(({ cpu, current, runnableTasks, schedExt }) => {
    const ready = [...(schedExt?.runnable ?? [])]
      .filter(({ isCurrent }) => !isCurrent)
      .sort((a, b) => (b.waitingMs ?? -1) - (a.waitingMs ?? -1))
    const runs =
      current === undefined
        ? html`<span class="bad">not readable</span>`
        : html`<span class="chip on">${current.name} <span class="d">${current.pid}${current.isIdle ? '' : ` ${current.schedClass ?? ''}`}</span></span>`
    return html`<div class="lane"><span class="n">CPU ${cpu} <span class="d">${runnableTasks} ready</span></span><span>${runs}${taskChips(ready)}</span></div>`
  })
  return html`${lanes}`
}

/** Dispatch queues with their tasks in order; empty ones are counted. */
export function queuesHtml(queues: readonly DispatchQueue[]): Html {
  const filled = queues.filter(({ depth }) => depth > 0)
  const deepest = Math.max(1, ...filled.map(({ depth }) => depth))
  const lanes = filled.map(({ name, kind, depth, tasks }) => {
    const bar = html`<span class="bar" style="width:${Math.max(3, Math.round((depth / deepest) * 80))}px"></span>`
    return html`<div class="lane"><span class="n">${name} <span class="d">${kind}</span></span>${bar}<span class="d">${depth}</span><span>${taskChips(tasks)}</span></div>`
  })
  const empty = queues.length - filled.length
  const said = empty === 0 ? undefined : html`<div class="lane d"><span class="n">${empty} empty</span></div>`
  return html`${lanes}${said}`
}

function taskChips(tasks: readonly Pick<QueuedTask, 'pid' | 'name' | 'waitingMs'>[]): Html {
  const chips = tasks.slice(0, mostTasks).map(({ pid, name, waitingMs }) => {
    const late = waitingMs !== undefined && waitingMs >= lateMs
    const wait =
      waitingMs === undefined
        ? undefined
        : html` <span class="${late ? 'bad' : 'd'}">${durationText(waitingMs)}</span>`
    return html`<span class="chip">${name} <span class="d">${pid}</span>${wait}</span>`
  })
  const more =
    tasks.length > mostTasks ? html`<span class="d">… ${tasks.length - mostTasks} more</span>` : undefined
  return html`${chips}${more}`
}
