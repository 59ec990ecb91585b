import type { Btf } from '../btf/btf.js'
import { memberAt, type Place, sizeOf, strip } from '../btf/layout.js'
import type { StructType } from '../btf/types.js'
import { CryoscopeError } from '../errors.js'
import type { AddressSpace } from '../memory/address-space.js'

/**
 * Where members of one kernel struct are, by name. A path is `a.b.c` or `a[1].b`; several paths are alternatives in
 * order, for members that were renamed or moved between releases.
 */
export class Layout {
  readonly type: StructType
  readonly size: number
  readonly #places = new Map<string, Place | undefined>()

  constructor(type: StructType) {
    this.type = type
    this.size = type.size
  }

  find(...paths: readonly string[]): Place | undefined {
    for (const path of paths) {
      if (!this.#places.has(path)) this.#places.set(path, memberAt(this.type, path))
      const place = this.#places.get(path)
      if (place !== undefined) return place
    }
    return undefined
  }

  has(...paths: readonly string[]): boolean {
    return this.find(...paths) !== undefined
  }

  place(...paths: readonly string[]): Place {
    const place = this.find(...paths)
    if (place === undefined) {
      throw new CryoscopeError(
        'unreadable',
        this.type.btf.isWhole
          ? `this kernel's struct ${this.type.name} has no member ${paths.join(' or ')}; it is laid out in a way not known here`
          : asFarAsRead(this.type.btf, `struct ${this.type.name} has no member ${paths.join(' or ')}`),
      )
    }
    return place
  }

  /** Bytes from the start of the struct. */
  offset(...paths: readonly string[]): number {
    return this.place(...paths).offset
  }

  /** Bytes the member takes: none where its type has no size. */
  sizeOf(...paths: readonly string[]): number {
    return sizeOf(this.place(...paths).type) ?? 0
  }
}

/**
 * One kernel object, read member by member by our own walkers. Reads of missing memory throw MemoryFault; values for
 * people are `src/value`'s.
 */
export class StructReader {
  readonly layout: Layout
  readonly address: bigint
  readonly #space: AddressSpace

  constructor(space: AddressSpace, layout: Layout, address: bigint) {
    this.#space = space
    this.layout = layout
    this.address = address
  }

  has(...paths: readonly string[]): boolean {
    return this.layout.has(...paths)
  }

  /** Address of a member. */
  at(...paths: readonly string[]): bigint {
    return this.address + BigInt(this.layout.offset(...paths))
  }

  /** An integer, enum or bitfield member that fits a double. */
  number(...paths: readonly string[]): number {
    return Number(this.integer(...paths))
  }

  /** Any integer, enum, pointer or bitfield member up to 64 bits; a struct around a single integer (atomic_t, u64_stats_t) counts. */
  integer(...paths: readonly string[]): bigint {
    const place = this.layout.place(...paths)
    const address = this.address + BigInt(place.offset)
    if (place.bitSize > 0) {
      const bits = Number(place.bitOffset % 8)
      const raw = this.#unsigned(address, Math.ceil((bits + place.bitSize) / 8))
      const value = BigInt.asUintN(place.bitSize, raw >> BigInt(bits))
      return isSigned(place) ? BigInt.asIntN(place.bitSize, value) : value
    }
    const size = sizeOf(place.type) ?? 0
    const value = this.#unsigned(address, Math.min(size, 8))
    return isSigned(place) ? BigInt.asIntN(size * 8, value) : value
  }

  /** The same where its type may be signed in some releases, and its value never is. */
  unsigned(...paths: readonly string[]): bigint {
    return BigInt.asUintN(64, this.integer(...paths))
  }

  /** A pointer member, 0n when null. */
  pointer(...paths: readonly string[]): bigint {
    return this.#space.u64(this.at(...paths))
  }

  /** A char array member up to its NUL. */
  text(...paths: readonly string[]): string {
    return this.#space.text(this.at(...paths), this.layout.sizeOf(...paths))
  }

  bytes(...paths: readonly string[]): Uint8Array {
    return this.#space.bytes(this.at(...paths), this.layout.sizeOf(...paths))
  }

  #unsigned(address: bigint, size: number): bigint {
    switch (size) {
      case 1:
        return BigInt(this.#space.u8(address))
      case 2:
        return BigInt(this.#space.u16(address))
      case 4:
        return BigInt(this.#space.u32(address))
      case 8:
        return this.#space.u64(address)
      default: {
        let value = 0n
        const bytes = this.#space.bytes(address, size)
        for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number)
        return value
      }
    }
  }
}

/** Why a type that is not found where BTF has holes may be there. */
export const missingTypes = "some of this kernel's BTF is not in this memory"

/** A sentence that says what there is not: with holes in the types, of what could be read. */
export function asFarAsRead(types: Btf, sentence: string): string {
  return types.isWhole ? sentence : `${sentence} as far as could be read: ${missingTypes}`
}

function isSigned(place: Place): boolean {
  const type = strip(place.type)
  return (type.kind === 'int' || type.kind === 'enum') && type.signed
}

/** Layouts of one BTF's structs, each looked up once. */
export class Layouts {
  readonly #btf: Btf
  readonly #known = new Map<string, Layout | undefined>()

  constructor(btf: Btf) {
    this.#btf = btf
  }

  /** Several structs may share a name (`bucket`); `having` picks the one with that member. */
  find(name: string, having?: string): Layout | undefined {
    const key = having === undefined ? name : `${name}\0${having}`
    if (!this.#known.has(key)) {
      const types = this.#btf
        .findAll(name)
        .filter((type): type is StructType => type.kind === 'struct' || type.kind === 'union')
      const type = types.find(
        (candidate) => having === undefined || memberAt(candidate, having) !== undefined,
      )
      this.#known.set(key, type === undefined ? undefined : new Layout(type))
    }
    return this.#known.get(key)
  }

  get(name: string, having?: string): Layout {
    const layout = this.find(name, having)
    if (layout === undefined) {
      throw new CryoscopeError(
        'unreadable',
        asFarAsRead(
          this.#btf,
          `${this.#btf.isWhole ? 'this kernel has' : 'there is'} no struct ${name}${having === undefined ? '' : ` with a member ${having}`}`,
        ),
      )
    }
    return layout
  }
}
