import type { ContainerEntryJson } from '../../contract/containers.js'
import type { ReportElement, ReportEntry, ReportValue } from '../document.js'
import { byKey, type Comparison, member, type Place, within } from './compare.js'
import type { Item } from './rules.js'

/** Compares the entries of a map by their keys. Entries without keys, as queues have them, only come and go. */
export function compareEntries(
  comparison: Comparison,
  place: Place,
  before: Iterable<string>,
  after: Iterable<string>,
): void {
  compareLines(comparison, place, before, after, (text): Named => {
    const { key, value, cpus, notes } = JSON.parse(text) as ReportEntry
    const shown =
      cpus === undefined
        ? plainValue(value)
        : Object.fromEntries(cpus.map((each) => [`cpu${each.cpu}`, plainValue(each)]))
    const isKeyless = key.hex === '' && key.owner === undefined
    return { name: isKeyless ? JSON.stringify(shown) : keyText(key), value: shown, notes: plainNotes(notes) }
  })
}

/** Compares what an allocator handed out, by the numbers of its elements. */
export function compareElements(
  comparison: Comparison,
  place: Place,
  before: Iterable<string>,
  after: Iterable<string>,
): void {
  compareLines(comparison, place, before, after, (text): Named => {
    const { index, state, generation, value, hex, unreadable } = JSON.parse(text) as ReportElement
    const shown = value ?? hex ?? (unreadable === undefined ? null : { unreadable })
    return { name: String(index), value: shown, notes: { state, generation } }
  })
}

/** Compares what a container holds: by key, by place in what has no keys, of a bitmap by ranges. */
export function compareContainerEntries(
  comparison: Comparison,
  place: Place,
  before: Iterable<string>,
  after: Iterable<string>,
): void {
  compareLines(comparison, place, before, after, (text): Named => {
    const { index, key, value, object, details } = JSON.parse(text) as ContainerEntryJson
    const { first, last } = details
    const name = first === undefined ? String(key ?? `#${index}`) : `${String(first)}-${String(last)}`
    // Colours and slots are how the container keeps it, not what it keeps.
    const { isRed: _, slot: __, ...notes } = details
    return { name, value: value ?? object, notes }
  })
}

interface Named {
  readonly name: string
  readonly value: unknown
  readonly notes: Item
}

/** Only lines that one side has and the other has not are parsed at all. */
function compareLines(
  comparison: Comparison,
  place: Place,
  before: Iterable<string>,
  after: Iterable<string>,
  parse: (text: string) => Named,
): void {
  const lines = onlyIn(before, after)
  const named = (texts: readonly string[]): Map<string, Named> =>
    byKey(texts.map(parse), ({ name }) => name) as Map<string, Named>
  const old = named(lines.before)
  for (const [name, item] of named(lines.after)) {
    const inner = within(place, name)
    const known = old.get(name)
    old.delete(name)
    if (known === undefined) {
      comparison.add(inner, 'added', undefined, item.value)
      continue
    }
    comparison.values(inner, known.value, item.value)
    comparison.values(member(inner, '$notes'), known.notes, item.notes)
  }
  for (const [name, item] of old) comparison.add(within(place, name), 'removed', item.value, undefined)
}

function onlyIn(
  before: Iterable<string>,
  after: Iterable<string>,
): { readonly before: string[]; readonly after: string[] } {
  const counts = new Map<string, number>()
  for (const line of before) counts.set(line, (counts.get(line) ?? 0) + 1)
  const added: string[] = []
  for (const line of after) {
    const count = counts.get(line) ?? 0
    if (count === 0) added.push(line)
    else counts.set(line, count - 1)
  }
  const removed: string[] = []
  for (const [line, count] of counts) for (let i = 0; i < count; i++) removed.push(line)
  return { before: removed, after: added }
}

/** The decoded value where there is one: its bytes say nothing more. */
function plainValue(value: ReportValue | undefined): unknown {
  if (value === undefined) return null
  const { hex, value: decoded, target, special } = value
  const shown = target === undefined ? (decoded ?? hex ?? null) : withoutAddress(target)
  if (special === undefined || typeof shown !== 'object' || shown === null) return shown
  const fields = special.map((field) => [`${field.member} (${field.kind})`, withoutAddress(field)])
  return { ...shown, ...Object.fromEntries(fields) }
}

function plainNotes(notes: Item | undefined): Item {
  return notes === undefined ? {} : withoutAddress(notes)
}

/** What an entry is called: its key, or the object that the value belongs to. */
export function keyText({ hex, value, owner }: ReportEntry['key']): string {
  if (owner !== undefined) return ownerText(owner)
  if (value === undefined) return `hex:${hex}`
  return typeof value === 'string' || typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** By what the object is called on every boot. */
function ownerText(owner: Item): string {
  const { kind, pid, id, ino, device, cookie, address } = owner
  const number = pid ?? id ?? (cookie === 0 || cookie === '0' ? undefined : cookie) ?? ino ?? address
  return `${kind} ${number}${typeof device === 'string' && pid === undefined ? ` on ${device}` : ''}`
}

function withoutAddress(item: Item): Item {
  return Object.fromEntries(Object.entries(item).filter(([name]) => name !== 'address'))
}
