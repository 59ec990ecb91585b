import type { Details } from '../../contract/details.js'
import { CryoscopeError } from '../../errors.js'
import type { Kernel } from '../../kernel/kernel.js'
import { memorySize } from '../../kernel/walk/word.js'
import type { Problems } from '../../problems.js'
import type { MapInfo } from '../map-info.js'
import { jhash } from './jhash.js'
import type { EntryReader } from './reader.js'

const chunkSize = 1 << 20

/**
 * struct bpf_bloom_filter (kernel/bpf/bloom_filter.c): a set of bits, no values. It says of a value that it was never
 * added, or that it may have been.
 */
export const bloomFilterReader: EntryReader = {
  types: ['bloom_filter'],
  perCpu: false,

  state(kernel, map, problems) {
    const filter = kernel.struct('bpf_bloom_filter', map.address)
    const bits = filter.number('bitset_mask') + 1
    const hashes = filter.number('nr_hash_funcs')
    const parameters: Details = { bits, hashFunctions: hashes, hashSeed: filter.number('hash_seed') }
    const bytes = bitsetOf(kernel, map, problems)
    if (bytes === undefined) return parameters
    const set = populationOf(kernel, bytes)
    const fill = set / bits
    return {
      ...parameters,
      bitsSet: set,
      fillRatio: fill,
      // Swamidass and Baldi (2007); a full filter could hold any number.
      estimatedElements: fill < 1 ? -(bits / hashes) * Math.log(1 - fill) : undefined,
      falsePositiveRate: fill ** hashes,
    }
  },

  *entries() {
    // A filter holds bits, not the values that set them.
  },

  find: () => undefined,

  has(kernel, map, value, problems) {
    const filter = kernel.struct('bpf_bloom_filter', map.address)
    const mask = filter.number('bitset_mask')
    const seed = filter.number('hash_seed')
    const hashes = filter.number('nr_hash_funcs')
    if (bitsetOf(kernel, map, problems) === undefined) {
      throw new CryoscopeError(
        'unreadable',
        `the filter of map ${map.name} is not in order: ${problems.list.at(-1)?.why}`,
      )
    }
    for (let i = 0; i < hashes; i++) {
      const bit = (jhash(value, (seed + i) | 0) & mask) >>> 0
      const byte = kernel.space.u8(filter.at('bitset') + BigInt(Math.floor(bit / 8)))
      if ((byte & (1 << (bit % 8))) === 0) return false
    }
    return true
  },
}

interface Bitset {
  readonly address: bigint
  readonly length: number
}

/** map_extra holds at most 15 hash functions. */
const hashLimit = 15

function bitsetOf(kernel: Kernel, map: MapInfo, problems: Problems): Bitset | undefined {
  const filter = kernel.struct('bpf_bloom_filter', map.address)
  const bits = filter.number('bitset_mask') + 1
  const hashes = filter.number('nr_hash_funcs')
  if (Math.log2(bits) % 1 !== 0 || hashes === 0 || hashes > hashLimit || bits / 8 > memorySize(kernel)) {
    problems.add('map', `a filter of ${bits} bits and ${hashes} hash functions cannot be`)
    return undefined
  }
  return { address: filter.at('bitset'), length: Math.ceil(bits / 64) * 8 }
}

function populationOf(kernel: Kernel, { address, length }: Bitset): number {
  let set = 0
  for (let at = 0; at < length; at += chunkSize) {
    const bytes = kernel.space.bytes(address + BigInt(at), Math.min(chunkSize, length - at))
    const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let i = 0; i < bytes.length; i += 4) set += bitsIn(words.getUint32(i, true))
  }
  return set
}

function bitsIn(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555)
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333)
  return (((v + (v >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24
}
