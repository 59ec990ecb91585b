import { strip } from '../../btf/layout.js'
import type { StructType } from '../../btf/types.js'
import { buddyReader } from './buddy.js'
import { radixTreeReader } from './radix-tree.js'
import type { AllocatorReader } from './reading.js'
import { stackReader } from './stack.js'
import { bumpReader, staticRegionReader } from './static-region.js'

const readers: readonly AllocatorReader[] = [
  radixTreeReader,
  staticRegionReader,
  bumpReader,
  stackReader,
  buddyReader,
]

const byStruct = new Map(readers.flatMap((reader) => reader.structs.map((name) => [name, reader] as const)))

/** The reader for variables of a struct, undefined for structs that are no allocators. */
export function readerOf(struct: string): AllocatorReader | undefined {
  return byStruct.get(struct)
}

/** Structs with which allocators keep house: their pointers are no references. */
const ownStructs = new Set([...byStruct.keys(), 'sdt_pool', 'scx_alloc_stats'])

export function isAllocatorStruct(name: string): boolean {
  return ownStructs.has(name)
}

/** Whether a struct of the library begins with the id of the element that it is in. */
export function beginsWithTid(type: StructType): boolean {
  const first = type.members[0]
  return first !== undefined && first.offset === 0 && strip(first.type).name === 'sdt_id'
}
