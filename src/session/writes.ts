import type { BpfMap } from '../bpf/map.js'
import { typeName } from '../btf/type-name.js'
import type { CType } from '../btf/types.js'
import { CryoscopeError } from '../errors.js'
import type { AddressSpace } from '../memory/address-space.js'
import type { ValueContext } from '../value/context.js'
import { encodedSize, encodeOver } from '../value/encode.js'
import { type Json, jsonOf } from '../value/render/json.js'

/** A place in guest memory that has a type. */
export interface Place {
  /** For people: "control[0]", "panic_timeout". */
  readonly name: string
  readonly address: bigint
  readonly type: CType
  /** The entry of a map whose value it is, or lies in. */
  readonly entry?: { readonly map: BpfMap; readonly key: unknown }
}

/** One write, as it is shown and as it can be taken back. */
export interface Write {
  readonly place: string
  readonly address: bigint
  readonly type: string
  readonly before: Json
  readonly after: Json
}

interface Done {
  readonly write: Write
  readonly bytes: Uint8Array
  readonly written: Uint8Array
}

/** Writes to the memory of a guest, newest last, each with what was there before. */
export class Writes {
  #done: Done[] = []
  readonly #atCheckpoints = new Map<string, readonly Done[]>()

  get list(): readonly Write[] {
    return this.#done.map(({ write }) => write)
  }

  /** Members and elements that the value leaves out stay as they are. */
  write(space: AddressSpace, context: ValueContext, place: Place, value: unknown): Write {
    const before = space.bytes(place.address, encodedSize(place.type))
    const after = encodeOver(place.type, value, before)
    space.write(place.address, after)
    const write = {
      place: place.name,
      address: place.address,
      type: typeName(place.type),
      before: jsonOf(context, place.type, before),
      after: jsonOf(context, place.type, after),
    }
    this.#done.push({ write, bytes: before, written: after })
    return write
  }

  /**
   * Takes the newest write back. Refused when the guest has written there since, unless forced: what it wrote would be
   * lost.
   */
  undo(space: AddressSpace, force: boolean): Write {
    const last = this.#done.at(-1)
    if (last === undefined) throw new CryoscopeError('usage', 'nothing was written that could be taken back')
    const { write, bytes, written } = last
    const now = space.bytes(write.address, bytes.length)
    if (!force && Buffer.compare(now, written) !== 0) {
      throw new CryoscopeError(
        'usage',
        `${write.place} has changed since it was written; vm.undo({ force: true }) overwrites what is there now`,
      )
    }
    space.write(write.address, bytes)
    this.#done.pop()
    return write
  }

  /** The writes that a checkpoint holds. */
  remember(checkpoint: string): void {
    this.#atCheckpoints.set(checkpoint, [...this.#done])
  }

  /** Memory went back to a checkpoint: later writes are no more. What one of another session holds is not known. */
  recall(checkpoint: string): void {
    this.#done = [...(this.#atCheckpoints.get(checkpoint) ?? [])]
  }
}
