import type { Btf } from '../../../btf/btf.js'
import { typeName } from '../../../btf/type-name.js'

const mostNames = 16

/** Names of the structs that fill an allocation of so many bytes, which allocators round up to whole words. */
export function sizedStructs(btf: Btf, size: number, except: ReadonlySet<number>): string[] {
  const found: string[] = []
  for (const type of btf.types('struct')) {
    if (type.kind !== 'struct' || type.name === '' || except.has(type.id)) continue
    if (Math.ceil(type.size / 8) !== Math.ceil(size / 8)) continue
    if (found.push(typeName(type)) === mostNames) break
  }
  return found
}
