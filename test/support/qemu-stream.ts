import { deflateSync } from 'node:zlib'
import { plausiblePage } from './packed.js'

const frame = 4096

/** Numbers and short texts as QEMU puts them into a stream: big-endian, and with their length before them. */
export const u8 = (value: number): Buffer => Buffer.from([value])
export const u32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32BE(value)
  return buffer
}
export const u64 = (value: number): Buffer => {
  const buffer = Buffer.alloc(8)
  buffer.writeBigUInt64BE(BigInt(value))
  return buffer
}
export const text = (value: string): Buffer => Buffer.concat([u8(value.length), Buffer.from(value, 'latin1')])

/** A page of the RAM block and how it comes; `version` gives it other bytes. */
export type StreamRecord = readonly [
  page: number,
  kind: 'page' | 'zero' | 'packed' | 'delta',
  version?: number,
]

/** A stream as QEMU writes it: configuration, the RAM blocks, rounds of pages, then devices. */
export function qemuStream(
  machine: string,
  size: number,
  rounds: readonly (readonly StreamRecord[])[],
): Buffer {
  const name = text('ram')
  const begin = (kind: number, id: number): Buffer => Buffer.concat([u8(kind), u32(id)])
  const footer = Buffer.concat([u8(0x7e), u32(2)])
  const sizes = Buffer.concat([
    u64(size + 0x20000 + 4),
    text('pc.bios'),
    u64(0x20000),
    name,
    u64(size),
    u64(0x10),
  ])
  const parts = [
    Buffer.from('QEVM'),
    u32(3),
    u8(7),
    u32(machine.length),
    Buffer.from(machine),
    u8(5),
    text('configuration/target-page-bits'),
    u32(1),
    u32(12),
    begin(1, 2),
    name,
    u32(0),
    u32(4),
    sizes,
    footer,
  ]
  for (const [i, records] of rounds.entries()) {
    parts.push(begin(i === rounds.length - 1 ? 3 : 2, 2))
    // The firmware's block, then one name and "the same" from then on.
    parts.push(u64(0x2), text('pc.bios'), u8(0))
    for (const [j, [page, kind, version = 0]] of records.entries()) {
      const flag = { page: 0x8, zero: 0x2, packed: 0x100, delta: 0x40 }[kind] | (j === 0 ? 0 : 0x20)
      parts.push(u64(page * frame + flag))
      if (j === 0) parts.push(name)
      const bytes = plausiblePage(page + version * 1000)
      if (kind === 'page') parts.push(Buffer.from(bytes))
      else if (kind === 'zero') parts.push(u8(0))
      else if (kind === 'delta') parts.push(Buffer.from([1, 0, 2, 9, 9]))
      else {
        const packed = deflateSync(bytes)
        parts.push(u32(packed.length), packed)
      }
    }
    parts.push(u64(0x10), footer)
  }
  return Buffer.concat([...parts, u8(4), u32(3), text('timer'), u32(0), u32(2), Buffer.alloc(100)])
}
