import { strip } from '../../btf/layout.js'
import type { CType, StructType } from '../../btf/types.js'
import { bitmapReader } from './bitmap.js'
import { btreeReader } from './btree.js'
import { helixQueueReader } from './helix-queue.js'
import { minheapReader } from './minheap.js'
import { rbtreeReader } from './rbtree.js'
import type { ContainerReader } from './reading.js'
import { taskQueueReader } from './task-queue.js'
import { topologyReader } from './topology.js'
import { workQueueReader } from './work-queue.js'

const readers: readonly ContainerReader[] = [
  rbtreeReader,
  btreeReader,
  minheapReader,
  taskQueueReader,
  helixQueueReader,
  workQueueReader,
  bitmapReader,
  topologyReader,
]

const byStruct = new Map(readers.flatMap((reader) => reader.structs.map((name) => [name, reader] as const)))

/** The reader for a struct, undefined for those that are no containers: of another name, or laid out in another way. */
export function containerReader(type: StructType): ContainerReader | undefined {
  const reader = byStruct.get(type.name)
  return reader?.fits(type) ? reader : undefined
}

/** Whether a type of that name may be a container, before it is known whole. */
export function mayBeContainer(type: CType): boolean {
  return byStruct.has(strip(type).name)
}
