import { escapeHtml as html } from '../../present/html/markup.js'
import type { ReportHead } from '../document.js'
import { taskTable } from '../tables.js'
import { linkTo, tableHtml } from './markup.js'

type Stack = NonNullable<ReportHead['tasks'][number]['stack']>

/** vCPUs with the stacks that they are on. */
export function vcpusHtml({ vcpus }: ReportHead): string {
  const items = vcpus.map(({ index, cpu, where, rip, halted, privilege, task, registers, stack }) => {
    const state = privilege === 0 ? (halted ? ', halted' : '') : ', in user space'
    const runs =
      task === null
        ? ''
        : `, runs ${task.pid === 0 ? html(task.name) : linkTo(`task:${task.pid}`, task.name)} (${task.pid})`
    const names = Object.entries(registers).map(([name, value]) => `${name.padEnd(10)} ${value}`)
    const frames = stack === null ? '' : `<pre>${stackText(stack)}</pre>`
    return (
      `<details class="item f" id="${cpu === null ? `vcpu:${index}` : `cpu:${cpu}`}"><summary><b>${cpu === null ? `vCPU ${index}` : `CPU ${cpu}`}</b> at ${html(where ?? rip)}${html(state)}${runs}</summary>` +
      `<div class="body">${frames}<details><summary>registers</summary><pre>${names.map(html).join('\n')}</pre></details></div></details>`
    )
  })
  return items.join('\n')
}

/** All tasks; the last column opens to the stack and to what belongs to the task. */
export function tasksHtml(head: ReportHead): string {
  const { tasks, identity } = head
  const table = taskTable(head)
  const last = table.headings.length - 1
  return tableHtml(
    table,
    (row) => {
      const task = tasks[row]
      return task === undefined || task.pid === 0 ? undefined : `task:${task.pid}`
    },
    (row, column) => {
      const task = tasks[row]
      if (column !== last || task === undefined) return undefined
      const links = identity.tasks[`task:${task.pid}`]
      const belongs: string[] = []
      if (links?.queue != null)
        belongs.push(`on DSQ ${html(links.queue.replace(/^queue:/, ''))}, place ${links.position}`)
      for (const map of links?.values ?? [])
        belongs.push(
          `storage in ${linkTo(map, head.maps.find(({ id }) => `map:${id}` === map)?.name ?? map)}`,
        )
      for (const element of links?.allocations ?? []) belongs.push(html(element.replace(/^allocation:/, '')))
      const summary = html(String(table.rows[row]?.[last] ?? '–'))
      if (task.stack === null && belongs.length === 0) return summary
      const frames = task.stack === null ? '' : stackText(task.stack)
      return `<details><summary>${summary}</summary><pre>${[...belongs, frames].filter((line) => line !== '').join('\n')}</pre></details>`
    },
  )
}

function stackText({ frames, problem }: Stack): string {
  const lines = frames.map(({ symbol, address, isCertain }) => `${isCertain ? '' : '? '}${symbol ?? address}`)
  if (problem !== null) lines.push(`! ${problem}`)
  return lines.map(html).join('\n')
}
