import { streamText } from '../../contract/programs.js'
import { type Table, terminalRows } from '../../present/table.js'
import { tableLines } from '../../present/text/layout.js'
import { pairLines } from '../../present/text/lines.js'
import { figureJsonText } from '../../problems.js'
import { escapeText } from '../../text.js'
import type { ReportContents, ReportElement, ReportEntry } from '../document.js'
import type { ReportAllocator } from '../parts/arenas.js'
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
import { mapLines } from './map-text.js'
import { valueLines } from './value-text.js'

export interface ReportTextOptions {
  readonly columns?: number
  /** Entries shown of each map, elements of each allocator, lines of the kernel log. */
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
  yield* vcpuLines(contents)
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

function* titled(title: string): Generator<string> {
  yield ''
  yield title
  yield '='.repeat(title.length)
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

function* vcpuLines({ head }: ReportContents): Generator<string> {
  yield* titled('vCPUs')
  for (const { index, cpu, where, rip, halted, privilege, task, stack } of head.vcpus) {
    const runs = task === null ? '' : `, runs ${task.name} (${task.pid})`
    const state = privilege === 0 ? (halted ? ', halted' : '') : ', in user space'
    yield escapeText(`${cpu === null ? `vCPU ${index}` : `CPU ${cpu}`} at ${where ?? rip}${state}${runs}`)
    if (stack !== null) yield* stackLines(stack, '    ')
  }
}

type Stack = NonNullable<ReportContents['head']['vcpus'][number]['stack']>

function* stackLines({ frames, problem, method }: Stack, indent: string): Generator<string> {
  for (const { symbol, address, isCertain } of frames)
    yield escapeText(`${indent}${isCertain ? '' : '? '}${symbol ?? address}`)
  if (problem !== null)
    yield escapeText(`${indent}! ${method === 'guess' ? 'guessed from the stack: ' : ''}${problem}`)
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

function* arenaLines(contents: ReportContents, limit: number, columns: number): Generator<string> {
  const { arenas, allocators } = contents.head
  if (arenas.length > 0) yield* titled('Arenas')
  for (const {
    id,
    name,
    userStart,
    declaredPages,
    presentPages,
    allocatedPages,
    programs,
    values,
    strays,
  } of arenas) {
    const handed = allocatedPages === null ? '' : `, ${allocatedPages} handed out`
    yield escapeText(
      `${name || 'arena'} (${id}) at ${userStart}: ${figureJsonText(presentPages)} of ${declaredPages} pages present${handed}, used by ${programs.length} programs`,
    )
    if (values !== null) yield* valueLines('variables: ', values, columns, '  ')
    for (const { from, why } of strays) yield escapeText(`  ! ${from} leads to no page: ${why}`)
  }
  if (allocators.length > 0) yield* titled('Allocators')
  for (const [i, allocator] of allocators.entries()) {
    if (i > 0) yield ''
    yield* allocatorLines(allocator, parsed<ReportElement>(contents.elementLines(i)), limit, columns)
  }
}

function* allocatorLines(
  allocator: ReportAllocator,
  elements: Iterable<ReportElement>,
  limit: number,
  columns: number,
): Generator<string> {
  const {
    name,
    kind,
    arena,
    payload,
    counts,
    regions,
    objects,
    leaks,
    dangling,
    elementSize,
    count,
    problems,
  } = allocator
  const states = Object.entries(counts)
    .filter(([, count]) => count !== 0)
    .map(([state, count]) => `${figureJsonText(count)} ${state}`)
  const type =
    payload.type === null
      ? elementSize === null
        ? ''
        : `, elements of ${elementSize} bytes`
      : `, ${payload.type} (${payload.certainty}: ${payload.evidence})`
  yield escapeText(
    `${name}, ${kind} in arena ${arena}${states.length === 0 ? '' : `: ${states.join(', ')}`}${type}`,
  )
  for (const region of regions)
    yield escapeText(`  ${region.name}: ${region.used} of ${region.size} bytes handed out`)
  let shown = 0
  for (const { index, state, address, generation, value, hex, unreadable } of elements) {
    if (shown === limit) break
    shown++
    const about = [state === 'live' ? '' : state, generation === 0 ? '' : `generation ${generation}`]
      .filter((word) => word !== '')
      .join(', ')
    const label = `[${index}] ${address ?? 'no memory yet'}${about === '' ? '' : ` (${about})`} `
    if (value === undefined)
      yield escapeText(`  ${label}${hex ?? (unreadable === undefined ? '' : `<${unreadable}>`)}`.trimEnd())
    else yield* valueLines(label, value, columns, '  ')
  }
  if ((count ?? 0) > shown) yield `  … and ${(count ?? 0) - shown} more elements`
  for (const object of objects)
    yield* valueLines(`${object.address} ${object.type} (from ${object.from}) `, object.value, columns, '  ')
  for (const { index } of leaks.slice(0, limit))
    yield `  ! [${index}] is handed out, and nothing refers to it`
  for (const { from, why } of dangling.slice(0, limit)) yield escapeText(`  ! ${from} dangles: ${why}`)
  for (const { where, why } of problems) yield escapeText(`  ! ${where}: ${why}`)
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

function* parsed<T>(lines: Iterable<string>): Generator<T> {
  for (const line of lines) yield JSON.parse(line) as T
}
