import { CryoscopeError } from '../errors.js'
import { MemoryFault } from '../memory/fault.js'
import type { Problems } from '../problems.js'
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
/** Records that cannot be read, after which the ring as a whole is taken for unreadable. */
const problemLimit = 50
/** Upper two bits of a descriptor's state variable: 1 committed, 2 finalized. */
const committed = 1n
const finalized = 2n
const idMask = (1n << 62n) - 1n

/**
 * The kernel log, oldest first: the lockless ring of kernel/printk/printk_ringbuffer.c. Records that are being written
 * are left out, as dmesg does.
 */
export function dmesg(kernel: Kernel, problems: Problems): LogRecord[] {
  const ring = kernel.struct('printk_ringbuffer', kernel.space.u64(kernel.symbol('prb')))
  const descriptors = kernel.struct('prb_desc_ring', ring.at('desc_ring'))
  const texts = kernel.struct('prb_data_ring', ring.at('text_data_ring'))
  const countBits = descriptors.number('count_bits')
  const sizeBits = texts.number('size_bits')
  if (countBits > bitsLimit || sizeBits > bitsLimit + 6) {
    throw new CryoscopeError(
      'unreadable',
      `the kernel log claims 2^${countBits} records in 2^${sizeBits} bytes, which cannot be`,
    )
  }
  const count = 1n << BigInt(countBits)
  const data = { address: texts.pointer('data'), size: 1n << BigInt(sizeBits) }
  const tail = descriptors.integer('tail_id') & idMask
  const head = descriptors.integer('head_id') & idMask
  const span = (head - tail) & idMask
  const descSize = BigInt(kernel.layouts.get('prb_desc').size)
  if (span >= count) throw new CryoscopeError('unreadable', 'the kernel log has its head before its tail')

  if (count * descSize > memorySize(kernel)) {
    throw new CryoscopeError('unreadable', `the kernel log claims ${count} records, more than memory holds`)
  }

  const records: LogRecord[] = []
  let unreadable = 0
  const infoSize = BigInt(kernel.layouts.get('printk_info').size)
  for (let i = 0n; i <= span; i++) {
    const id = (tail + i) & idMask
    const slot = id % count
    try {
      const desc = kernel.struct('prb_desc', descriptors.pointer('descs') + slot * descSize)
      const state = BigInt.asUintN(64, desc.integer('state_var'))
      if ((state & idMask) !== id) continue
      if (state >> 62n !== committed && state >> 62n !== finalized) continue
      const info = kernel.struct('printk_info', descriptors.pointer('infos') + slot * infoSize)
      const text = readText(
        kernel,
        data,
        BigInt.asUintN(64, desc.integer('text_blk_lpos.begin')),
        BigInt.asUintN(64, desc.integer('text_blk_lpos.next')),
        info.number('text_len'),
      )
      if (text === undefined) continue
      records.push({
        sequence: info.integer('seq'),
        time: info.integer('ts_nsec'),
        level: info.number('level'),
        facility: info.number('facility'),
        text,
      })
    } catch (error) {
      if (!(error instanceof MemoryFault)) throw error
      problems.add(`log record ${id}`, error.message)
      if (++unreadable === problemLimit) {
        problems.add('kernel log', `it is not read on after ${problemLimit} such records`)
        break
      }
    }
  }
  return records
}

function memorySize(kernel: Kernel): bigint {
  return BigInt(kernel.memory.ranges.reduce((sum, range) => sum + range.length, 0))
}

/** Text of a data block: an 8-byte id, then the text; a block that would wrap lies whole at the start of the ring. */
function readText(
  kernel: Kernel,
  data: { address: bigint; size: bigint },
  begin: bigint,
  next: bigint,
  length: number,
): string | undefined {
  // Bit 0 marks a record without data: both 3 for an empty line, both 1 where no room was left for the text.
  if ((begin & 1n) === 1n) return begin === emptyLine && next === emptyLine ? '' : undefined
  const wraps = begin / data.size !== (next - 1n) / data.size
  const at = wraps ? 0n : begin % data.size
  const room = wraps ? next % data.size : next - begin
  if (room <= 8n || room > data.size) return undefined
  const size = Math.min(length, Number(room) - 8)
  return Buffer.from(kernel.space.bytes(data.address + at + 8n, size)).toString('utf8')
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
