import type { Allocator } from '../../bpf/allocators/allocator.js'
import type { Container } from '../../bpf/containers/container.js'
import type { AllocatorJson } from '../../contract/allocators.js'
import { type ArenaContentsJson, arenaContentsJson } from '../../contract/arenas.js'
import type { ContainerJson } from '../../contract/containers.js'
import { snapshot } from '../../contract/json.js'
import { problemText } from '../../problems.js'
import type { Session } from '../../session/session.js'
import type { EntryStore, Span } from '../entry-store.js'
import type { SectionNotes } from '../sections.js'
import { notePointers } from './maps.js'

/** As `cryoscope allocators --json` has it; the elements are in the report's entries. */
export interface ReportAllocator extends AllocatorJson {
  /** Elements that were ever handed out. */
  readonly count: number | null
}

export interface TakenAllocator {
  readonly allocator: ReportAllocator
  readonly span: Span | undefined
}

export function readArenas(vm: Session, notes: SectionNotes): ArenaContentsJson[] {
  const { arenas } = vm
  notes.expected = vm.maps.filter(({ type }) => type === 'arena').length
  const found = arenas.flatMap((arena) => {
    const subject = `arena:${arena.id}`
    const read = notes.attempt('arena', subject, () => snapshot(arenaContentsJson(arena)))
    for (const problem of arena.problems) notes.lost('arena', subject, problemText(problem))
    for (const { from, why } of read?.strays ?? []) notes.warn('dangling', subject, `${from}: ${why}`)
    return read === undefined ? [] : [read]
  })
  notePointers(vm, 'arenas', notes)
  return found
}

export function readAllocators(vm: Session, store: EntryStore, notes: SectionNotes): TakenAllocator[] {
  const { allocators } = vm
  notes.expected = allocators.length
  const found = allocators.flatMap((allocator) => {
    const taken = readAllocator(allocator, store, notes)
    return taken === undefined ? [] : [taken]
  })
  notePointers(vm, 'allocators', notes)
  return found
}

function readAllocator(
  allocator: Allocator,
  store: EntryStore,
  notes: SectionNotes,
): TakenAllocator | undefined {
  const subject = `allocator:${allocator.name}`
  const read = notes.attempt('allocator', subject, () => snapshot(allocator.toJSON()))
  if (read === undefined) return undefined
  for (const { where, why } of read.problems) notes.lost('allocator', subject, `${where}: ${why}`)
  for (const root of read.unreadRoots)
    notes.lost('allocator', subject, `not searched for references: ${root}`)
  for (const { index } of read.leaks)
    notes.warn('leak', `${subject}[${index}]`, 'it is handed out, and nothing refers to it')
  for (const { from, why } of read.dangling) notes.warn('dangling', subject, `${from}: ${why}`)
  const span = notes.attempt('allocator', subject, () => store.add(allocator.json()))
  return { allocator: { ...read, count: span?.count ?? null }, span }
}

/** As `cryoscope containers --json` has it; what it holds is in the report's entries. */
export interface TakenContainer {
  readonly container: ContainerJson
  readonly span: Span | undefined
}

export function readContainers(vm: Session, store: EntryStore, notes: SectionNotes): TakenContainer[] {
  const { containers } = vm
  notes.expected = containers.length
  const found = containers.flatMap((container) => {
    const taken = readContainer(container, store, notes)
    return taken === undefined ? [] : [taken]
  })
  notePointers(vm, 'containers', notes)
  return found
}

function readContainer(
  container: Container,
  store: EntryStore,
  notes: SectionNotes,
): TakenContainer | undefined {
  const subject = `container:${container.name}`
  const read = notes.attempt('container', subject, () => snapshot(container.toJSON()))
  if (read === undefined) return undefined
  for (const { where, why } of read.problems) notes.lost('container', subject, `${where}: ${why}`)
  const span = notes.attempt('container', subject, () => store.add(container.json()))
  return { container: read, span }
}
