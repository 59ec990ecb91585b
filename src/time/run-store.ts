import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { CryoscopeError } from '../errors.js'
import { takeLock } from '../machine/file-lock.js'
import type { RamRange } from '../machine/memory-tree.js'
import { Answers } from './answers.js'
import type { MemoryFile } from './engine/memory-file.js'
import type { Moment } from './engine/run.js'
import { beyondLimit, writeKept } from './kept-files.js'
import { PageStore, type PageTable } from './page-store.js'

/** A state that runs go on from. */
export interface Checkpoint extends Moment {
  /** Number of the segment that begins here. */
  readonly segment: number
  /** Bytes that the guest had written to its console and its outbox. */
  readonly console: number
  readonly outbox: number
}

/** Hashes of the changes of vCPU by milestone, of one segment. */
export type Milestones = Map<number, bigint>

interface Saved {
  readonly version: number
  readonly first: number | null
  readonly ranges: readonly RamRange[]
  readonly end: Moment
  readonly checkpoints: readonly Checkpoint[]
  readonly milestones: Readonly<Record<string, Readonly<Record<string, string>>>>
}

const version = 1
/** What one run's images may take on disk unless told. */
export const usualBytes = 4 * 2 ** 30
/** Of all runs that are kept, those used last up to so many bytes. */
const keptBytes = 12 * 2 ** 30
/** A checkpoint needs room for changed pages; before there is less, older ones are let go. */
const spareBytes = 192 * 2 ** 20

/** What is known of a run, kept on disk under the run's identity: where it may be entered, and what its way was. */
export class RunStore {
  readonly directory: string
  readonly pages: PageStore
  /** What was asked about the run before. */
  readonly answers: Answers
  readonly checkpoints = new Map<number, Checkpoint>()
  readonly milestones = new Map<number, Milestones>()
  /** The count at which the first segment after booting begins: its first block at or after it. */
  first: number | undefined
  ranges: readonly RamRange[] = []
  /** The furthest that the run has come. */
  end: Moment = { instructions: 0, ns: 0 }
  readonly #tables = new Map<number, PageTable>()
  readonly #unlock: () => void

  private constructor(directory: string, mostBytes: number, unlock: () => void) {
    this.directory = directory
    this.#unlock = unlock
    this.pages = new PageStore(join(directory, 'pages'), mostBytes)
    this.answers = new Answers(join(directory, 'answers'))
    this.#read()
  }

  /** Opens what is kept of a run below `root`; where another process has it, one of our own in `aside`. */
  static async open(
    root: string,
    identity: string,
    aside: string,
    mostBytes = usualBytes,
  ): Promise<RunStore> {
    mkdirSync(root, { recursive: true, mode: 0o700 })
    const directory = join(root, identity)
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    try {
      const unlock = await takeLock(join(directory, 'lock'), { patience: 0, holderIs: 'uses this run' })
      utimesSync(directory, new Date(), new Date())
      await thinRuns(root, identity)
      return new RunStore(directory, mostBytes, unlock)
    } catch (error) {
      if (!(error instanceof CryoscopeError)) throw error
      const own = join(aside, 'record')
      mkdirSync(own, { recursive: true, mode: 0o700 })
      return new RunStore(own, mostBytes, () => {})
    }
  }

  /** The last checkpoint at or before that many instructions. */
  before(instructions: number): Checkpoint | undefined {
    let found: Checkpoint | undefined
    for (const checkpoint of this.checkpoints.values()) {
      if (checkpoint.instructions <= instructions && checkpoint.instructions >= (found?.instructions ?? 0))
        found = checkpoint
    }
    return found
  }

  /** Takes RAM and devices of a stopped guest. False where the disk limit leaves no room; the run goes on without. */
  add(
    checkpoint: Checkpoint,
    devices: Uint8Array,
    ram: MemoryFile,
    console: Buffer,
    outbox: Buffer,
  ): boolean {
    while (this.pages.room < spareBytes && this.#thin());
    const base = [...this.#tables.entries()]
      .sort(([a], [b]) => b - a)
      .find(([segment]) => segment < checkpoint.segment)
    const table = this.pages.capture(ram, base?.[1])
    if (table === undefined) return false
    this.#tables.set(checkpoint.segment, table)
    this.checkpoints.set(checkpoint.segment, checkpoint)
    this.#write(`${checkpoint.segment}.devices`, devices)
    this.#write(`${checkpoint.segment}.table`, Buffer.from(table.buffer))
    this.#grow('console', console)
    this.#grow('outbox', outbox)
    this.save()
    return true
  }

  devices(checkpoint: Checkpoint): Uint8Array {
    return readFileSync(join(this.directory, `${checkpoint.segment}.devices`))
  }

  restore(checkpoint: Checkpoint, ram: MemoryFile): void {
    const table = this.#tables.get(checkpoint.segment)
    if (table === undefined)
      throw new CryoscopeError('unreadable', 'a checkpoint of this run has lost its memory')
    this.pages.restore(ram, table)
  }

  /** What the guest had written by then. */
  written(checkpoint: Checkpoint): { readonly console: Buffer; readonly outbox: Buffer } {
    const read = (name: string): Buffer => readFileSync(join(this.directory, name))
    return {
      console: read('console').subarray(0, checkpoint.console),
      outbox: read('outbox').subarray(0, checkpoint.outbox),
    }
  }

  save(): void {
    const milestones = Object.fromEntries(
      [...this.milestones].map(([segment, known]) => [
        segment,
        Object.fromEntries([...known].map(([number, hash]) => [number, hash.toString(16)])),
      ]),
    )
    const saved: Saved = {
      version,
      first: this.first ?? null,
      ranges: this.ranges,
      end: this.end,
      checkpoints: [...this.checkpoints.values()],
      milestones,
    }
    this.#write('run.json', Buffer.from(JSON.stringify(saved)))
  }

  close(): void {
    this.pages.close()
    this.#unlock()
  }

  #read(): void {
    let saved: Saved
    try {
      saved = JSON.parse(readFileSync(join(this.directory, 'run.json'), 'utf8')) as Saved
      if (saved.version !== version) return
    } catch {
      return
    }
    for (const checkpoint of saved.checkpoints) {
      const table = this.#readTable(checkpoint)
      if (table === undefined) continue
      this.#tables.set(checkpoint.segment, table)
      this.checkpoints.set(checkpoint.segment, checkpoint)
    }
    this.pages.adopt(this.#tables.values())
    if (this.checkpoints.size === 0) return
    this.first = saved.first ?? undefined
    this.ranges = saved.ranges
    this.end = saved.end
    for (const [segment, known] of Object.entries(saved.milestones)) {
      const entries = Object.entries(known).map(
        ([number, hash]) => [Number(number), BigInt(`0x${hash}`)] as const,
      )
      this.milestones.set(Number(segment), new Map(entries))
    }
  }

  #readTable({ segment }: Checkpoint): PageTable | undefined {
    try {
      const bytes = readFileSync(join(this.directory, `${segment}.table`))
      statSync(join(this.directory, `${segment}.devices`))
      return new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
    } catch {
      return undefined
    }
  }

  /** Lets one checkpoint go: every other one of the oldest, never the first nor one of the newest. */
  #thin(): boolean {
    const segments = [...this.checkpoints.keys()].sort((a, b) => a - b)
    const old = segments.slice(1, Math.max(1, segments.length - 8))
    // The one that leaves the smallest gap, the older where gaps are equal.
    let chosen: number | undefined
    let least = Number.POSITIVE_INFINITY
    for (const [index, segment] of old.entries()) {
      const gap = (segments[index + 2] ?? segment) - (segments[index] ?? segment)
      if (gap < least) {
        least = gap
        chosen = segment
      }
    }
    if (chosen === undefined) return false
    const table = this.#tables.get(chosen)
    if (table !== undefined) this.pages.release(table)
    this.#tables.delete(chosen)
    this.checkpoints.delete(chosen)
    for (const kind of ['devices', 'table'])
      rmSync(join(this.directory, `${chosen}.${kind}`), { force: true })
    return true
  }

  #grow(name: string, content: Buffer): void {
    let size = -1
    try {
      size = statSync(join(this.directory, name)).size
    } catch {
      // The first.
    }
    if (content.length > size) this.#write(name, content)
  }

  #write(name: string, content: Uint8Array): void {
    writeKept(join(this.directory, name), content)
  }
}

/** Removes runs that nobody uses, those used longest ago first, until the rest is within bounds. */
async function thinRuns(root: string, kept: string): Promise<void> {
  const isOther = (name: string): boolean => /^[0-9a-f]{32}$/.test(name) && name !== kept
  for (const path of beyondLimit(root, keptBytes, isOther)) {
    try {
      await takeLock(join(path, 'lock'), { patience: 0, holderIs: 'uses this run' })
      rmSync(path, { recursive: true, force: true })
    } catch (error) {
      if (!(error instanceof CryoscopeError)) throw error
    }
  }
}

/** The name of a run: everything that it depends on, hashed. */
export function identityOf(parts: Readonly<Record<string, unknown>>): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
}
