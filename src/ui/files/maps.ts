import type { BpfMap } from '../../bpf/map.js'
import type { EntryBatch } from '../../bpf/maps/reader.js'
import { detailsJson } from '../../contract/details.js'
import { jsonText } from '../../contract/json.js'
import { mapLines, Walk } from '../../contract/maps.js'
import { Problems, problemText } from '../../problems.js'
import { escapeText } from '../../text.js'
import type { Value } from '../../value/types.js'
import { byNameEntries } from './by-name.js'
import { wholeFile } from './content.js'
import { entriesDirectory, entryWriter } from './entries.js'
import type { Directory, Entry } from './node.js'
import { type ProblemNotes, section } from './section.js'
import { jsonFile, placed, streamFile, textFile, type View } from './view.js'

export function mapsDirectory(view: View): Directory {
  return section({
    title: 'BPF maps',
    about: 'Every BPF map of the kernel.',
    parts: [
      ['by-id/<id>/', 'one map, by the id that bpftool shows'],
      ['by-name/<name>', 'the same by name; maps that share a name are called `<name>@<id>`'],
    ],
    commands: ['maps', 'map'],
    cache: view.cache,
    entries: (notes) => [
      ['by-id', byId(view, notes)],
      ['by-name', byName(view)],
    ],
  })
}

function byId(view: View, notes: ProblemNotes): Directory {
  return section({
    title: 'BPF maps by id',
    about: 'One directory for each map.',
    parts: [['<id>/', 'one map']],
    commands: ['maps', 'map'],
    cache: view.cache,
    entries: () => {
      const found = view.session.maps
      for (const problem of view.session.problems) notes.add('maps', problem)
      return found.map((map): Entry => [String(map.id), () => mapDirectory(view, map)])
    },
  })
}

function byName(view: View): Directory {
  return section({
    title: 'BPF maps by name',
    about: 'Links to the maps, by name.',
    parts: [['<name>', 'a link to `../by-id/<id>`']],
    commands: ['maps', 'map'],
    cache: view.cache,
    entries: () => byNameEntries(view.session.maps, (id) => `../by-id/${id}`),
  })
}

function mapDirectory(view: View, map: BpfMap): Directory {
  const { info } = map
  return section({
    title: `Map ${map.id}`,
    about: `${escapeText(map.name === '' ? 'unnamed' : map.name)}, ${map.type}, at 0x${map.address.toString(16)}.`,
    parts: map.unsupported === undefined ? [['entries/', 'one file for each entry, named by its key']] : [],
    commands: ['map'],
    attributes: placed(`struct bpf_map (${map.type})`, map.address),
    cache: view.cache,
    entries: (notes) => {
      for (const problem of info.problems) notes.add('map', problemText(problem))
      return parts(view, map, notes)
    },
  })
}

function* parts(view: View, map: BpfMap, notes: ProblemNotes): Generator<Entry> {
  yield ['info.json', jsonFile(view, 'this map in `cryoscope maps --json`', () => map)]
  const problems = new Problems()
  const state = map.state(problems)
  if (Object.keys(state).length > 0) {
    yield ['state.json', jsonFile(view, 'what there is to say beyond entries', () => stateOf(map))]
  }
  note(notes, problems)
  if (map.unsupported !== undefined) {
    notes.add('entries', map.unsupported)
    return
  }
  yield [
    'entries.jsonl',
    streamFile(view, 'one entry per line: `cryoscope map TARGET ID --json-lines`', () => lines(map, notes)),
  ]
  yield ['entries', () => entriesDirectory(view, map)]
  yield ['raw', streamFile(view, rawAbout(map), () => rawBytes(map, notes))]
  if (isSingle(map)) yield* singleEntry(view, map)
}

function note(notes: ProblemNotes, problems: Problems): void {
  for (const { where, why } of problems.list) notes.add(where, why)
}

function stateOf(map: BpfMap): unknown {
  return detailsJson(map.state())
}

function* lines(map: BpfMap, notes: ProblemNotes): Generator<string> {
  const walk = new Walk()
  yield* mapLines(map, undefined, walk)
  note(notes, walk.problems)
}

/** A map that is one struct, as schedulers keep their state and compilers their globals. */
function isSingle({ info, keys, perCpu }: BpfMap): boolean {
  return keys === 'places' && info.maxEntries === 1 && !perCpu
}

function* singleEntry(view: View, map: BpfMap): Generator<Entry> {
  const value = (): Value | Uint8Array | undefined => {
    const found = map.get(0)
    return Array.isArray(found) ? undefined : (found as Value | Uint8Array | undefined)
  }
  const write = view.writable ? entryWriter(view, map, 0, 'value') : undefined
  yield [
    'value.json',
    wholeFile(
      view.cache,
      () => {
        const text = map.entryJson(0)
        const entry =
          text === undefined ? {} : (JSON.parse(text) as { value?: { hex: string; value?: unknown } })
        const found = entry.value
        return `${jsonText(found !== undefined && 'value' in found ? found.value : found)}\n`
      },
      { about: 'the one value of this map', ...(write === undefined ? {} : { write }) },
    ),
  ]
  yield ['value.txt', textFile(view, 'the same as C would write it', () => `${valueText(value())}\n`)]
}

function valueText(value: Value | Uint8Array | undefined): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (typeof value === 'object' && value !== null && '$format' in value)
    return value.$format({ columns: 120 })
  return escapeText(String(value))
}

function rawAbout({ keys }: BpfMap): string {
  return keys === 'places'
    ? 'the bytes of all values, one after the other'
    : 'the bytes of all entries, each its key and then its value'
}

/** Each entry of a batch, its key in front where keys count; a copy, for the batch is used again. */
function batchBytes(batch: EntryBatch, keySize: number, perCpu: boolean): Uint8Array {
  const { count, keys, values, valueSize, valueStride } = batch
  const size = perCpu ? valueStride : valueSize
  const bytes = new Uint8Array(count * (keySize + size))
  for (let i = 0, at = 0; i < count; i++, at += keySize + size) {
    if (keySize > 0) bytes.set(keys.subarray(i * keySize, (i + 1) * keySize), at)
    bytes.set(values.subarray(i * valueStride, i * valueStride + size), at + keySize)
  }
  return bytes
}

/** The bytes of a map as they lie: keys and values in the kernel's order. */
function* rawBytes(map: BpfMap, notes: ProblemNotes): Generator<Uint8Array> {
  const problems = new Problems()
  // Keys that are only places are left out.
  const keySize = map.keys === 'places' ? 0 : map.info.keySize
  if (map.isPacked) {
    for (const batch of map.batches(problems)) yield batchBytes(batch, keySize, map.perCpu)
    note(notes, problems)
    return
  }
  for (const { key, value, cpus } of map.entries(problems)) {
    const values = cpus ?? (value === undefined ? [] : [value])
    yield Buffer.concat([...(keySize === 0 ? [] : [key.bytes]), ...values.map(({ bytes }) => bytes)])
  }
  note(notes, problems)
}
