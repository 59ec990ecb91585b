import type { BpfMap } from '../bpf/map.js'
import type { MapInfo } from '../bpf/map-info.js'
import { Problems } from '../problems.js'
import { detailsJson } from './details.js'
import { type Address, hexAddress, jsonLine, jsonText } from './json.js'
import { pieces } from './pieces.js'

/** A map, without its entries. */
export interface MapJson {
  readonly id: number
  readonly name: string
  readonly type: string
  /** Bytes. */
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
  readonly address: Address
  /** In C; null where the map was made without types. */
  readonly keyType: string | null
  readonly valueType: string | null
}

/** `keyType` and `valueType` are names in C. */
export function mapJson(info: MapInfo, keyType: string | null, valueType: string | null): MapJson {
  const { id, name, type, keySize, valueSize, maxEntries, flags, address } = info
  return {
    id,
    name,
    type,
    keySize,
    valueSize,
    maxEntries,
    flags,
    address: hexAddress(address),
    keyType,
    valueType,
  }
}

/** What of a map is written. */
export type WrittenMap = Pick<BpfMap, 'info' | 'unsupported' | 'state' | 'json' | 'entryJson' | 'toJSON'>

/** Which entries are wanted. */
export interface EntryChoice {
  /** Only the entry with this key; any value, undefined means all entries. */
  readonly key: unknown
  /** Stop after so many entries. */
  readonly limit: number
}

export const everyEntry: EntryChoice = { key: undefined, limit: Number.POSITIVE_INFINITY }

/** What came of reading entries. */
export class Walk {
  readonly problems = new Problems()
  /** More entries were there than the limit allows. */
  truncated = false
  count = 0
}

/** The contract's document of a map in pieces, so that a million entries need no more memory than ten. */
export function mapDocument(map: WrittenMap, choice = everyEntry, walk = new Walk()): Generator<string> {
  return pieces(documentParts(map, choice, walk))
}

/** One entry per line, and nothing else; problems are in the walk. */
export function mapLines(map: WrittenMap, choice = everyEntry, walk = new Walk()): Generator<string> {
  return pieces(lineParts(map, choice, walk))
}

function* documentParts(map: WrittenMap, choice: EntryChoice, walk: Walk): Generator<string> {
  yield `${jsonText(map).replace(/\n\}$/, '')},\n`
  const state = detailsJson(map.state(walk.problems))
  if (Object.keys(state).length > 0) yield `  "state": ${jsonLine(state)},\n`
  if (map.unsupported === undefined) {
    yield '  "entries": ['
    for (const text of entryTexts(map, choice, walk)) yield `${walk.count === 1 ? '' : ','}\n    ${text}`
    yield walk.count === 0 ? ']' : '\n  ]'
  } else {
    // Not known is not the same as none.
    yield '  "entries": null'
    walk.problems.add('entries', map.unsupported)
  }
  if (walk.truncated) yield ',\n  "truncated": true'
  const problems = [...map.info.problems, ...walk.problems.list]
  if (problems.length > 0) yield `,\n  "problems": ${jsonLine(problems)}`
  yield '\n}\n'
}

function* lineParts(map: WrittenMap, choice: EntryChoice, walk: Walk): Generator<string> {
  for (const text of entryTexts(map, choice, walk)) yield `${text}\n`
}

function* entryTexts(map: WrittenMap, { key, limit }: EntryChoice, walk: Walk): Generator<string> {
  if (key !== undefined) {
    const text = map.entryJson(key, walk.problems)
    if (text !== undefined) {
      walk.count++
      yield text
    }
    return
  }
  for (const text of map.json(limit + 1, walk.problems)) {
    if (walk.count === limit) {
      walk.truncated = true
      return
    }
    walk.count++
    yield text
  }
}
