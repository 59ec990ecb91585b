import { arenaReader } from './arena.js'
import { arrayReader, perCpuArrayReader } from './array.js'
import { bloomFilterReader } from './bloom-filter.js'
import { cgroupStorageReader, perCpuCgroupStorageReader } from './cgroup-storage.js'
import { cpumapReader } from './cpumap.js'
import { devmapHashReader, devmapReader } from './devmap.js'
import { arrayOfMapsReader, cgroupArrayReader, perfEventArrayReader, progArrayReader } from './fd-array.js'
import { hashReader, perCpuHashReader } from './hash.js'
import { hashOfMapsReader } from './hash-of-maps.js'
import { insnArrayReader } from './insn-array.js'
import { localStorageReader } from './local-storage.js'
import { lpmTrieReader } from './lpm-trie.js'
import { queueReader, stackReader } from './queue.js'
import type { MapReader } from './reader.js'
import { rhashReader } from './rhash.js'
import { ringbufReader } from './ringbuf.js'
import { reuseportReader, sockmapReader, xskmapReader } from './sock-arrays.js'
import { sockhashReader } from './sockhash.js'
import { stackTraceReader } from './stack-trace.js'
import { structOpsReader } from './struct-ops.js'

const families: readonly MapReader[] = [
  arenaReader,
  arrayOfMapsReader,
  arrayReader,
  bloomFilterReader,
  cgroupArrayReader,
  cgroupStorageReader,
  cpumapReader,
  devmapHashReader,
  devmapReader,
  hashOfMapsReader,
  hashReader,
  insnArrayReader,
  localStorageReader,
  lpmTrieReader,
  perCpuArrayReader,
  perCpuCgroupStorageReader,
  perCpuHashReader,
  perfEventArrayReader,
  progArrayReader,
  queueReader,
  reuseportReader,
  rhashReader,
  ringbufReader,
  sockhashReader,
  sockmapReader,
  stackReader,
  stackTraceReader,
  structOpsReader,
  xskmapReader,
]

const byType = new Map(families.flatMap((reader) => reader.types.map((type) => [type, reader] as const)))

/** The reader for a map type; undefined for types that are newer than this table. */
export function readerFor(type: string): MapReader | undefined {
  return byType.get(type)
}
