import type { Btf } from '../btf/btf.js'
import { parseTypeName } from '../btf/parse-type-name.js'
import type { CType } from '../btf/types.js'
import type { ValueContext } from './context.js'

/**
 * The type that C text names, pointers and arrays included: `struct rq`, `u64`, `struct rq **`, `char [16]`. Looks
 * in `btf`, then where the context looks.
 */
export function findType(context: ValueContext, btf: Btf, text: string): CType {
  return parseTypeName(btf, text, (name) => context.findType?.(name))
}
