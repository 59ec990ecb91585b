import { createHash } from 'node:crypto'
import { levelNames } from '../../contract/log.js'
import { streamText } from '../../contract/programs.js'
import { escapeHtml as html } from '../../present/html/markup.js'
import { headings } from '../../present/table.js'
import { durationText } from '../../units.js'
import type { ReportContents, ReportHead } from '../document.js'
import type { SectionName } from '../schema.js'
import { sectionCount } from '../section-count.js'
import {
  cpuTimeTable,
  domainTable,
  environmentPairs,
  eventTable,
  linkTable,
  numaTable,
  programTable,
  queueTable,
  runqueueTable,
  schedulerPairs,
  waitingTable,
} from '../tables.js'
import { linkTo, pairsHtml, tableHtml } from './markup.js'
import { allocatorParts, arenaParts, containerParts, mapParts } from './memory-html.js'
import { script } from './script.js'
import { style } from './style.js'
import { tasksHtml, vcpusHtml } from './tasks-html.js'

export interface ReportHtmlOptions {
  /** Entries shown of each map and container and elements of each allocator. */
  readonly limit?: number
}

const usualLimit = 200

/** A part of the page. */
interface Part {
  readonly id: string
  readonly title: string
  /** The sections of the report that it shows. */
  readonly sections: readonly SectionName[]
  readonly count: number | string | undefined
  readonly body: () => Iterable<string>
  readonly isOpen?: boolean
}

/** A page that needs nothing else: no file beside it, no network. Text from the guest is text on it, whatever it holds. */
export function* reportHtml(contents: ReportContents, options: ReportHtmlOptions = {}): Generator<string> {
  const { limit = usualLimit } = options
  const parts = partsOf(contents, limit).filter(({ count }) => count !== 0)
  yield pageHead(contents.head)
  yield navigation(parts, contents.head)
  yield '<main>'
  for (const part of parts) {
    yield partHead(part, contents.head)
    yield* part.body()
    yield '</div></details></section>\n'
  }
  yield `</main></div><script>${script}</script></body></html>\n`
}

function partsOf(contents: ReportContents, limit: number): Part[] {
  const { head } = contents
  const one = (text: () => string) => () => [text()]
  return [
    {
      id: 'story',
      title: 'What is going on',
      sections: ['story'],
      count: head.story.length,
      body: one(() => storyHtml(head)),
      isOpen: true,
    },
    {
      id: 'problems',
      title: 'Problems',
      sections: [],
      count: head.problems.length,
      body: one(() => problemsHtml(head)),
    },
    {
      id: 'environment',
      title: 'Environment',
      sections: ['environment', 'time'],
      count: undefined,
      body: one(() => pairsHtml(environmentPairs(head))),
    },
    {
      id: 'vcpus',
      title: 'vCPUs',
      sections: ['vcpus'],
      count: sectionCount(head, 'vcpus', head.vcpus.length),
      body: one(() => vcpusHtml(head)),
      isOpen: true,
    },
    {
      id: 'sched',
      title: 'Scheduler',
      sections: ['sched'],
      count: undefined,
      body: one(() => schedHtml(head)),
      isOpen: true,
    },
    {
      id: 'tasks',
      title: 'Tasks',
      sections: ['tasks'],
      count: sectionCount(head, 'tasks', head.tasks.length),
      body: one(() => tasksHtml(head)),
    },
    {
      id: 'programs',
      title: 'Programs',
      sections: ['programs', 'structOps'],
      count: sectionCount(head, 'programs', head.programs.length),
      body: one(() => programsHtml(head)),
    },
    {
      id: 'links',
      title: 'Links',
      sections: ['links'],
      count: sectionCount(head, 'links', head.links.length),
      body: one(() => tableHtml(linkTable(head))),
    },
    {
      id: 'maps',
      title: 'Maps',
      sections: ['maps'],
      count: sectionCount(head, 'maps', head.maps.length),
      body: () => mapParts(contents, limit),
      isOpen: true,
    },
    {
      id: 'arenas',
      title: 'Arenas',
      sections: ['arenas'],
      count: sectionCount(head, 'arenas', head.arenas.length),
      body: () => arenaParts(head),
    },
    {
      id: 'allocators',
      title: 'Allocators',
      sections: ['allocators'],
      count: sectionCount(head, 'allocators', head.allocators.length),
      body: () => allocatorParts(contents, limit),
    },
    {
      id: 'containers',
      title: 'Containers',
      sections: ['containers'],
      count: sectionCount(head, 'containers', head.containers.length),
      body: () => containerParts(contents, limit),
    },
    {
      id: 'machine',
      title: 'CPU time, domains, NUMA',
      sections: ['cpuTime', 'domains', 'numa'],
      count: undefined,
      body: one(() => machineHtml(head)),
    },
    {
      id: 'log',
      title: 'Kernel log',
      sections: ['log'],
      count: sectionCount(head, 'log', head.log.length),
      body: one(() => logHtml(head)),
    },
  ]
}

function pageHead(head: ReportHead): string {
  const policy = `default-src 'none'; style-src '${digest(style)}'; script-src '${digest(script)}'; base-uri 'none'; form-action 'none'`
  const { target, environment, time, milliseconds } = head
  const about = [
    environment?.release ?? 'no kernel found',
    time?.uptimeMs === null || time === null ? '' : `up ${durationText(time.uptimeMs)}`,
    target.state,
    `taken in ${durationText(milliseconds)}`,
  ]
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${html(policy)}">
<title>${html(target.name)} – cryoscope report</title><style>${style}</style></head><body>
<header><h1>${html(target.name)}</h1><span class="about">${html(about.filter((word) => word !== '').join(' · '))}</span>
<input id="filter" type="search" placeholder="Filter ( / )" aria-label="Show only what holds this text"><button id="fold" type="button">Fold</button></header>
<div class="page">`
}

/** A browser runs no other code and uses no other style than these. */
function digest(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

function navigation(parts: readonly Part[], head: ReportHead): string {
  const links = parts.map(
    (part) =>
      `<a href="#${part.id}" class="${statusOf(part, head)}"><span>${html(part.title)}</span><span class="count">${part.count ?? ''}</span></a>`,
  )
  return `<nav>${links.join('\n')}</nav>`
}

function statusOf({ sections }: Part, head: ReportHead): string {
  const statuses = sections.map((name) => head.sections[name]?.status)
  return (
    statuses.find((status) => status === 'unavailable') ??
    statuses.find((status) => status === 'partial') ??
    'complete'
  )
}

function partHead(part: Part, head: ReportHead): string {
  const status = statusOf(part, head)
  const reasons = part.sections.flatMap((name) => head.sections[name]?.reasons ?? [])
  const shown = reasons.slice(0, 8).map((reason) => `<div>${html(reason)}</div>`)
  const more = reasons.length > 8 ? `<div>and ${reasons.length - 8} more</div>` : ''
  const why = reasons.length === 0 ? '' : `<div class="reasons f">${shown.join('')}${more}</div>`
  const note = status === 'complete' ? '' : `<span class="status ${status}">${status}</span>`
  const count = part.count === undefined ? '' : `<span class="status">${html(String(part.count))}</span>`
  return `<section id="${part.id}"><details${part.isOpen ? ' open' : ''}><summary><h2>${html(part.title)}</h2>${count}${note}</summary><div class="body">${why}`
}

function storyHtml({ story }: ReportHead): string {
  const items = story.map(({ weight, sentence, about }) => {
    const tasks = about.flatMap((subject) =>
      subject.kind === 'task' ? [` ${linkTo(`task:${subject.pid}`, `→ ${subject.name}`)}`] : [],
    )
    return `<li class="f ${html(weight)}">${html(sentence)}${tasks.join('')}</li>`
  })
  return `<ul class="story">${items.join('')}</ul>`
}

const severityClass: Readonly<Record<string, string>> = { error: 'bad', warning: 'odd', note: 'none' }

function problemsHtml({ problems }: ReportHead): string {
  const rows = problems.map(
    ({ severity, code, subject, message }) =>
      `<tr class="f"><td class="${severityClass[severity] ?? ''}">${html(severity)}</td><td>${html(code)}</td><td>${linkTo(subject, subject)}</td><td class="wrap">${html(message)}</td></tr>`,
  )
  return `<div class="scroll"><table><thead><tr><th>SEVERITY</th><th>CODE</th><th>ABOUT</th><th>WHAT</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`
}

function schedHtml(head: ReportHead): string {
  const queues = queueTable(head)
  const tables = [
    ['Runqueues', runqueueTable(head)],
    ['Dispatch queues', queues],
    ['Waiting', waitingTable(head)],
    ['Events', eventTable(head)],
  ] as const
  const parts = tables.map(([title, table]) => {
    if (table.rows.length === 0) return ''
    const unused =
      table === queues && queues.unused > 0
        ? `<p class="more">${queues.unused} more ${queues.unused === 1 ? 'was' : 'were'} never used.</p>`
        : ''
    return `<h3>${title}</h3>${tableHtml(table)}${unused}`
  })
  return `${pairsHtml(schedulerPairs(head))}${parts.join('')}`
}

function programsHtml(head: ReportHead): string {
  const { programs, structOps, maps } = head
  const nameOf = new Map(maps.map(({ id, name }) => [id, name]))
  const table = programTable(head)
  const last = table.headings.length - 1
  const rows = tableHtml(
    table,
    (row) => `program:${programs[row]?.id}`,
    (row, column) => {
      if (column !== last) return undefined
      const ids = programs[row]?.mapIds ?? []
      return ids.map((id) => linkTo(`map:${id}`, nameOf.get(id) || String(id))).join(', ')
    },
  )
  const printed = head.streams.flatMap(({ programId, name, stdout, stderr }) =>
    Object.entries({ stdout, stderr }).flatMap(([stream, text]) =>
      text === ''
        ? []
        : [
            `<h3>${linkTo(`program:${programId}`, name || String(programId))} printed to ${stream}</h3><pre>${streamText(text).trimEnd().split('\n').map(html).join('\n')}</pre>`,
          ],
    ),
  )
  const all = rows + printed.join('')
  if (structOps.members.length === 0) return all
  const members = structOps.members.map(({ operations, member, programId, mapName, mapId }) => [
    `${operations}.${member}`,
    {
      text: programs.find(({ id }) => id === programId)?.name ?? String(programId),
      object: `program:${programId}`,
    },
    { text: mapName, object: `map:${mapId}` },
  ])
  return `${all}<h3>struct_ops</h3>${tableHtml({ headings: headings('MEMBER', 'PROGRAM', 'MAP'), rows: members })}`
}

function machineHtml(head: ReportHead): string {
  const tables = [
    ['CPU time', cpuTimeTable(head)],
    ['Sched domains', domainTable(head)],
    ['NUMA', numaTable(head)],
  ] as const
  return tables
    .map(([title, table]) => (table.rows.length === 0 ? '' : `<h3>${title}</h3>${tableHtml(table)}`))
    .join('')
}

/** From emerg to err. */
const grave: readonly unknown[] = levelNames.slice(0, 4)

function logHtml({ log }: ReportHead): string {
  const lines = log.map(({ time, text, level }) => {
    const seconds = (Number(time) / 1e9).toFixed(6).padStart(12)
    return `<div class="f${grave.includes(level) ? ' bad' : ''}">[${seconds}] ${text.split('\n').map(html).join('\n')}</div>`
  })
  return `<pre>${lines.join('')}</pre>`
}
