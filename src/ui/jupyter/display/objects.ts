import type { Allocator } from '../../../bpf/allocators/allocator.js'
import type { Container } from '../../../bpf/containers/container.js'
import { listingLines } from '../../../bpf/programs/listing-text.js'
import type { Program } from '../../../bpf/programs/program-object.js'
import { anyText } from '../../../contract/any.js'
import { taskText, terminalCells } from '../../../present/columns/column.js'
import { countText, entryColumns, originText, stateText } from '../../../present/columns/containers.js'
import { queueColumns, runqueueColumns } from '../../../present/columns/sched.js'
import { stackLines } from '../../../present/columns/stacks.js'
import { placeText, vcpuName } from '../../../present/columns/vcpus.js'
import { allocatorHtml } from '../../../present/html/allocator.js'
import { containerHtml } from '../../../present/html/container.js'
import { hexdump } from '../../../present/html/hexdump.js'
import { machineCodeHtml, xlatedHtml } from '../../../present/html/listing.js'
import { html, lines } from '../../../present/html/markup.js'
import { queuesHtml, runqueuesHtml } from '../../../present/html/sched.js'
import { tableHtml } from '../../../present/html/table.js'
import { valueTree } from '../../../present/html/value-tree.js'
import { infoPairs } from '../../../present/info.js'
import { codeLines, codeRows, type Decode } from '../../../present/machine-code/rows.js'
import { tableLines } from '../../../present/text/layout.js'
import { pairLines } from '../../../present/text/lines.js'
import { figureText, problemText } from '../../../problems.js'
import type { Diff } from '../../../report/diff/diff.js'
import type { Story } from '../../../report/story.js'
import type { Sched } from '../../../sched/sched.js'
import { extStateText } from '../../../sched/sched-ext.js'
import type { KernelStack } from '../../../sched/stack.js'
import type { Explanation } from '../../../sched/why.js'
import { describeTarget } from '../../../session/info.js'
import type { Session } from '../../../session/session.js'
import type { Vcpu } from '../../../session/vcpu.js'
import { escapeText } from '../../../text.js'
import { nanosecondsText } from '../../../units.js'
import type { ObjectValue } from '../../../value/types.js'
import { cutLines, twinLines } from './twin.js'
import { View } from './view.js'

const textWidth = 120
const textAllocations = 10
/** As the prompt shows values: what is deeper or longer is in the picture. */
const textDepth = 4
const textElements = 100
const changesShown = 300

/** A C value: as C-like text, and as a tree. */
export function valueView(value: ObjectValue): View {
  const symbol = value.$symbol === undefined ? '' : ` <${value.$symbol}>`
  return new View(
    () => value.$format({ columns: textWidth, showZero: false, depth: textDepth, elements: textElements }),
    () =>
      html`<div class="h m">${value.$type} <span class="d">at</span> <span class="a">0x${addressOf(value).toString(16)}${symbol}</span> <span class="d">${value.$size} bytes</span></div>${valueTree(value)}`,
  )
}

function addressOf(value: ObjectValue): bigint {
  return value.$kind === 'pointer' ? (value.$value as bigint) : value.$address
}

export function programView(program: Program): View {
  const { id, name, type, runCount, runTime, recursionMisses } = program
  const counts =
    runTime === undefined
      ? 'its counters cannot be read'
      : `${runCount} runs in ${nanosecondsText(runTime)}, ${recursionMisses} missed`
  const title = `${name} (${id}), ${type}: ${counts}`
  return new View(
    () => cutLines([escapeText(title), ...listingLines(program.xlated, { names: true })]),
    () => html`<div class="h">${title}</div>${xlatedHtml(program.xlated)}`,
  )
}

/** The machine code of a program; without instructions where they cannot be decoded. */
export function machineCodeView(program: Program, decode: Decode): View {
  const { id, name, type, jitedSize } = program
  const size =
    program.jitedAddress === 0n ? 'it is interpreted' : `${figureText(jitedSize)} bytes of machine code`
  const title = `${name} (${id}), ${type}: ${size}`
  return new View(
    () => cutLines([escapeText(title), ...codeLines(program.jited, decode)]),
    () => html`<div class="h">${title}</div>${machineCodeHtml(codeRows(program.jited, decode))}`,
  )
}

export function allocatorView(allocator: Allocator): View {
  return new View(
    () => {
      const { reading, live, leaks, dangling } = allocator
      const values = live.slice(0, textAllocations).map(({ index, address, value }) => {
        const text =
          typeof value === 'object' && '$format' in value
            ? value.$format({ columns: textWidth })
            : String(value)
        return `[${index}] at 0x${(address ?? 0n).toString(16)} = ${text}`
      })
      const rest = live.length - values.length
      return cutLines([
        `${escapeText(allocator.name)}, ${allocator.kind}: ${live.length} live of ${reading.slots.length} slots, ${leaks.length} leaked, ${dangling.length} dangling references`,
        ...leaks.map(({ index, address }) => `leaked: [${index}] at 0x${(address ?? 0n).toString(16)}`),
        ...dangling.map(({ from, why }) => `dangling: ${escapeText(from)} ${escapeText(why)}`),
        ...values.flatMap((text) => text.split('\n')),
        ...(rest > 0 ? [`… ${rest} more live allocations`] : []),
      ])
    },
    () => allocatorHtml(allocator),
  )
}

export function containerView(container: Container): View {
  return new View(
    () => {
      const { name, kind, entries, problems } = container
      const columns = entryColumns[kind]
      const rows = entries.slice(0, textAllocations).map((entry) => terminalCells(columns, entry))
      const rest = entries.length - rows.length
      const state = stateText(container)
      return cutLines([
        escapeText(`${name}: ${originText(container)}`),
        escapeText(state === '' ? countText(container) : `${countText(container)}; ${state}`),
        ...problems.map((problem) => escapeText(problemText(problem))),
        ...(rows.length === 0 ? [] : tableLines(columns, rows, textWidth)),
        ...(rest > 0 ? [`… ${rest} more entries`] : []),
      ])
    },
    () => containerHtml(container),
  )
}

export function schedView(sched: Sched): View {
  return new View(
    () => {
      const runqueues = sched.runqueues.map((row) => runqueueColumns.map(({ cell }) => cell(row)))
      const queues = sched.queues.filter(({ depth }) => depth > 0)
      const rows = queues.map((row) => queueColumns.map(({ cell }) => cell(row)))
      return [
        schedTitle(sched),
        ...twinLines(runqueueColumns, runqueues),
        '',
        ...(rows.length === 0 ? ['every dispatch queue is empty'] : twinLines(queueColumns, rows)),
      ].join('\n')
    },
    () =>
      html`<div class="h">${schedTitle(sched)}</div>${runqueuesHtml(sched.runqueues)}<div class="h" style="margin-top:.8em">dispatch queues</div>${queuesHtml(sched.queues)}`,
  )
}

function schedTitle(sched: Sched): string {
  const { state, schedulers } = sched
  const names = schedulers.map(({ name }) => name).join(', ')
  return escapeText(`sched_ext ${extStateText(state, sched.absent)}${names === '' ? '' : `: ${names}`}`)
}

export function vcpuView(vcpu: Vcpu): View {
  const { halted } = vcpu
  const title = `${vcpuName(vcpu)} at ${placeText(vcpu)}, runs ${taskText(vcpu.task)}${halted === true ? ', halted' : ''}`
  const registers = Object.entries(vcpu.registers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, `0x${value.toString(16)}`]],
  )
  const headings = [{ title: 'REGISTER' }, { title: 'VALUE' }]
  return new View(
    () => [escapeText(title), ...twinLines(headings, registers)].join('\n'),
    () => html`<div class="h">${title}</div>${tableHtml(headings, registers)}`,
  )
}

export function sessionView(session: Session): View {
  const pairs = () =>
    infoPairs(describeTarget(session, performance.now())).filter(([name]) => name !== 'opened in')
  return new View(
    () => pairLines(pairs(), textWidth).join('\n'),
    () => {
      const rows = pairs().map(([name, text]) => html`<tr><td class="d">${name}</td><td>${text}</td></tr>`)
      return html`<table><tbody>${rows}</tbody></table>`
    },
  )
}

/** What differs between two reports: counts by section, and the changes themselves. */
export function diffView(diff: Diff): View {
  const shown = () => (diff.lasting.length > 0 ? diff.lasting : diff.changes).slice(0, changesShown)
  const headings = [{ title: 'CHANGE' }, { title: 'PATH' }, { title: 'BEFORE' }, { title: 'AFTER' }]
  return new View(
    () => diff.text(),
    () => {
      const { before, after, summary, changes, lasting } = diff
      const rows = shown().map(({ path, change, before: old, after: now }) => [
        change,
        path,
        plain(old),
        plain(now),
      ])
      const sections = summary.map(
        ({ section, added, removed, changed }) =>
          html`<span class="chip">${section} +${added} −${removed} ~${changed}</span>`,
      )
      const caption = `${lasting.length} lasting changes of ${changes.length}; ${rows.length} shown`
      return html`<div class="h">${before.target} → ${after.target}</div><div>${sections}</div>${tableHtml(headings, rows, { caption, interactive: true })}`
    },
  )
}

/** What is going on, in sentences, with the facts behind each. */
export function storyView(story: Story): View {
  return new View(
    () => story.toString(),
    () => {
      const looks = { trouble: 'bad', notice: 'warn', fact: '' } as const
      const rows = story.sentences.map(({ sentence, weight, facts }) => {
        const said = Object.entries(facts).map(([fact, value]) => `${fact} = ${plain(value)}`)
        return html`<details><summary class="${looks[weight]}">${sentence}</summary><div class="kids m d"><pre>${lines(said.join('\n'))}</pre></div></details>`
      })
      return html`${rows}`
    },
  )
}

export function stackView(stack: KernelStack): View {
  const text = (): string => stackLines(stack, '').join('\n')
  return new View(text, () => html`<pre>${lines(text())}</pre>`)
}

export function bytesView(bytes: Uint8Array): View {
  return new View(
    () =>
      Buffer.from(bytes)
        .toString('hex')
        .replace(/(.{64})/g, '$1\n'),
    () => hexdump(bytes),
  )
}

export function explanationView(explanation: Explanation): View {
  const { pid, name, verdict, reasons } = explanation
  return new View(
    () => explanation.toString(),
    () => {
      const rows = reasons.map(({ sentence, facts }) => {
        const said = Object.entries(facts).map(([fact, value]) => `${fact} = ${plain(value)}`)
        return html`<details><summary>${sentence}</summary><div class="kids m d">${lines(said.join('\n'))}</div></details>`
      })
      return html`<div class="h">${name} (${pid}): ${verdict}</div>${rows}`
    },
  )
}

function plain(value: unknown): string {
  if (value === undefined) return '-'
  return typeof value === 'object' ? anyText(value) : String(value)
}
