import { CryoscopeError } from '../errors.js'
import { MemoryFault } from '../memory/fault.js'
import type { Problems } from '../problems.js'
import { decodeText } from '../text/decode.js'
import type { Kernel } from './kernel.js'

export interface LogRecord {
  readonly sequence: bigint
  /** Since boot, nanoseconds. */
  readonly time: bigint
  /** 0 emergency to 7 debug. */
  readonly level: number
  readonly facility: number
  /** May hold several lines. */
  readonly text: string
}

/** 2^bits descriptors; CONFIG_LOG_BUF_SHIFT goes to 25. */
const bitsLimit = 25
/** EMPTY_LINE_LPOS; NO_LPOS in older kernels. */
const emptyLine = 3n
/** Records in a row that cannot be read, after which the ring as a whole is taken for unreadable. */
const unreadableLimit = 4096
/** enum desc_state, the upper two bits of a descriptor's state variable. */
const reserved = 0n
const committed = 1n
const finalized = 2n
const reusable = 3n
const idMask = (1n << 62n) - 1n

/**
 * The kernel log, oldest first: the lockless ring of kernel/printk/printk_ringbuffer.c. Records that are being written
 * are left out, as dmesg does. Throws 'unreadable' where the ring itself cannot be one; a record that is lost, or whose
 * number or text is not its own, is a problem.
 */
export function dmesg(kernel: Kernel, problems: Problems): LogRecord[] {
  const ring = openRing(kernel)
  const lost = new LostRecords(problems)
  const records: LogRecord[] = []
  /** What every record's sequence number is ahead of its id. */
  let ahead: bigint | undefined
  /** A record that is being written is the newest; one before another has been lost. */
  let unfinished: bigint | undefined
  for (let i = 0n; i <= ring.span; i++) {
    const id = (ring.tail + i) & idMask
    const found = readRecord(kernel, ring, id)
    if (found === 'reserved') {
      unfinished ??= id
      continue
    }
    // The oldest descriptor is given up before the next record takes it.
    if (found === 'reusable' && records.length === 0 && lost.none && i < unreadableLimit) continue
    if (found === 'reusable') lost.add(id, 'its descriptor is given up')
    else if (typeof found === 'string') lost.add(id, found)
    else {
      if (unfinished !== undefined) lost.add(unfinished, 'it is being written, and newer ones are not')
      unfinished = undefined
      ahead ??= (found.sequence - id) & idMask
      if (((found.sequence - id) & idMask) !== ahead)
        lost.add(id, `its sequence number is ${found.sequence} where ${(id + ahead) & idMask} belongs`)
      records.push(found)
      lost.endRow()
    }
    if (lost.inRow >= unreadableLimit) {
      lost.end()
      problems.add('kernel log', `it is not read on after ${unreadableLimit} such records`)
      return records
    }
  }
  lost.end()
  return records
}

interface Ring {
  readonly descriptors: bigint
  readonly infos: bigint
  readonly count: bigint
  readonly tail: bigint
  /** Descriptors from tail to head, less one. */
  readonly span: bigint
  readonly text: { readonly address: bigint; readonly size: bigint }
}

function openRing(kernel: Kernel): Ring {
  const ring = kernel.struct('printk_ringbuffer', kernel.space.u64(kernel.symbol('prb')))
  const descriptors = kernel.struct('prb_desc_ring', ring.at('desc_ring'))
  const texts = kernel.struct('prb_data_ring', ring.at('text_data_ring'))
  const countBits = descriptors.number('count_bits')
  const sizeBits = texts.number('size_bits')
  const refused = (why: string): CryoscopeError => new CryoscopeError('unreadable', `the kernel log ${why}`)
  if (countBits > bitsLimit || sizeBits > bitsLimit + 6)
    throw refused(`claims 2^${countBits} records in 2^${sizeBits} bytes, which cannot be`)
  const count = 1n << BigInt(countBits)
  const size = 1n << BigInt(sizeBits)
  const tail = descriptors.integer('tail_id') & idMask
  const span = (descriptors.integer('head_id') - tail) & idMask
  if (span >= count) throw refused('has its head before its tail')
  const used = BigInt.asUintN(64, texts.integer('head_lpos') - texts.integer('tail_lpos'))
  if (used > size) throw refused(`has ${used} bytes of text in a ring of ${size}, which cannot be`)
  const memory = BigInt(kernel.memory.ranges.reduce((sum, range) => sum + range.length, 0))
  if (count * BigInt(kernel.layouts.get('prb_desc').size) > memory)
    throw refused(`claims ${count} records, more than memory holds`)
  return {
    descriptors: descriptors.pointer('descs'),
    infos: descriptors.pointer('infos'),
    count,
    tail,
    span,
    text: { address: texts.pointer('data'), size },
  }
}

/** The record, its state where it is none, or in a clause why it cannot be had. */
function readRecord(
  kernel: Kernel,
  { descriptors, infos, count, text: data }: Ring,
  id: bigint,
): LogRecord | 'reserved' | 'reusable' | string {
  const slot = id % count
  try {
    const desc = kernel.struct('prb_desc', descriptors + slot * BigInt(kernel.layouts.get('prb_desc').size))
    const variable = BigInt.asUintN(64, desc.integer('state_var'))
    const state = variable >> 62n
    if (state === reusable) return 'reusable'
    if ((variable & idMask) !== id) return `its descriptor is that of record ${variable & idMask}`
    if (state === reserved) return 'reserved'
    if (state !== committed && state !== finalized) return `its state is ${state}`
    const info = kernel.struct('printk_info', infos + slot * BigInt(kernel.layouts.get('printk_info').size))
    const begin = BigInt.asUintN(64, desc.integer('text_blk_lpos.begin'))
    const next = BigInt.asUintN(64, desc.integer('text_blk_lpos.next'))
    const text = readText(kernel, data, { id, begin, next, length: info.number('text_len') })
    if ('problem' in text) return text.problem
    return {
      sequence: info.integer('seq'),
      time: info.integer('ts_nsec'),
      level: info.number('level'),
      facility: info.number('facility'),
      text: text.text,
    }
  } catch (error) {
    if (error instanceof MemoryFault) return error.message
    throw error
  }
}

/**
 * Text of a data block: the id of its record in 8 bytes, then the text; a block that would wrap lies whole at the start of
 * the ring.
 */
function readText(
  kernel: Kernel,
  ring: Ring['text'],
  { id, begin, next, length }: { id: bigint; begin: bigint; next: bigint; length: number },
): { readonly text: string } | { readonly problem: string } {
  // Bit 0 marks a record without data: both 3 for an empty line, both 1 where no room was left for the text.
  if ((begin & 1n) === 1n) {
    return begin === emptyLine && next === emptyLine
      ? { text: '' }
      : { problem: 'the kernel had no room for its text' }
  }
  // The kernel begins to count one ring below 2^64: places wrap at the end of the first.
  const wraps = begin / ring.size !== BigInt.asUintN(64, next - 1n) / ring.size
  const at = wraps ? 0n : begin % ring.size
  const room = wraps ? next % ring.size : BigInt.asUintN(64, next - begin)
  if (room <= 8n || room > ring.size) return { problem: `its text takes ${room} bytes, which cannot be` }
  const owner = kernel.space.u64(ring.address + at) & idMask
  if (owner !== id) return { problem: `its text is that of record ${owner}` }
  if (length > Number(room) - 8)
    return { problem: `its text claims ${length} bytes where ${room - 8n} are, which cannot be` }
  return { text: decodeText(kernel.space.bytes(ring.address + at + 8n, length)) }
}

/** Lost records, said as ranges: those of a missing page are hundreds. */
class LostRecords {
  readonly #problems: Problems
  #first: bigint | undefined
  #last = 0n
  #why = ''
  #row = 0

  constructor(problems: Problems) {
    this.#problems = problems
  }

  /** Since the last record that was read. */
  get inRow(): number {
    return this.#row
  }

  get none(): boolean {
    return this.#first === undefined
  }

  add(id: bigint, why: string): void {
    this.#row++
    if (this.#first !== undefined && id === ((this.#last + 1n) & idMask)) {
      this.#last = id
      return
    }
    this.end()
    this.#first = id
    this.#last = id
    this.#why = why
  }

  endRow(): void {
    this.#row = 0
  }

  end(): void {
    if (this.#first === undefined) return
    const many = this.#first === this.#last ? ` ${this.#first}` : `s ${this.#first} to ${this.#last}`
    this.#problems.add(`log record${many}`, this.#why)
    this.#first = undefined
  }
}

/** As dmesg prints it: "[    1.234567] text", continuation lines under the same stamp. */
export function formatLog(records: Iterable<LogRecord>): string {
  let out = ''
  for (const { time, text } of records) {
    const seconds = (time / 1_000_000_000n).toString().padStart(5)
    const micros = ((time % 1_000_000_000n) / 1000n).toString().padStart(6, '0')
    for (const line of text.split('\n')) out += `[${seconds}.${micros}] ${line}\n`
  }
  return out
}
