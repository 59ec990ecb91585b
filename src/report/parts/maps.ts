import type { BpfMap } from '../../bpf/map.js'
import { detailsJson } from '../../contract/details.js'
import type { MapJson } from '../../contract/maps.js'
import { Problems, problemText } from '../../problems.js'
import type { Session } from '../../session/session.js'
import type { EntryStore, Span } from '../entry-store.js'
import type { SectionName } from '../schema.js'
import type { SectionNotes } from '../sections.js'
import { expectIds } from './programs.js'

/** What a report says of a map besides its entries: the contract's description, and how complete it is. */
export interface ReportMap extends MapJson {
  readonly frozen: boolean
  readonly state: Readonly<Record<string, unknown>>
  readonly status: 'complete' | 'partial' | 'unavailable'
  /** Entries in the report; null where the type cannot be read. */
  readonly count: number | null
  readonly problems: readonly { readonly where: string; readonly why: string }[]
}

export interface TakenMap {
  readonly map: ReportMap
  readonly span: Span | undefined
}

/** Every map with all its entries, which go to the store. */
export function readMaps(vm: Session, store: EntryStore, notes: SectionNotes): TakenMap[] {
  const maps = [...vm.maps]
  expectIds(vm, 'map_idr', 'map', maps, notes)
  const read = maps.map((map) => readMap(map, store, notes))
  notePointers(vm, 'maps', notes)
  return read
}

/** Integers that may be pointers all the same, for values of maps and of arenas. */
export function notePointers(vm: Session, section: SectionName, notes: SectionNotes): void {
  for (const sentence of vm.recovery.unread) notes.lost('program', `section:${section}`, sentence)
}

function readMap(map: BpfMap, store: EntryStore, notes: SectionNotes): TakenMap {
  const subject = `map:${map.id}`
  const problems = new Problems()
  const state = notes.attempt('map', subject, () => detailsJson(map.state(problems))) ?? {}
  const { unsupported } = map
  for (const problem of map.info.problems) notes.warn('map-types', subject, problemText(problem))
  let span: Span | undefined
  if (unsupported === undefined)
    span = notes.attempt('map-entries', subject, () =>
      store.add(map.json(Number.POSITIVE_INFINITY, problems)),
    )
  else notes.lost('map-unsupported', subject, unsupported)
  for (const { where, why } of problems.list) notes.lost('map-entries', subject, `${where}: ${why}`)
  const { list } = problems
  const all = [...map.info.problems, ...list]
  if (unsupported !== undefined) all.push({ where: 'entries', why: unsupported })
  return {
    map: {
      ...map.toJSON(),
      frozen: map.info.frozen,
      state,
      status: span === undefined ? 'unavailable' : list.length > 0 ? 'partial' : 'complete',
      count: span?.count ?? null,
      problems: all,
    },
    span,
  }
}
