import { CryoscopeError } from '../errors.js'
import { quoteText } from '../text.js'
import { atMost } from './cut.js'
import type { Dump } from './dump.js'
import { type DumpBytes, openBytes, viewOf } from './dump-bytes.js'
import { parseMigration } from './migration.js'

/** "QFI\xfb"; all numbers are big-endian (QEMU docs/interop/qcow2.rst). */
const magic = 0x514649fb
const headerLength = 72
const snapshotHeaderLength = 40
const clusterBits = { least: 9, most: 21 }
const snapshotLimit = 65_536
/** Bytes of a snapshot table that are looked at. */
const tableLimit = 2 ** 26
const namesTold = 8
const nameLimit = 80
/** Bits 9 to 55 of an entry of the L1 and L2 tables. */
const offsetMask = 0x00ff_ffff_ffff_fe00n
const compressed = 1n << 62n
const allZero = 1n
/** Incompatible features that change where things are: an external data file, extended L2 entries. */
const unreadFeatures = 0x4n | 0x10n

export function isQcow2(head: Uint8Array): boolean {
  return head.length >= 4 && viewOf(head).getUint32(0, false) === magic
}

/** The newest state of a machine that `savevm` (virsh snapshot-create) put into a disk image. */
export function openQcow2(path: string): Dump {
  const image = new Qcow2Image(path)
  try {
    const saved = image.snapshots.filter(({ stateLength }) => stateLength > 0)
    const newest = saved.reduce<Snapshot | undefined>(
      (best, each) => (best === undefined || each.seconds >= best.seconds ? each : best),
      undefined,
    )
    if (newest === undefined) {
      throw new CryoscopeError(
        'unreadable',
        `${path} is a qcow2 disk image in which no state of a machine is saved: savevm in QEMU's monitor, or virsh snapshot-create, puts one there`,
      )
    }
    const others = saved.filter((each) => each !== newest).map(called)
    const dump = parseMigration(path, image.state(newest), 0, `snapshot ${called(newest)} in qcow2`)
    if (others.length === 0) return dump
    const more = others.length > namesTold ? ` and ${others.length - namesTold} more` : ''
    const named = `${others.slice(0, namesTold).join(', ')}${more}`
    return { ...dump, problems: [`older snapshots are not shown: ${named}`, ...dump.problems] }
  } catch (error) {
    image.close()
    throw error
  }
}

function called({ name }: Snapshot): string {
  return quoteText(name.length > nameLimit ? `${name.slice(0, nameLimit)}…` : name)
}

interface Snapshot {
  readonly name: string
  /** Since 1970, of the host's clock. */
  readonly seconds: number
  readonly stateLength: number
  /** Bytes that the disk had: the machine's state follows it. */
  readonly diskLength: number
  readonly l1: { readonly offset: number; readonly count: number }
}

class Qcow2Image {
  readonly snapshots: readonly Snapshot[]
  readonly #path: string
  readonly #file: DumpBytes
  readonly #clusterSize: number
  /** As far as was read, or tried to. */
  #reach = headerLength

  constructor(path: string) {
    this.#path = path
    this.#file = openBytes(path)
    try {
      const head = viewOf(this.#file.bytes(0, headerLength + 8))
      const version = head.getUint32(4, false)
      const bits = head.getUint32(20, false)
      const features = version >= 3 && head.byteLength >= headerLength + 8 ? head.getBigUint64(72, false) : 0n
      if (version < 2 || version > 3) this.#refuse(`of version ${version}; versions 2 and 3 are read`)
      if (bits < clusterBits.least || bits > clusterBits.most)
        this.#refuse(`with clusters of 2^${bits} bytes`)
      if (head.getUint32(32, false) !== 0) this.#refuse('that is encrypted')
      if ((features & unreadFeatures) !== 0n) {
        this.#refuse('with an external data file or extended L2 entries, which are not read')
      }
      this.#clusterSize = 2 ** bits
      const diskLength = Number(head.getBigUint64(24, false))
      this.snapshots = this.#readSnapshots(
        head.getUint32(60, false),
        Number(head.getBigUint64(64, false)),
        diskLength,
      )
    } catch (error) {
      this.#file.close()
      if (!(error instanceof RangeError)) throw error
      const share = atMost(this.#file.size, this.#reach)
      throw new CryoscopeError(
        'unreadable',
        `${path} is a qcow2 image that is cut short: it has ${share} of what it should, and the list of its snapshots is not there`,
      )
    }
  }

  /** The state of the machine of a snapshot, as QEMU streamed it. */
  state(snapshot: Snapshot): DumpBytes {
    return new SnapshotState(this.#file, this.#clusterSize, snapshot)
  }

  close(): void {
    this.#file.close()
  }

  #refuse(why: string): never {
    throw new CryoscopeError('unreadable', `${this.#path} is a qcow2 image ${why}`)
  }

  #readSnapshots(count: number, table: number, diskLength: number): Snapshot[] {
    const snapshots: Snapshot[] = []
    let at = table
    for (let i = 0; i < Math.min(count, snapshotLimit) && at - table < tableLimit; i++) {
      this.#reach = Math.max(this.#reach, at + snapshotHeaderLength)
      const view = viewOf(this.#file.bytes(at, snapshotHeaderLength))
      const idLength = view.getUint16(12, false)
      const nameLength = view.getUint16(14, false)
      const extraLength = view.getUint32(36, false)
      const extra = viewOf(this.#file.bytes(at + snapshotHeaderLength, Math.min(extraLength, 16)))
      const nameAt = at + snapshotHeaderLength + extraLength + idLength
      this.#reach = Math.max(this.#reach, nameAt + nameLength)
      if (this.#reach > this.#file.size) throw new RangeError('cut short')
      const name = Buffer.from(this.#file.bytes(nameAt, nameLength)).toString('utf8')
      snapshots.push({
        name,
        seconds: view.getUint32(16, false),
        stateLength: extra.byteLength >= 8 ? Number(extra.getBigUint64(0, false)) : view.getUint32(32, false),
        diskLength: extra.byteLength >= 16 ? Number(extra.getBigUint64(8, false)) : diskLength,
        l1: { offset: Number(view.getBigUint64(0, false)), count: view.getUint32(8, false) },
      })
      at = Math.ceil((nameAt + nameLength) / 8) * 8
    }
    return snapshots
  }
}

/** Clusters that lie one behind the other in the file. */
interface Run {
  readonly start: number
  readonly length: number
  /** In the file; undefined where the clusters are all zero. */
  readonly place: number | undefined
}

/** A snapshot's state: clusters behind the end of the disk, wherever the file has them. */
class SnapshotState implements DumpBytes {
  readonly mapping = undefined
  readonly size: number
  readonly #file: DumpBytes
  readonly #clusterSize: number
  readonly #l1: Snapshot['l1']
  /** Number of the first cluster of the state. */
  readonly #first: number
  #table: { readonly at: number; readonly view: DataView } | undefined
  #run: Run | undefined

  constructor(file: DumpBytes, clusterSize: number, { l1, stateLength, diskLength }: Snapshot) {
    this.#file = file
    this.#clusterSize = clusterSize
    this.#l1 = l1
    // An L2 table holds as many entries as fit into a cluster, and the state begins with a table of its own.
    const entries = clusterSize / 8
    this.#first = Math.ceil(diskLength / (clusterSize * entries)) * entries
    // What it claims may be more than the file can hold.
    this.size = Math.min(stateLength, file.size)
  }

  get lost(): string | undefined {
    return this.#file.lost
  }

  bytes(offset: number, length: number): Uint8Array {
    const end = Math.min(offset + length, this.size)
    if (!(offset >= 0) || !(end > offset)) return new Uint8Array()
    const first = this.#runAt(offset, end)
    if (first === undefined) return new Uint8Array()
    if (first.start + first.length >= end) return this.#part(first, offset, end)
    const parts: Uint8Array[] = []
    for (let at = offset; at < end; ) {
      const run = this.#runAt(at, end)
      if (run === undefined) break
      const part = this.#part(run, at, Math.min(end, run.start + run.length))
      parts.push(part)
      if (part.length === 0) break
      at += part.length
    }
    return Buffer.concat(parts)
  }

  close(): void {
    this.#file.close()
  }

  #part({ start, place }: Run, from: number, to: number): Uint8Array {
    return place === undefined
      ? new Uint8Array(to - from)
      : this.#file.bytes(place + (from - start), to - from)
  }

  /** The clusters that hold an offset and what follows it, as far as `end` at least where they lie together. */
  #runAt(offset: number, end: number): Run | undefined {
    const known = this.#run
    if (known !== undefined && offset >= known.start && offset < known.start + known.length) return known
    const size = this.#clusterSize
    const first = Math.floor(offset / size)
    const at = this.#clusterAt(first)
    if (at === undefined) return undefined
    let count = 1
    while ((first + count) * size < end) {
      const next = this.#clusterAt(first + count)
      if (at === 'zero' ? next !== 'zero' : next !== at + count * size) break
      count++
    }
    this.#run = { start: first * size, length: count * size, place: at === 'zero' ? undefined : at }
    return this.#run
  }

  /** Where the file has a cluster of the state; undefined where it has none. */
  #clusterAt(number: number): number | 'zero' | undefined {
    const entries = this.#clusterSize / 8
    const cluster = this.#first + number
    const index = Math.floor(cluster / entries)
    if (index >= this.#l1.count) return undefined
    const table = this.#tableAt(
      Number(this.#entry(this.#file.bytes(this.#l1.offset + index * 8, 8)) & offsetMask),
    )
    if (table === undefined) return undefined
    const entry = table.getBigUint64((cluster % entries) * 8, false)
    if ((entry & compressed) !== 0n) return undefined
    if ((entry & allZero) !== 0n) return 'zero'
    const place = Number(entry & offsetMask)
    return place === 0 ? undefined : place
  }

  #entry(bytes: Uint8Array): bigint {
    return bytes.length < 8 ? 0n : viewOf(bytes).getBigUint64(0, false)
  }

  #tableAt(at: number): DataView | undefined {
    if (at === 0) return undefined
    if (this.#table?.at !== at) {
      const bytes = this.#file.bytes(at, this.#clusterSize)
      if (bytes.length < this.#clusterSize) return undefined
      this.#table = { at, view: viewOf(bytes) }
    }
    return this.#table.view
  }
}
