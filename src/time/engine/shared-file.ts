import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { decodeEvent, type RawEvent } from './event.js'
import {
  eventSize,
  eventSlots,
  eventsAt,
  milestoneSlots,
  milestonesAt,
  mostCpus,
  mostFunctions,
  mostLoaded,
  mostPieces,
  registerOrder,
  sharedSize,
  words,
} from './layout.js'

/** No position of a run: the guest is not to be held. */
export const never = 2 ** 53 - 1

export type Word = keyof typeof words

/** A piece of RAM to watch, within one page. `offset` is in the RAM file. */
export interface Piece {
  readonly offset: number
  readonly length: number
}

/** What the plugin needs to name tasks and to find return addresses. */
export interface KernelFacts {
  /** Physical address of the kernel's top page table. */
  readonly pageRoot: number
  readonly pageLevels: number
  /** Virtual address of each CPU's pointer to its task. */
  readonly current: readonly bigint[]
  readonly taskPid: number
  readonly taskComm: number
}

/** Our side of the file that we share with the plugin. */
export class SharedFile {
  readonly path: string
  readonly #file: number
  readonly #word = Buffer.alloc(8)

  constructor(path: string) {
    this.path = path
    this.#file = openSync(path, 'w+', 0o600)
    ftruncateSync(this.#file, sharedSize)
    this.set('target', never)
    this.set('tscTarget', never)
  }

  get(word: Word): number {
    return Number(this.getBig(word))
  }

  getBig(word: Word): bigint {
    readSync(this.#file, this.#word, 0, 8, words[word])
    return this.#word.readBigUInt64LE()
  }

  set(word: Word, value: number | bigint): void {
    this.#write(words[word], value)
  }

  #write(at: number, value: number | bigint): void {
    this.#word.writeBigUInt64LE(BigInt(value))
    writeSync(this.#file, this.#word, 0, 8, at)
  }

  /** The general registers of the vCPU that is held, by the plugin's own reading. */
  registers(): Record<(typeof registerOrder)[number], bigint> {
    const bytes = Buffer.alloc(128)
    readSync(this.#file, bytes, 0, 128, words.registers)
    const entries = registerOrder.map((name, index) => [name, bytes.readBigUInt64LE(8 * index)] as const)
    return Object.fromEntries(entries) as Record<(typeof registerOrder)[number], bigint>
  }

  /** What a vCPU goes on with; the guest has not begun. Those of numbers below are told too. */
  tellRegisters(
    cpu: number,
    registers: { readonly [name in (typeof registerOrder)[number]]?: bigint | undefined },
  ): void {
    if (cpu >= mostLoaded) return
    for (const [i, name] of registerOrder.entries())
      this.#write(words.loadedRegisters + 128 * cpu + 8 * i, registers[name] ?? 0n)
    this.set('loaded', Math.max(this.get('loaded'), cpu + 1))
  }

  /** Hashes of all changes of vCPU, one for each 2^20 instructions, from a milestone up to the last that was passed. */
  milestones(from: number): Map<number, bigint> {
    const end = this.get('milestones')
    const found = new Map<number, bigint>()
    for (let number = Math.max(from, end - milestoneSlots); number < end; number++) {
      readSync(this.#file, this.#word, 0, 8, milestonesAt + 8 * (number % milestoneSlots))
      // One that a single block jumped over was not written.
      const hash = this.#word.readBigUInt64LE()
      if (hash !== 0n) found.set(number, hash)
    }
    return found
  }

  /** Says which memory and functions to report, from the next block on. */
  watch(
    pieces: readonly Piece[],
    functions: readonly bigint[],
    followReturns: boolean,
    contexts: readonly bigint[] = [],
  ): void {
    if (pieces.length > mostPieces || functions.length > mostFunctions)
      throw new RangeError('more is to be watched than the plugin has room for')
    // The plugin finds pieces of a page side by side.
    const sorted = [...pieces].sort((a, b) => a.offset - b.offset)
    const table = new BigUint64Array(sorted.flatMap(({ offset, length }) => [BigInt(offset), BigInt(length)]))
    writeSync(this.#file, table, 0, table.byteLength, words.piece)
    for (const [index, address] of functions.entries()) this.#write(words.function + 8 * index, address)
    this.set('pieces', pieces.length)
    this.set('functions', functions.length)
    this.set('returns', followReturns ? 1 : 0)
    const bits = functions.map((address, index) => (contexts.includes(address) ? 1n << BigInt(index) : 0n))
    this.set(
      'contexts',
      bits.reduce((all, bit) => all | bit, 0n),
    )
    this.set('generation', this.get('generation') + 1)
  }

  learn({ pageRoot, pageLevels, current, taskPid, taskComm }: KernelFacts): void {
    this.set('taskPid', taskPid)
    this.set('taskComm', taskComm)
    for (const [cpu, address] of current.slice(0, mostCpus).entries())
      this.#write(words.current + 8 * cpu, address)
    this.set('pageLevels', pageLevels)
    this.set('pageRoot', pageRoot)
  }

  /** Takes what was reported since the last time, oldest first. */
  drain(take: (event: RawEvent) => void): number {
    const head = this.get('head')
    let tail = this.get('tail')
    const found = head - tail
    while (tail < head) {
      const slot = tail % eventSlots
      const count = Math.min(head - tail, eventSlots - slot, 4096)
      const bytes = Buffer.alloc(count * eventSize)
      readSync(this.#file, bytes, 0, bytes.length, eventsAt + slot * eventSize)
      for (let index = 0; index < count; index++) {
        const event = decodeEvent(bytes, index * eventSize)
        if (event !== undefined) take(event)
      }
      tail += count
      this.set('tail', tail)
    }
    return found
  }

  close(): void {
    closeSync(this.#file)
  }
}
