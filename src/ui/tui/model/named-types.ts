import type { CType } from '../../../btf/types.js'

interface TypeList {
  types(kind?: 'struct' | 'union' | 'enum'): Iterable<CType>
}

const lists = new WeakMap<object, readonly CType[]>()

/** Structs, unions and enums with a name: some ten thousand, found once for each kernel. */
export function namedTypes(types: TypeList): readonly CType[] {
  let found = lists.get(types)
  if (found === undefined) {
    const all: CType[] = []
    for (const kind of ['struct', 'union', 'enum'] as const) {
      for (const type of types.types(kind)) if (type.kind === kind && type.name !== '') all.push(type)
    }
    found = all
    lists.set(types, found)
  }
  return found
}
