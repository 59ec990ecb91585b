import type { BpfMap } from '../../bpf/map.js'
import { CryoscopeError } from '../../errors.js'
import { Problems } from '../../problems.js'
import { openBytes } from './content.js'
import { EntryPages } from './entry-pages.js'
import { bytesOfFileName, fileName, fits, nameOfCText } from './names.js'
import type { Directory, Entry, File, Node } from './node.js'
import { type ProblemNotes, section } from './section.js'
import type { View } from './view.js'

/** Entries in one directory; more are split. */
export const pageLength = 4000

interface EntryDocument {
  readonly key?: {
    readonly hex: string
    readonly value?: unknown
    readonly owner?: { readonly pid?: unknown }
  }
}

/** `entries/` of a map: a file for each entry, named by its key; many are split into pages. */
export function entriesDirectory(view: View, map: BpfMap): Directory {
  const problems = new Problems()
  const pages = new EntryPages(() => map.json(Number.POSITIVE_INFINITY, problems), pageLength)
  const isPaged = pages.page(0).length === pageLength && pages.page(1).length > 0
  const noted = (notes: ProblemNotes): void => {
    for (const { where, why } of problems.list) notes.add(where, why)
  }
  return section({
    title: `Entries of map ${map.id}`,
    about: isPaged
      ? `Entries in the order in which the kernel keeps them, ${pageLength} to a directory. A name that you know is found here as well: \`<key>.json\`.`
      : 'One file for each entry: `<key>.json`, the key in hex where it is a struct.',
    parts: isPaged ? [['<first>-<last>/', 'entries by their place in the map']] : [],
    commands: ['map'],
    isRepetition: isPaged,
    cache: view.cache,
    entries: (notes) => {
      const found = isPaged ? pageEntries(view, map, pages) : namedEntries(view, map, pages.page(0))
      noted(notes)
      return found
    },
    ...(isPaged ? { hidden: (name: string) => entryByName(view, map, name) } : {}),
  })
}

/** Pages whose files are kept at hand: whoever walks a map of millions has seen the others. */
const keptDirectories = 4

function pageEntries(view: View, map: BpfMap, pages: EntryPages): Entry[] {
  const count = countEntries(map)
  const width = String(count - 1).length
  const kept = new Map<number, Directory>()
  const keep = (page: number, make: () => Directory): Directory => {
    const made = kept.get(page) ?? make()
    kept.delete(page)
    kept.set(page, made)
    for (const oldest of kept.keys()) {
      if (kept.size <= keptDirectories) break
      kept.delete(oldest)
    }
    return made
  }
  return Array.from({ length: Math.ceil(count / pageLength) }, (_, page): Entry => {
    const first = page * pageLength
    const last = Math.min(first + pageLength, count) - 1
    const name = [first, last].map((place) => String(place).padStart(width, '0')).join('-')
    const about = 'One file for each entry: `<key>.json`.'
    const inPage = (): Directory =>
      keep(page, () =>
        section({
          title: `Entries ${first} to ${last} of map ${map.id}`,
          about,
          commands: ['map'],
          cache: view.cache,
          entries: () => namedEntries(view, map, pages.page(page)),
        }),
      )
    return [
      name,
      {
        kind: 'directory',
        about,
        names: () => inPage().names(),
        child: (wanted) => inPage().child(wanted),
        kindOf: (wanted) => inPage().kindOf?.(wanted),
      },
    ]
  })
}

/** Raw entries cost a tenth of rendered ones. */
function countEntries(map: BpfMap): number {
  let count = 0
  try {
    for (const batch of map.batches()) count += batch.count
    return count
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    count = 0
    for (const _ of map.json()) count++
    return count
  }
}

function namedEntries(view: View, map: BpfMap, texts: readonly string[]): Entry[] {
  const used = new Set<string>()
  return texts.map((text, place) => {
    const plain = keyName(JSON.parse(text) as EntryDocument, place)
    const name = used.has(plain) ? `${plain}@${place}` : plain
    used.add(name)
    return [`${name}.json`, entryFile(view, map, text)]
  })
}

/** What an entry's file is called, without `.json`. */
export function keyName({ key }: EntryDocument, place: number): string {
  if (key === undefined || (key.hex === '' && key.owner === undefined)) return String(place)
  const { value, owner, hex } = key
  if (typeof owner?.pid === 'number') return String(owner.pid)
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') {
    // Of an array of characters the bytes decide: what is no UTF-8 in it reads as escapes, which mean other bytes.
    const name = nameOfCText(value, Buffer.from(hex, 'hex')) ?? fileName(value)
    if (fits(name)) return name
  }
  return fits(hex) ? hex : `${hex.slice(0, 64)}@${place}`
}

function entryByName(view: View, map: BpfMap, name: string): Node | undefined {
  const bytes = name.endsWith('.json') ? bytesOfFileName(name.slice(0, -'.json'.length)) : undefined
  if (bytes === undefined) return undefined
  for (const key of possibleKeys(map, bytes)) {
    const found = attempt(() => map.entryJson(key))
    if (found !== undefined && `${keyName(JSON.parse(found) as EntryDocument, 0)}.json` === name) {
      return entryFile(view, map, found)
    }
  }
  return undefined
}

function possibleKeys(map: BpfMap, bytes: Uint8Array): unknown[] {
  const text = Buffer.from(bytes).toString('utf8')
  const keys: unknown[] = [text]
  if (/^-?\d+$/.test(text)) keys.unshift(BigInt(text))
  if (/^([0-9a-f]{2})+$/.test(text) && text.length === map.info.keySize * 2) {
    keys.push(new Uint8Array(Buffer.from(text, 'hex')))
  }
  // Characters as C keeps them, whatever they are.
  if (bytes.length <= map.info.keySize) {
    const key = new Uint8Array(map.info.keySize)
    key.set(bytes)
    keys.push(key)
  }
  return keys
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof CryoscopeError) return undefined
    throw error
  }
}

function entryFile(view: View, map: BpfMap, text: string): File {
  const hex = view.writable ? (JSON.parse(text) as EntryDocument).key?.hex : undefined
  const length = Buffer.byteLength(text) + 1
  return {
    kind: 'file',
    size: () => length,
    open: () => openBytes(Buffer.from(`${text}\n`, 'utf8')),
    ...(hex === undefined
      ? {}
      : { write: entryWriter(view, map, new Uint8Array(Buffer.from(hex, 'hex')), 'entry') }),
  }
}

/**
 * Takes what somebody wrote into an entry's file: the document of the entry as it reads, or its value alone. Members that
 * are left out stay as they are.
 */
export function entryWriter(
  { session, changed, requireFrozen }: View,
  map: BpfMap,
  key: unknown,
  shape: 'entry' | 'value',
): (text: string) => void {
  return (text) => {
    const given = parse(text)
    requireFrozen()
    if (shape === 'value' || !isEntry(given)) {
      session.write({ map: map.id, key }, given)
    } else if (given.cpus !== undefined) {
      for (const { cpu, value } of given.cpus) session.write({ map: map.id, key, cpu }, value)
    } else session.write({ map: map.id, key }, given.value?.value)
    changed()
  }
}

interface WrittenEntry {
  readonly key: unknown
  readonly value?: { readonly value?: unknown }
  readonly cpus?: readonly { readonly cpu: number; readonly value?: unknown }[]
}

function isEntry(given: unknown): given is WrittenEntry {
  return (
    typeof given === 'object' && given !== null && 'key' in given && ('value' in given || 'cpus' in given)
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new CryoscopeError('usage', `what was written is no JSON: ${(cause as Error).message}`, { cause })
  }
}
