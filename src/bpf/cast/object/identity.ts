import { createHash } from 'node:crypto'
import type { Btf } from '../../../btf/btf.js'

const known = new WeakMap<Btf, string>()

/**
 * Which program BTF this is, by its structs, unions and functions with their ids: the same for an object file
 * and for what the kernel holds after libbpf has loaded it. (libbpf fills in sections, changes the linkage of
 * functions and appends types of its own; these are left out.)
 */
export function btfIdentity(btf: Btf): string {
  let identity = known.get(btf)
  if (identity === undefined) {
    const hash = createHash('sha256')
    for (const kind of ['struct', 'union'] as const) {
      for (const { id, name, size, members } of btf.types(kind)) {
        const layout = members.map((member) => `${member.name}@${member.bitOffset}:${member.bitSize}`)
        hash.update(`${kind} ${id} ${name} ${size} ${layout.join()}\n`)
      }
    }
    for (const { id, name } of btf.types('function')) hash.update(`function ${id} ${name}\n`)
    identity = hash.digest('hex')
    known.set(btf, identity)
  }
  return identity
}
