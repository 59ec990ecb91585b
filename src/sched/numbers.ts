import { strip } from '../btf/layout.js'
import { CryoscopeError } from '../errors.js'
import type { Kernel } from '../kernel/kernel.js'

/** An array member of integers (or structs around one, as atomic_long_t is), unsigned. */
export function readNumbers(kernel: Kernel, struct: string, address: bigint, member: string): bigint[] {
  const place = kernel.layouts.get(struct).place(member)
  const type = strip(place.type)
  const element = type.kind === 'array' ? strip(type.element) : undefined
  const size = element !== undefined && 'size' in element ? element.size : 0
  if (type.kind !== 'array' || ![1, 2, 4, 8].includes(size))
    throw new CryoscopeError('unreadable', `${struct}.${member} is no array of integers in this kernel`)
  const bytes = kernel.space.bytes(address + BigInt(place.offset), size * type.length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: type.length }, (_, i) => {
    if (size === 8) return view.getBigUint64(i * 8, true)
    if (size === 4) return BigInt(view.getUint32(i * 4, true))
    return BigInt(size === 2 ? view.getUint16(i * 2, true) : view.getUint8(i))
  })
}
