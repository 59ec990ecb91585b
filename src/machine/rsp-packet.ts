/** Framing of the gdb remote serial protocol ("Packets" and "Overview" in gdb's manual, appendix E). */
export type RspItem =
  | { readonly kind: 'packet'; readonly payload: Buffer }
  /** A packet whose checksum or escapes are wrong; the peer wants a `-`. */
  | { readonly kind: 'damaged' }
  | { readonly kind: 'ack' }
  | { readonly kind: 'nack' }

const byte = { packet: 0x24, end: 0x23, escape: 0x7d, repeat: 0x2a, plus: 0x2b, minus: 0x2d } as const
// QEMU's packets end at 4 KiB; run-length encoding makes at most 97 characters of three.
const longestPacket = 1024 * 1024

/** `$payload#checksum`, with the characters that frame packets escaped. */
export function encodePacket(payload: string | Uint8Array): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload
  const body: number[] = []
  for (const value of bytes) {
    if (value === byte.packet || value === byte.end || value === byte.escape || value === byte.repeat) {
      body.push(byte.escape, value ^ 0x20)
    } else {
      body.push(value)
    }
  }
  return Buffer.concat([Buffer.from([byte.packet]), Buffer.from(body), Buffer.from(`#${checksum(body)}`)])
}

function checksum(bytes: Iterable<number>): string {
  let sum = 0
  for (const value of bytes) sum = (sum + value) & 0xff
  return sum.toString(16).padStart(2, '0')
}

/** Takes the stream apart, in whatever pieces it comes. What is between packets is passed over. */
export class RspDecoder {
  #buffer: Buffer = Buffer.alloc(0)

  /** Throws a RangeError when a packet grows beyond all reason. */
  push(chunk: Uint8Array): RspItem[] {
    this.#buffer = Buffer.concat([this.#buffer, chunk])
    const items: RspItem[] = []
    let at = 0
    while (at < this.#buffer.length) {
      const value = this.#buffer[at]
      if (value === byte.packet) {
        const end = this.#buffer.indexOf(byte.end, at + 1)
        if (end < 0 || end + 2 >= this.#buffer.length) break
        items.push(
          decode(this.#buffer.subarray(at + 1, end), this.#buffer.toString('latin1', end + 1, end + 3)),
        )
        at = end + 3
        continue
      }
      if (value === byte.plus) items.push({ kind: 'ack' })
      else if (value === byte.minus) items.push({ kind: 'nack' })
      at++
    }
    this.#buffer = this.#buffer.subarray(at)
    if (this.#buffer.length > longestPacket) throw new RangeError('packet too long')
    return items
  }
}

function decode(body: Buffer, sum: string): RspItem {
  if (checksum(body) !== sum.toLowerCase()) return { kind: 'damaged' }
  const out: number[] = []
  for (let at = 0; at < body.length; at++) {
    const value = body[at] ?? 0
    const next = body[at + 1]
    if (value === byte.escape) {
      if (next === undefined) return { kind: 'damaged' }
      out.push(next ^ 0x20)
      at++
    } else if (value === byte.repeat) {
      const last = out.at(-1)
      const count = (next ?? 0) - 29
      if (last === undefined || count < 1 || count > 97) return { kind: 'damaged' }
      for (let copies = 0; copies < count; copies++) out.push(last)
      at++
    } else {
      out.push(value)
    }
  }
  return { kind: 'packet', payload: Buffer.from(out) }
}
