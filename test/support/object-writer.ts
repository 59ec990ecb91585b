import type { Btf } from '../../src/btf/btf.js'
import { memberAt, sizeOf } from '../../src/btf/layout.js'
import type { GuestBuilder } from './guest-builder.js'

/** Members by path (`desc_ring.head_id`), with what to store there: integers, addresses, text, or bytes as they are. */
export type MemberValues = Readonly<Record<string, number | bigint | string | boolean | Uint8Array>>

/** Makes and changes kernel objects in a guest, by the names of their types and members. */
export class ObjectWriter {
  readonly #guest: GuestBuilder
  readonly #types: Btf

  constructor(guest: GuestBuilder, types: Btf) {
    this.#guest = guest
    this.#types = types
  }

  /** A new object; members left out are zero. `extra` bytes follow it: what a flexible array holds. */
  make(type: string, values: MemberValues = {}, { having, extra = 0 }: MakeOptions = {}): bigint {
    const at = this.#guest.alloc(this.sizeOf(type, having) + extra)
    this.set(type, at, values, having)
    return at
  }

  set(type: string, address: bigint, values: MemberValues, having?: string): void {
    for (const [path, value] of Object.entries(values)) {
      const place = this.#place(type, path, having)
      const at = address + BigInt(place.offset)
      if (value instanceof Uint8Array) this.#guest.write(at, value)
      else if (typeof value === 'string') this.#guest.write(at, Buffer.from(value))
      else if (place.bitSize > 0) this.#setBits(at, place.bitOffset % 8, place.bitSize, Number(value))
      else this.#guest.integer(at, BigInt(value), sizeOf(place.type) ?? 0)
    }
  }

  sizeOf(type: string, having?: string): number {
    return this.#struct(type, having).size
  }

  offsetOf(type: string, path: string, having?: string): number {
    return this.#place(type, path, having).offset
  }

  /** Bitfields of tests lie within one byte. */
  #setBits(at: bigint, shift: number, width: number, value: number): void {
    const [old = 0] = this.#guest.bytesAt(at, 1)
    const mask = ((1 << width) - 1) << shift
    this.#guest.integer(at, (old & ~mask) | ((value << shift) & mask), 1)
  }

  #place(type: string, path: string, having: string | undefined) {
    const place = memberAt(this.#struct(type, having), path)
    if (place === undefined) throw new Error(`struct ${type} of the test kernel has no member ${path}`)
    return place
  }

  #struct(type: string, having: string | undefined) {
    const found = this.#types
      .findAll(type, 'struct')
      .find((candidate) => having === undefined || memberAt(candidate, having) !== undefined)
    if (found === undefined) throw new Error(`the test kernel has no struct ${type}`)
    return found
  }
}

interface MakeOptions {
  readonly having?: string
  readonly extra?: number
}
