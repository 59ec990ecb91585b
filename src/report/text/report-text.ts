import { streamText } from '../../contract/programs.js'
import { type Table, terminalRows } from '../../present/table.js'
import { tableLines } from '../../present/text/layout.js'
import { pairLines, wrapText } from '../../present/text/lines.js'
import { escapeText } from '../../text.js'
import type { ReportContents, ReportEntry } from '../document.js'
import { sectionCount } from '../section-count.js'
import {
  cpuTimeTable,
  domainTable,
  environmentPairs,
  eventTable,
  incompletePairs,
  linkTable,
  numaTable,
  programTable,
  queueTable,
  runqueueTable,
  schedulerPairs,
  taskTable,
  waitingTable,
} from '../tables.js'
import { arenaLines } from './arena-text.js'
import { mapLines } from './map-text.js'
import { parsed, titled } from './section-text.js'

export interface ReportTextOptions {
  readonly columns?: number
  /** Entries shown of each map, elements of each allocator, entries of each container, lines of the kernel log. */
  readonly limit?: number
}

const usualLimit = 20
const marks: Readonly<Record<string, string>> = { trouble: '!', notice: '*', fact: '-' }

/** A report for people, line by line. What a limit leaves out is counted, never silently dropped. */
export function* reportText(contents: ReportContents, options: ReportTextOptions = {}): Generator<string> {
  const { columns = 80, limit = usualLimit } = options
  const { head } = contents
  yield escapeText(
    `Report of ${head.target.name} (${head.target.state}): ${head.environment?.release ?? 'no kernel found'}`,
  )
  yield* titled('What is going on')
  yield* pairLines(
    head.story.map(({ weight, sentence }) => [marks[weight] ?? '-', escapeText(sentence)]),
    columns,
  )
  yield* sectionLines(contents, columns)
  yield* environmentLines(contents, columns)
  yield* vcpuLines(contents, columns)
  yield* schedLines(contents, columns)
  yield* titled(`Tasks (${sectionCount(head, 'tasks', head.tasks.length)})`)
  yield* table(taskTable(head), columns)
  yield* programLines(contents, columns)
  yield* titled(`Maps (${sectionCount(head, 'maps', head.maps.length)})`)
  for (const [i, map] of head.maps.entries()) {
    if (i > 0) yield ''
    yield* mapLines(map, parsed<ReportEntry>(contents.entryLines(i)), limit, columns)
  }
  yield* arenaLines(contents, limit, columns)
  yield* machineLines(contents, columns)
  yield* logLines(contents, limit)
  yield* problemLines(contents, limit, columns)
}

function* table(shown: Table, columns: number): Generator<string> {
  if (shown.rows.length > 0) yield* tableLines(shown.headings, terminalRows(shown), columns)
}

function escaped(pairs: readonly (readonly [string, string, ...unknown[]])[]): [string, string][] {
  return pairs.map(([name, text]) => [escapeText(name), escapeText(text)])
}

/** Only what is not whole. */
function* sectionLines({ head }: ReportContents, columns: number): Generator<string> {
  const pairs = incompletePairs(head)
  if (pairs.length === 0) return
  yield* titled('Not complete')
  yield* pairLines(escaped(pairs), columns)
}

function* environmentLines({ head }: ReportContents, columns: number): Generator<string> {
  yield* titled('Environment')
  yield* pairLines(escaped(environmentPairs(head)), columns)
}

function* vcpuLines({ head }: ReportContents, columns: number): Generator<string> {
  yield* titled('vCPUs')
  for (const { index, cpu, where, rip, halted, privilege, task, stack } of head.vcpus) {
    const runs = task === null ? '' : `, runs ${task.name} (${task.pid})`
    const state = privilege === 0 ? (halted ? ', halted' : '') : ', in user space'
    yield escapeText(`${cpu === null ? `vCPU ${index}` : `CPU ${cpu}`} at ${where ?? rip}${state}${runs}`)
    if (stack !== null) yield* stackLines(stack, '    ', columns)
  }
}

type Stack = NonNullable<ReportContents['head']['vcpus'][number]['stack']>

function* stackLines({ frames, problem, method }: Stack, indent: string, columns: number): Generator<string> {
  for (const { symbol, address, isCertain } of frames)
    yield escapeText(`${indent}${isCertain ? '' : '? '}${symbol ?? address}`)
  if (problem === null) return
  const sentence = escapeText(`${method === 'guess' ? 'guessed from the stack: ' : ''}${problem}`)
  for (const [i, line] of wrapText(sentence, columns - indent.length - 2).entries())
    yield `${indent}${i === 0 ? '! ' : '  '}${line}`
}

function* schedLines({ head }: ReportContents, columns: number): Generator<string> {
  yield* titled('Scheduler')
  if (head.sched === null) return
  yield* pairLines(escaped(schedulerPairs(head)), columns)
  const queues = queueTable(head)
  for (const each of [runqueueTable(head), queues, waitingTable(head), eventTable(head)]) {
    if (each.rows.length === 0) continue
    yield ''
    yield* table(each, columns)
    if (each === queues && queues.unused > 0)
      yield `${queues.unused} more ${queues.unused === 1 ? 'DSQ was' : 'DSQs were'} never used.`
  }
}

function* programLines({ head }: ReportContents, columns: number): Generator<string> {
  yield* titled(`Programs (${sectionCount(head, 'programs', head.programs.length)})`)
  yield* table(programTable(head), columns)
  for (const { programId, name, stdout, stderr } of head.streams) {
    for (const [stream, text] of Object.entries({ stdout, stderr })) {
      if (text === '') continue
      yield ''
      yield escapeText(`${name || 'unnamed'} (${programId}) printed to ${stream}:`)
      for (const line of streamText(text).trimEnd().split('\n')) yield `  ${escapeText(line)}`
    }
  }
  if (head.links.length === 0) return
  yield* titled(`Links (${sectionCount(head, 'links', head.links.length)})`)
  yield* table(linkTable(head), columns)
}

function* machineLines({ head }: ReportContents, columns: number): Generator<string> {
  const tables = [
    ['CPU time', cpuTimeTable(head)],
    ['Sched domains', domainTable(head)],
    ['NUMA', numaTable(head)],
  ] as const
  for (const [title, each] of tables) {
    if (each.rows.length === 0) continue
    yield* titled(title)
    yield* table(each, columns)
  }
}

function* logLines({ head }: ReportContents, limit: number): Generator<string> {
  const { log } = head
  const lines = Math.max(limit, 0)
  const left = log.length - lines
  yield* titled(
    `Kernel log (${left > 0 ? `the last ${lines} of ` : ''}${sectionCount(head, 'log', log.length)})`,
  )
  for (const { time, text } of lines === 0 ? [] : log.slice(-lines)) {
    const seconds = (Number(time) / 1e9).toFixed(6).padStart(12)
    for (const line of text.split('\n')) yield escapeText(`[${seconds}] ${line}`)
  }
}

function* problemLines(
  { head: { problems } }: ReportContents,
  limit: number,
  columns: number,
): Generator<string> {
  if (problems.length === 0) return
  yield* titled(`Problems (${problems.length})`)
  yield* pairLines(
    problems
      .slice(0, limit)
      .map(({ severity, subject, message }) => [severity, escapeText(`${subject}: ${message}`)]),
    columns,
  )
  if (problems.length > limit) yield `… and ${problems.length - limit} more`
}
