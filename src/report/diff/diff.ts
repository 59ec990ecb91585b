import { inspect } from 'node:util'
import type { ReportContents, ReportHead } from '../document.js'
import type { ReportMap as MapHead } from '../parts/maps.js'
import { isSameBoot } from './boot.js'
import { byKey, type Change, Comparison, member, type Place } from './compare.js'
import { compareContainerEntries, compareElements, compareEntries } from './entries.js'
import { type DiffTextOptions, diffText } from './text.js'

/** What was compared. */
export interface Side {
  readonly target: string
  readonly release: string | null
  /** The guest's own clock. */
  readonly time: string | null
  readonly uptimeMs: number | null
}

/** Differences of one section. */
export interface SectionSummary {
  readonly section: string
  readonly added: number
  readonly removed: number
  readonly changed: number
  /** Clocks and counters among them. */
  readonly volatile: number
}

const schema = { name: 'cryoscope-diff', major: 1, minor: 0 } as const

/** Parts of a report that tell of it, not of the target. */
const leftOut = new Set(['schema', 'target', 'sections', 'milliseconds', 'story', 'identity'])
/** Compared by rules of their own. */
const special = new Set(['maps', 'allocators', 'containers', 'programs', 'links'])

/** What differs between two reports, the first being the older one. */
export class Diff {
  readonly before: Side
  readonly after: Side
  /** One machine, not started anew between the two. */
  readonly sameBoot: boolean
  readonly changes: readonly Change[]

  constructor(before: ReportContents, after: ReportContents) {
    this.before = sideOf(before.head)
    this.after = sideOf(after.head)
    this.sameBoot = isSameBoot(before.head, after.head)
    this.changes = compare(before, after, this.sameBoot)
  }

  /** All but clocks and counters that always move. */
  get lasting(): readonly Change[] {
    return this.changes.filter((change) => !change.volatile)
  }

  get summary(): readonly SectionSummary[] {
    const sections = new Map<
      string,
      { section: string; added: number; removed: number; changed: number; volatile: number }
    >()
    for (const { section, change, volatile } of this.changes) {
      const counts = sections.get(section) ?? { section, added: 0, removed: 0, changed: 0, volatile: 0 }
      sections.set(section, counts)
      counts[change]++
      if (volatile) counts.volatile++
    }
    return [...sections.values()]
  }

  /** For people, in lines of at most `columns`. */
  text(options: DiffTextOptions = {}): string {
    return diffText(this, options)
  }

  toString(): string {
    return this.text()
  }

  toJSON(): Record<string, unknown> {
    const { before, after, sameBoot, summary, changes } = this
    return { schema, before, after, sameBoot, summary, changes }
  }

  [inspect.custom](): string {
    return this.text({ limit: 40 })
  }
}

function sideOf(head: ReportHead): Side {
  return {
    target: head.target.name,
    release: head.environment?.release ?? null,
    time: head.time?.realtime ?? null,
    uptimeMs: head.time?.uptimeMs ?? null,
  }
}

function compare(before: ReportContents, after: ReportContents, sameBoot: boolean): readonly Change[] {
  const comparison = new Comparison(sameBoot)
  const root: Place = { path: '', rule: '', section: '' }
  for (const name of Object.keys(after.head) as (keyof ReportHead)[]) {
    if (leftOut.has(name) || special.has(name)) continue
    comparison.values(member(root, name), before.head[name], after.head[name])
  }
  for (const name of ['programs', 'links'] as const) {
    // Ids name objects as long as a machine runs; across boots they only tell how many came before.
    const keyOf = sameBoot
      ? ({ id }: Readonly<Record<string, unknown>>) => id
      : ({ name: own, type, attachType }: Readonly<Record<string, unknown>>) => own ?? `${type} ${attachType}`
    comparison.keyed(member(root, name), before.head[name], after.head[name], keyOf)
  }
  compareMaps(comparison, member(root, 'maps'), before, after, sameBoot)
  compareAllocators(comparison, member(root, 'allocators'), before, after)
  // Reports of version 2.0 say nothing of containers.
  if (hasContainers(before) && hasContainers(after))
    compareContainers(comparison, member(root, 'containers'), before, after)
  return comparison.changes
}

/** Maps of one boot go by id and then by name, those of different boots by name alone; maps without one by their place. */
function compareMaps(
  comparison: Comparison,
  place: Place,
  before: ReportContents,
  after: ReportContents,
  sameBoot: boolean,
): void {
  const old = indexed(before.head.maps)
  const left = new Set(old.values())
  const pair = (map: MapHead, name: string): number | undefined => {
    if (sameBoot) {
      const at = before.head.maps.findIndex(({ id, name: own }) => id === map.id && own === map.name)
      if (at >= 0) return at
    }
    const at = old.get(name)
    return at !== undefined && left.has(at) && before.head.maps[at]?.type === map.type ? at : undefined
  }
  for (const [name, i] of indexed(after.head.maps)) {
    const map = after.head.maps[i] as MapHead
    const inner = { ...member(place, name), ...(map.valueType === null ? {} : { type: map.valueType }) }
    const at = pair(map, name)
    if (at === undefined) {
      comparison.add(inner, 'added', undefined, about(map))
      continue
    }
    left.delete(at)
    const was = before.head.maps[at] as MapHead
    comparison.values({ ...inner, path: `${inner.path}.$map` }, about(was), about(map))
    compareEntries(comparison, inner, before.entryLines(at), after.entryLines(i))
  }
  for (const [name, i] of old)
    if (left.has(i))
      comparison.add(member(place, name), 'removed', about(before.head.maps[i] as MapHead), undefined)
}

/** What a map is, apart from where it is and how many entries of it there are: those are compared themselves. */
function about({ address: _, count: __, ...map }: MapHead): Readonly<Record<string, unknown>> {
  return map
}

function indexed(maps: readonly MapHead[]): Map<string, number> {
  const named = byKey(
    maps.map(({ name, id }, at) => ({ name: name === '' ? `#${id}` : name, at })),
    ({ name }) => name,
  ) as Map<string, { readonly at: number }>
  return new Map([...named].map(([name, { at }]) => [name, at]))
}

function compareAllocators(
  comparison: Comparison,
  place: Place,
  before: ReportContents,
  after: ReportContents,
): void {
  const nameOf = ({ name, arena }: { readonly name: string; readonly arena: number }): string =>
    `${arena}/${name}`
  const old = new Map(before.head.allocators.map((allocator, at) => [allocator.name, { allocator, at }]))
  for (const [i, allocator] of after.head.allocators.entries()) {
    const { type } = allocator.payload
    const inner = { ...member(place, allocator.name), ...(type === null ? {} : { type }) }
    const known = old.get(allocator.name)
    if (known === undefined) {
      comparison.add(inner, 'added', undefined, { name: nameOf(allocator) })
      continue
    }
    old.delete(allocator.name)
    const whole = { ...inner, path: `${inner.path}.$allocator`, rule: 'allocators[]' }
    comparison.values(whole, { ...known.allocator, arena: 0 }, { ...allocator, arena: 0 })
    compareElements(comparison, inner, before.elementLines(known.at), after.elementLines(i))
  }
  for (const { allocator } of old.values())
    comparison.add(member(place, allocator.name), 'removed', { name: nameOf(allocator) }, undefined)
}

function hasContainers({ head }: ReportContents): boolean {
  return head.sections.containers !== undefined
}

/** Containers go by name; what they are apart from where they lie, and then what they hold. */
function compareContainers(
  comparison: Comparison,
  place: Place,
  before: ReportContents,
  after: ReportContents,
): void {
  const named = ({ head }: ReportContents) =>
    byKey(
      head.containers.map((container, at) => ({ ...container, at })),
      ({ name }) => name,
    ) as Map<string, ReportHead['containers'][number] & { readonly at: number }>
  const old = named(before)
  for (const [name, { at, ...container }] of named(after)) {
    const inner = member(place, name)
    const known = old.get(name)
    old.delete(name)
    if (known === undefined) {
      comparison.add(inner, 'added', undefined, { kind: container.kind, count: container.count })
      continue
    }
    const whole = { ...inner, path: `${inner.path}.$container`, rule: 'containers[]' }
    const { at: wasAt, ...was } = known
    comparison.values(whole, { ...was, arena: 0 }, { ...container, arena: 0 })
    compareContainerEntries(comparison, inner, before.containerLines(wasAt), after.containerLines(at))
  }
  for (const [name, { kind, count }] of old)
    comparison.add(member(place, name), 'removed', { kind, count }, undefined)
}
