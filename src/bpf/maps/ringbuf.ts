import { CryoscopeError } from '../../errors.js'
import type { Kernel } from '../../kernel/kernel.js'
import type { StructReader } from '../../kernel/struct-reader.js'
import type { Problems } from '../../problems.js'
import type { MapInfo } from '../map-info.js'
import type { EntryReader, RawEntry } from './reader.js'

/** BPF_RINGBUF_BUSY_BIT, BPF_RINGBUF_DISCARD_BIT, BPF_RINGBUF_HDR_SZ (include/uapi/linux/bpf.h). */
const busyBit = 2 ** 31
const discardBit = 2 ** 30
const headerSize = 8n
const empty = new Uint8Array()

/**
 * struct bpf_ringbuf (kernel/bpf/ringbuf.c): records from `consumer_pos` to `producer_pos`, each behind a header. The two
 * positions only grow; an offset into `data` is a position modulo the size. Of a user ring buffer user space is the
 * producer, else it is the consumer: that side's position is whatever user space wrote.
 */
export const ringbufReader: EntryReader = {
  types: ['ringbuf', 'user_ringbuf'],
  perCpu: false,

  state(kernel, map, problems) {
    return (
      problems.attempt('ring', () => {
        const ring = readRing(kernel, map)
        const { consumer, producer, pending, overwritten } = ring
        return {
          size: ring.size,
          consumerPosition: consumer,
          producerPosition: producer,
          pendingPosition: map.type === 'user_ringbuf' ? undefined : pending,
          overwritePosition: overwritten,
          unconsumed: producer - ring.start,
          /** A program is draining a user ring buffer. */
          busy: map.type === 'user_ringbuf' ? ring.reader.number('busy') !== 0 : undefined,
        }
      }) ?? {}
    )
  },

  *entries(kernel, map, problems) {
    const ring = problems.attempt('ring', () => readRing(kernel, map))
    if (ring !== undefined) yield* records(kernel, map, ring, problems)
  },

  find: () => undefined,
}

interface Ring {
  readonly reader: StructReader
  readonly size: bigint
  readonly consumer: bigint
  readonly producer: bigint
  readonly pending: bigint
  /** Up to where a ring in overwrite mode has dropped records; undefined in the other mode. */
  readonly overwritten: bigint | undefined
  /** Where the first record that is still there starts. */
  readonly start: bigint
}

function readRing(kernel: Kernel, map: MapInfo): Ring {
  const address = kernel.struct('bpf_ringbuf_map', map.address).pointer('rb')
  if (address === 0n) throw new CryoscopeError('unreadable', 'it has no ring: its creation failed')
  const reader = kernel.struct('bpf_ringbuf', address)
  const position = (name: string): bigint => reader.unsigned(name)
  const size = position('mask') + 1n
  if (size === 0n || (size & (size - 1n)) !== 0n || size > 2n ** 32n) {
    throw new CryoscopeError('unreadable', `a ring of ${size} bytes cannot be`)
  }
  const consumer = position('consumer_pos')
  const producer = position('producer_pos')
  // Since 6.19.
  const overwrites = reader.has('overwrite_mode') && reader.number('overwrite_mode') !== 0
  const overwritten = overwrites ? position('overwrite_pos') : undefined
  const start = overwritten !== undefined && overwritten > consumer ? overwritten : consumer
  return { reader, size, consumer, producer, pending: position('pending_pos'), overwritten, start }
}

function* records(kernel: Kernel, map: MapInfo, ring: Ring, problems: Problems): Generator<RawEntry> {
  const { start, producer, size } = ring
  if (start > producer || producer - start > size) {
    problems.add('ring', `a consumer at ${start} and a producer at ${producer} do not fit ${size} bytes`)
    return
  }
  const side = map.type === 'user_ringbuf' ? 'producer' : 'consumer'
  if (start % 8n !== 0n || producer % 8n !== 0n) {
    problems.add('ring', `its positions are not multiples of 8: user space wrote a wrong ${side} position`)
    return
  }
  for (let at = start; at < producer; ) {
    const where = `record at ${at}`
    const header = problems.attempt(where, () => readHeader(kernel, map, ring, at))
    if (header === undefined) return
    const whole = (headerSize + BigInt(header.length) + 7n) & ~7n
    if (at + whole > producer) {
      problems.add(where, `it claims ${header.length} bytes, more than the producer has written`)
      return
    }
    if (header.misplaced) problems.add(where, 'its header does not lead back to its ring')
    const bytes = problems.attempt(where, () => readAcross(kernel, ring, at + headerSize, header.length))
    const wrapped = at / size !== (at + whole - 1n) / size
    const { length, busy, discarded } = header
    yield {
      key: empty,
      values: [{ bytes: bytes ?? empty, address: ring.reader.at('data') + ((at + headerSize) % size) }],
      notes: { position: at, length, busy, discarded, wrapped },
    }
    at += whole
  }
}

interface Header {
  readonly length: number
  /** Reserved, not committed yet. */
  readonly busy: boolean
  readonly discarded: boolean
  /** bpf_ringbuf_hdr.pg_off is the distance to the ring in pages; user space does not fill it in. */
  readonly misplaced: boolean
}

function readHeader(kernel: Kernel, map: MapInfo, ring: Ring, position: bigint): Header {
  const address = ring.reader.at('data') + (position % ring.size)
  const word = kernel.space.u32(address)
  const pages = kernel.space.u32(address + 4n)
  return {
    length: word % discardBit,
    busy: word >= busyBit,
    discarded: word % busyBit >= discardBit,
    misplaced: map.type === 'ringbuf' && BigInt(pages) !== (address - ring.reader.address) >> 12n,
  }
}

/** Data pages are mapped twice in a row, so that records never end at the edge; here each half is read where it is. */
function readAcross(kernel: Kernel, ring: Ring, position: bigint, length: number): Uint8Array {
  const data = ring.reader.at('data')
  const offset = position % ring.size
  const first = Math.min(length, Number(ring.size - offset))
  const head = kernel.space.bytes(data + offset, first)
  if (first === length) return head
  return new Uint8Array(Buffer.concat([head, kernel.space.bytes(data, length - first)]))
}
