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
