import { eventSize } from './layout.js'

interface RawPlace {
  /** Nanoseconds of the guest's clock. */
  readonly ns: number
  /** Instructions executed by all vCPUs when the block that this happened in was entered. */
  readonly time: number
  /** Instructions of that block before this one. */
  readonly index: number
  readonly cpu: number
  readonly pc: bigint
  /** Address of the task that the vCPU ran; 0 where the kernel was not known. */
  readonly task: bigint
  readonly pid: number
  readonly comm: string
}

/** A store into watched memory; the parts of one that crosses a page come one by one. */
export interface RawStore extends RawPlace {
  readonly kind: 'store'
  readonly virtual: bigint
  /** In the RAM file. */
  readonly offset: number
  readonly size: number
  /** The first 16 of those bytes, before and after. */
  readonly before: Uint8Array
  readonly after: Uint8Array
}

export interface RawCall extends RawPlace {
  readonly kind: 'call'
  /** rdi, rsi, rdx, rcx, r8, r9; of a BPF program the first words at rdi, as far as they could be read. */
  readonly registers: readonly bigint[]
  readonly rsp: bigint
  /** 0 where it could not be read. */
  readonly returnsTo: bigint
}

export interface RawReturn extends RawPlace {
  readonly kind: 'return'
  readonly value: bigint
  /** Stack pointer and time of the call. */
  readonly rsp: bigint
  readonly called: number
}

/** A vCPU entered a block of so many instructions. */
export interface RawBlock extends RawPlace {
  readonly kind: 'block'
  readonly length: number
}

export type RawEvent = RawStore | RawCall | RawReturn | RawBlock

const kinds = { store: 1, call: 2, return: 3, block: 4 } as const satisfies Record<RawEvent['kind'], number>

/** Reads one event as the plugin wrote it; undefined for a kind that is not known. */
export function decodeEvent(bytes: Buffer, at: number): RawEvent | undefined {
  const word = (index: number): bigint => bytes.readBigUInt64LE(at + 48 + 8 * index)
  const nameEnd = bytes.indexOf(0, at + 32)
  const place = {
    time: Number(bytes.readBigUInt64LE(at)),
    ns: Number(word(9)),
    pc: bytes.readBigUInt64LE(at + 8),
    task: bytes.readBigUInt64LE(at + 16),
    pid: bytes.readInt32LE(at + 24),
    index: bytes.readUInt16LE(at + 28),
    cpu: bytes.readUInt8(at + 31),
    comm: bytes.toString('latin1', at + 32, Math.min(nameEnd < 0 ? at + 48 : nameEnd, at + 48)),
  }
  switch (bytes.readUInt8(at + 30)) {
    case kinds.store: {
      const size = Number(word(2))
      const kept = Math.min(size, 16)
      const copy = (from: number): Uint8Array => Uint8Array.from(bytes.subarray(at + from, at + from + kept))
      return {
        ...place,
        kind: 'store',
        virtual: word(0),
        offset: Number(word(1)),
        size,
        before: copy(72),
        after: copy(88),
      }
    }
    case kinds.call:
      return {
        ...place,
        kind: 'call',
        registers: [0, 1, 2, 3, 4, 5].slice(0, Number(word(8))).map(word),
        rsp: word(6),
        returnsTo: word(7),
      }
    case kinds.return:
      return { ...place, kind: 'return', value: word(0), rsp: word(1), called: Number(word(2)) }
    case kinds.block:
      return { ...place, kind: 'block', length: Number(word(0)) }
    default:
      return undefined
  }
}

/** One event as the plugin writes it: 128 bytes that `decodeEvent` reads. */
export function encodeEvent(event: RawEvent): Buffer {
  const bytes = Buffer.alloc(eventSize)
  const word = (index: number, value: bigint | number): void => {
    bytes.writeBigUInt64LE(BigInt(value), 48 + 8 * index)
  }
  bytes.writeBigUInt64LE(BigInt(event.time), 0)
  bytes.writeBigUInt64LE(event.pc, 8)
  bytes.writeBigUInt64LE(event.task, 16)
  bytes.writeInt32LE(event.pid, 24)
  bytes.writeUInt16LE(event.index, 28)
  bytes.writeUInt8(kinds[event.kind], 30)
  bytes.writeUInt8(event.cpu, 31)
  bytes.write(event.comm, 32, 16, 'latin1')
  word(9, event.ns)
  switch (event.kind) {
    case 'store':
      word(0, event.virtual)
      word(1, event.offset)
      word(2, event.size)
      bytes.set(event.before, 72)
      bytes.set(event.after, 88)
      break
    case 'call':
      for (const [index, value] of event.registers.entries()) word(index, value)
      word(6, event.rsp)
      word(7, event.returnsTo)
      word(8, event.registers.length)
      break
    case 'return':
      word(0, event.value)
      word(1, event.rsp)
      word(2, event.called)
      break
    case 'block':
      word(0, event.length)
  }
  return bytes
}
