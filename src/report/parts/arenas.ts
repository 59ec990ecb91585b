import type { Allocator } from '../../bpf/allocators/allocator.js'
import { problemText } from '../../problems.js'
import type { Session } from '../../session/session.js'
import type { EntryStore, Span } from '../entry-store.js'
import { jsonOf } from '../plain.js'
import type { SectionNotes } from '../sections.js'

/** As `cryoscope arenas --json` has it, and the values of its variables. */
export interface ReportArena {
  readonly id: number
  readonly name: string
  readonly address: string
  readonly userStart: string
  readonly userEnd: string
  readonly declaredPages: number
  readonly presentPages: number
  readonly allocatedPages: number | null
  readonly pages: readonly { readonly first: number; readonly last: number }[]
  readonly programs: readonly { readonly id: number; readonly name: string }[]
  readonly variables: unknown
  readonly strays: readonly { readonly from: string; readonly pointer: string; readonly why: string }[]
  readonly problems: readonly { readonly where: string; readonly why: string }[]
  readonly [more: string]: unknown
}

/** As `cryoscope allocators --json` has it; the elements are in the report's entries. */
export interface ReportAllocator {
  readonly name: string
  readonly kind: string
  readonly arena: number
  readonly elementSize: number | null
  readonly payload: {
    readonly type: string | null
    readonly certainty: string
    readonly evidence: string
  }
  readonly counts: Readonly<Record<string, number>>
  readonly regions: readonly { readonly name: string; readonly size: number; readonly used: number }[]
  readonly objects: readonly {
    readonly address: string
    readonly type: string
    readonly certainty: string
    readonly from: string
    readonly value: unknown
  }[]
  readonly leaks: readonly { readonly index: number; readonly address: string }[]
  readonly dangling: readonly { readonly from: string; readonly pointer: string; readonly why: string }[]
  readonly unreadRoots: readonly string[]
  readonly problems: readonly { readonly where: string; readonly why: string }[]
  /** Elements that were ever handed out. */
  readonly count: number | null
  readonly [more: string]: unknown
}

export interface TakenAllocator {
  readonly allocator: ReportAllocator
  readonly span: Span | undefined
}

export function readArenas(vm: Session, notes: SectionNotes): ReportArena[] {
  const { arenas } = vm
  notes.expected = vm.maps.filter(({ type }) => type === 'arena').length
  return arenas.flatMap((arena) => {
    const subject = `arena:${arena.id}`
    const read = notes.attempt('arena', subject, () => {
      const strays = arena.strays.map(({ from, place, why }) => ({
        from,
        pointer: `0x${arena.window.userAddress(place).toString(16)}`,
        why,
      }))
      return jsonOf({ ...arena.toJSON(), variables: arena.globals ?? null, strays }) as ReportArena
    })
    for (const problem of arena.problems) notes.lost('arena', subject, problemText(problem))
    for (const { from, why } of read?.strays ?? []) notes.warn('dangling', subject, `${from}: ${why}`)
    return read === undefined ? [] : [read]
  })
}

export function readAllocators(vm: Session, store: EntryStore, notes: SectionNotes): TakenAllocator[] {
  const { allocators } = vm
  notes.expected = allocators.length
  return allocators.flatMap((allocator) => {
    const taken = readAllocator(allocator, store, notes)
    return taken === undefined ? [] : [taken]
  })
}

function readAllocator(
  allocator: Allocator,
  store: EntryStore,
  notes: SectionNotes,
): TakenAllocator | undefined {
  const subject = `allocator:${allocator.name}`
  const read = notes.attempt('allocator', subject, () => jsonOf(allocator) as ReportAllocator)
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
