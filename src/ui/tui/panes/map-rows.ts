import type { BpfMap, MapEntry } from '../../../bpf/map.js'
import { columnMembers, entryCells, entryHeadings, keyText } from '../../../present/columns/map-entries.js'
import { Problems } from '../../../problems.js'
import { escapeText } from '../../../text.js'
import type { Column, Row, RowSource } from '../model/row.js'

/** Keys and places of a batch: its values are read again when they are shown. */
interface Piece {
  readonly first: number
  readonly count: number
  readonly keys: Uint8Array
  readonly pages: Float64Array
  readonly offsets: Uint16Array
}

/** Columns that tell entries apart: the key, and whose entry it is. */
const identifying = /^(?:KEY|CPU|comm|name)$/
const rowsKept = 512
/** Bytes; batches of a walk that goes on are larger. */
const smallBatch = 2 ** 19

/**
 * The entries of a map as rows. The walk goes as far as somebody has looked; only keys and places are kept of it, and
 * values are read for the rows on the screen. Elements of arrays are not walked to at all.
 */
export class MapRows implements RowSource {
  readonly problems = new Problems()
  readonly columns: readonly Column[]
  readonly bound: number | undefined
  readonly #map: BpfMap
  readonly #members: readonly string[] | undefined
  readonly #parts: readonly string[]
  readonly #copies: number
  readonly #isArray: boolean
  readonly #pieces: Piece[] = []
  readonly #entries: MapEntry[] = []
  readonly #rows = new Map<number, Row>()
  #walk: Iterator<unknown> | undefined
  #known = 0
  #complete = false

  constructor(map: BpfMap, cpus: number) {
    this.#map = map
    this.#members = columnMembers(map, { nested: true })
    this.columns = entryHeadings(map, this.#members).map((heading) => ({
      ...heading,
      identifies: identifying.test(heading.title),
    }))
    const members = this.#members?.map((member) => `.${escapeText(member)}`) ?? ['']
    this.#parts = ['', ...(map.perCpu ? [''] : []), ...members]
    this.#copies = map.perCpu ? cpus : 1
    this.#isArray = map.keys === 'places'
    const { maxEntries } = map.info
    this.bound = maxEntries > 0 ? maxEntries * this.#copies : undefined
    if (this.#isArray) {
      this.#known = maxEntries
      this.#complete = true
    } else this.#walk = map.isPacked ? map.batches(this.problems) : map.entries(this.problems)
  }

  get length(): number {
    return this.#known * this.#copies
  }

  get complete(): boolean {
    return this.#complete
  }

  reach(index: number): void {
    while (!this.#complete && this.length <= index) this.#more()
  }

  advance(milliseconds: number): boolean {
    const end = performance.now() + milliseconds
    while (!this.#complete && performance.now() < end) this.#more()
    return this.#complete
  }

  at(index: number): Row | undefined {
    this.reach(index)
    if (index < 0 || index >= this.length) return undefined
    const kept = this.#rows.get(index)
    if (kept !== undefined) return kept
    const row = this.#make(index)
    if (this.#rows.size >= rowsKept) this.#rows.clear()
    this.#rows.set(index, row)
    return row
  }

  entry(index: number): MapEntry | undefined {
    const number = Math.floor(index / this.#copies)
    if (this.#isArray) return this.#map.entry(indexKey(number), this.problems)
    if (!this.#map.isPacked) return this.#entries[number]
    const piece = this.#pieceOf(number)
    if (piece === undefined) return undefined
    const at = number - piece.first
    const { keySize } = this.#map.info
    const addresses = Array.from({ length: this.#copies }, (_, copy) => {
      const slot = at * this.#copies + copy
      return BigInt(piece.pages[slot] as number) * 4096n + BigInt(piece.offsets[slot] as number)
    })
    return this.#map.entryAt(piece.keys.slice(at * keySize, (at + 1) * keySize), addresses)
  }

  #make(index: number): Row {
    const entry = this.entry(index)
    const { id, name } = this.#map
    if (entry === undefined) {
      return {
        id: `map:${id}/@${index}`,
        cells: [String(Math.floor(index / this.#copies)), 'cannot be read'],
        tone: 'problem',
      }
    }
    const { key } = entry
    const cpuValue = entry.cpus?.[index % this.#copies]
    const value = cpuValue ?? entry.value
    const hex = Buffer.from(key.bytes).toString('hex')
    const keyName = key.bytes.length === 0 ? `#${index}` : hex
    const cells = entryCells(this.#map, this.#members, { entry, cpu: cpuValue?.cpu, value }).map((cell) =>
      // Types stand beside the fields of the row under the cursor.
      cell
        .replaceAll('\n', ' ')
        .replace(/^(?:struct|union) \w+ (?=\{)/, '')
        .replace(/^\([^)]*\*\) (?=0x)/, '')
        .replace(/ \(recovered [^)]*\)$/, '')
        // What is only supported is marked in the row as well; its lines stand below.
        .replace(/ \(supported [^)]*\)$/, ' (supported)'),
    )
    const label = ownerText(entry) ?? keyText(entry)
    if (key.owner !== undefined) cells[0] = label
    const cpu = cpuValue === undefined ? '' : `@${cpuValue.cpu}`
    const place = value === undefined || value.address === 0n ? undefined : value.address
    const title = `${escapeText(name)}[${label}]`
    return {
      id: `map:${id}/${keyName}${cpu}`,
      name: cpuValue === undefined ? title : `${title} of CPU ${cpuValue.cpu}`,
      parts: this.#parts,
      cells,
      value: () => value?.value ?? value?.bytes,
      target: {
        kind: 'entry',
        map: id,
        key: key.bytes.slice(),
        name: title,
      },
      ...(place === undefined
        ? {}
        : {
            place: {
              address: place,
              size: this.#map.info.valueSize,
              name: title,
            },
          }),
    }
  }

  #pieceOf(number: number): Piece | undefined {
    let low = 0
    let high = this.#pieces.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#pieces[middle] as Piece).first <= number) low = middle + 1
      else high = middle
    }
    return this.#pieces[low - 1]
  }

  #more(): void {
    if (this.#map.isPacked) {
      const next = (this.#walk as ReturnType<BpfMap['batches']>).next()
      if (next.done === true) this.#complete = true
      else {
        const { count, keys, keySize, pages, offsets } = next.value
        this.#pieces.push({
          first: this.#known,
          count,
          keys: keys.slice(0, count * keySize),
          pages: pages.slice(0, count * this.#copies),
          offsets: offsets.slice(0, count * this.#copies),
        })
        this.#known += count
        // A batch that was not filled is the last one: asking once more tells so.
        if (count * (keySize + this.#map.info.valueSize) < smallBatch) this.#more()
      }
    } else {
      const next = (this.#walk as ReturnType<BpfMap['entries']>).next()
      if (next.done === true) this.#complete = true
      else {
        this.#entries.push(next.value)
        this.#known++
      }
    }
    if (this.#complete) this.#walk = undefined
  }
}

/** "load (42)": tasks that own storage, in few words. */
export function ownerText({ key: { owner } }: MapEntry): string | undefined {
  if (owner?.kind !== 'task' || !('pid' in owner)) return undefined
  return escapeText(`${owner.comm} (${owner.pid})`)
}

function indexKey(index: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(index)
  return new Uint8Array(bytes)
}
