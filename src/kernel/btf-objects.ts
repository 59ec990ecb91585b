import type { Btf } from '../btf/btf.js'
import { CryoscopeError } from '../errors.js'
import type { Problems } from '../problems.js'
import { readBtf } from './image/read-btf.js'
import type { Kernel } from './kernel.js'
import { idrEntries } from './walk/xarray.js'

/** BTF_MAX_SIZE is 16 MiB (include/linux/btf.h). */
const sizeLimit = 16 * 2 ** 20

/** A BTF object that the kernel holds (struct btf, kernel/bpf/btf.c): vmlinux's, a module's or a program's. */
export interface BtfObject {
  readonly id: number
  readonly address: bigint
  /** Module name, "vmlinux", or empty for a program's. */
  readonly name: string
  readonly isKernel: boolean
  readonly size: number
  readonly baseAddress: bigint
}

/** BTF objects by address, parsed when asked for. Ids are not reused while the guest lives, so parsed ones are kept by id. */
export class BtfObjects {
  readonly #kernel: Kernel
  readonly #parsed = new Map<string, Btf>()
  readonly #at = new Map<bigint, BtfObject>()

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  /** Every BTF object, from btf_idr. */
  *all(problems: Problems): Generator<BtfObject> {
    for (const { pointer } of idrEntries(this.#kernel, this.#kernel.symbol('btf_idr'), problems, 'btf_idr')) {
      const object = problems.attempt(`btf at 0x${pointer.toString(16)}`, () => this.object(pointer))
      if (object !== undefined) yield object
    }
  }

  /** Its bytes, as the kernel holds them. Throws 'unreadable'. */
  bytes({ id, size, address }: BtfObject): Uint8Array {
    if (size > sizeLimit)
      throw new CryoscopeError('unreadable', `BTF ${id} claims ${size} bytes, which cannot be`)
    return this.#kernel.space.bytes(this.#kernel.struct('btf', address).pointer('data'), size)
  }

  object(address: bigint): BtfObject {
    let object = this.#at.get(address)
    if (object === undefined) {
      const btf = this.#kernel.struct('btf', address)
      object = {
        id: btf.number('id'),
        address,
        name: btf.text('name'),
        isKernel: btf.number('kernel_btf') !== 0,
        size: btf.number('data_size'),
        baseAddress: btf.pointer('base_btf'),
      }
      this.#at.set(address, object)
    }
    return object
  }

  /** The parsed types of a struct btf. */
  types(address: bigint): Btf {
    return this.#types(address, 0)
  }

  #types(address: bigint, depth: number): Btf {
    const object = this.object(address)
    if (object.name === 'vmlinux' && object.isKernel) return this.#kernel.types
    const key = `${object.id}/${object.size}/${address}`
    const known = this.#parsed.get(key)
    if (known !== undefined) return known
    if (object.size > sizeLimit) {
      throw new CryoscopeError(
        'unreadable',
        `BTF ${object.id} claims ${object.size} bytes; the kernel allows 16 MiB`,
      )
    }
    if (depth > 4) throw new CryoscopeError('unreadable', `BTF ${object.id} is based on itself`)
    const base = object.baseAddress === 0n ? undefined : this.#types(object.baseAddress, depth + 1)
    const data = this.#kernel.struct('btf', address).pointer('data')
    const name = object.name || `btf ${object.id}`
    const types = readBtf(this.#kernel.space, data, object.size, { base, name }, this.#kernel.problems)
    this.#parsed.set(key, types)
    return types
  }

  invalidate(): void {
    this.#at.clear()
  }
}
