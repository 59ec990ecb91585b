import type { ContainerEntryJson, ContainerJson } from '../../contract/containers.js'
import { figureJsonText } from '../../problems.js'
import { escapeText } from '../../text.js'
import type { ReportContents, ReportElement } from '../document.js'
import type { ReportAllocator } from '../parts/arenas.js'
import { containerEntryLines, containerText } from './container-text.js'
import { parsed, titled } from './section-text.js'
import { objectHead, valueLines } from './value-text.js'

/** Arenas, their allocators and the containers in them, with what they hold. */
export function* arenaLines(contents: ReportContents, limit: number, columns: number): Generator<string> {
  const { arenas, allocators, containers } = contents.head
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
  if (containers.length > 0) yield* titled('Containers')
  for (const [i, container] of containers.entries()) {
    if (i > 0) yield ''
    yield* containerLines(container, parsed<ContainerEntryJson>(contents.containerLines(i)), limit, columns)
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
  for (const object of objects) yield* valueLines(objectHead(object), object.value, columns, '  ')
  for (const { index } of leaks.slice(0, limit))
    yield `  ! [${index}] is handed out, and nothing refers to it`
  for (const { from, why } of dangling.slice(0, limit)) yield escapeText(`  ! ${from} dangles: ${why}`)
  for (const { where, why } of problems) yield escapeText(`  ! ${where}: ${why}`)
}

function* containerLines(
  container: ContainerJson,
  entries: Iterable<ContainerEntryJson>,
  limit: number,
  columns: number,
): Generator<string> {
  const { name, problems, state } = container
  yield escapeText(`${name}, ${containerText(container)}`)
  if (Object.keys(state).length > 0) yield* valueLines('', state, columns, '  ')
  let shown = 0
  let left = 0
  for (const entry of entries) {
    if (shown === limit) left++
    else {
      shown++
      yield* containerEntryLines(entry, columns, '  ')
    }
  }
  if (left > 0) yield `  … and ${left} more ${left === 1 ? 'entry' : 'entries'}`
  for (const { where, why } of problems) yield escapeText(`  ! ${where}: ${why}`)
}
