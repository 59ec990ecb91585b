import { CryoscopeError } from '../../errors.js'
import type { Kernel } from '../../kernel/kernel.js'
import { counted, figureJson, type Problems } from '../../problems.js'
import type { MapInfo } from '../map-info.js'
import type { EntryReader, RawEntry } from './reader.js'

/** LPM_TREE_NODE_FLAG_IM (kernel/bpf/lpm_trie.c): only joins two branches, holds no value. */
const intermediateFlag = 1
/** A key is the prefix length (u32, bits) and then the data, most significant byte first. */
const dataOffset = 4
/** LPM_DATA_SIZE_MAX is 256 bytes. */
const deepest = 256 * 8 + 1

/**
 * struct lpm_trie (kernel/bpf/lpm_trie.c): a binary tree by prefix. Entries come in the kernel's own order, which is
 * postorder: more specific prefixes before the ones that hold them.
 */
export const lpmTrieReader: EntryReader = {
  types: ['lpm_trie'],
  perCpu: false,

  state(kernel, map, problems) {
    const trie = kernel.struct('lpm_trie', map.address)
    let nodes = 0
    let intermediate = 0
    let depth = 0
    const own = problems.part()
    for (const node of postorder(kernel, map, own)) {
      nodes++
      if (node.intermediate) intermediate++
      depth = Math.max(depth, node.depth)
    }
    return {
      entries: trie.integer('n_entries'),
      maxPrefixLength: trie.integer('max_prefixlen'),
      nodes: figureJson(counted(nodes, own)),
      intermediate: figureJson(counted(intermediate, own)),
      depth: figureJson(counted(depth, own)),
    }
  },

  *entries(kernel, map, problems) {
    for (const node of postorder(kernel, map, problems)) {
      if (node.intermediate) continue
      const entry = problems.attempt(nameOf(node.address), () => readEntry(kernel, map, node))
      if (entry !== undefined) yield entry
    }
  },

  /** As the kernel looks up: the longest prefix that holds the key. */
  find(kernel, map, key, problems) {
    if (key.length !== map.keySize || key.length <= dataOffset) return undefined
    return problems.attempt('trie', () => {
      const found = longestMatch(kernel, map, key)
      return found === undefined ? undefined : readEntry(kernel, map, found)
    })
  },
}

interface Node {
  readonly address: bigint
  readonly prefixLength: number
  readonly intermediate: boolean
  /** Nodes above it. */
  readonly depth: number
  readonly children: readonly [bigint, bigint]
}

function readNode(kernel: Kernel, address: bigint, depth: number): Node {
  const node = kernel.struct('lpm_trie_node', address)
  return {
    address,
    prefixLength: node.number('prefixlen'),
    intermediate: (node.number('flags') & intermediateFlag) !== 0,
    depth,
    children: [node.pointer('child[0]'), node.pointer('child[1]')],
  }
}

/** Children are more specific than their parents, so a tree is at most as deep as its keys are long. */
function* postorder(kernel: Kernel, map: MapInfo, problems: Problems): Generator<Node> {
  const seen = new Set<bigint>()
  const path: { readonly node: Node; next: 0 | 1 | 2 }[] = []
  const enter = (address: bigint): void => {
    if (address === 0n) return
    if (seen.has(address)) {
      problems.add(nameOf(address), 'it hangs in the trie twice')
      return
    }
    seen.add(address)
    if (path.length === deepest) {
      problems.add(nameOf(address), `the trie is deeper than ${deepest}`)
      return
    }
    const node = problems.attempt(nameOf(address), () => readNode(kernel, address, path.length))
    if (node === undefined) return
    const parent = path.at(-1)?.node
    if (parent !== undefined && node.prefixLength <= parent.prefixLength) {
      problems.add(nameOf(address), 'its prefix is not longer than its parent’s')
    }
    path.push({ node, next: 0 })
  }
  enter(kernel.struct('lpm_trie', map.address).pointer('root'))
  for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
    if (at.next === 2) {
      path.pop()
      yield at.node
    } else {
      const child = at.node.children[at.next]
      at.next = at.next === 0 ? 1 : 2
      enter(child)
    }
  }
}

function longestMatch(kernel: Kernel, map: MapInfo, key: Uint8Array): Node | undefined {
  const dataSize = key.length - dataOffset
  const bits = Math.min(new DataView(key.buffer, key.byteOffset).getUint32(0, true), dataSize * 8)
  const data = key.subarray(dataOffset)
  let found: Node | undefined
  let at = kernel.struct('lpm_trie', map.address).pointer('root')
  for (let depth = 0; at !== 0n && depth <= deepest; depth++) {
    const node = readNode(kernel, at, depth)
    const own = kernel.space.bytes(kernel.struct('lpm_trie_node', at).at('data'), dataSize)
    const limit = Math.min(node.prefixLength, bits)
    if (sharedBits(own, data, limit) < node.prefixLength) return found
    if (!node.intermediate) found = node
    if (node.prefixLength >= dataSize * 8) return found
    at = node.children[bitAt(data, node.prefixLength)]
  }
  return found
}

function sharedBits(a: Uint8Array, b: Uint8Array, limit: number): number {
  for (let i = 0; i * 8 < limit; i++) {
    const different = (a[i] ?? 0) ^ (b[i] ?? 0)
    if (different !== 0) return Math.min(limit, i * 8 + Math.clz32(different) - 24)
  }
  return limit
}

function bitAt(data: Uint8Array, index: number): 0 | 1 {
  return (((data[index >> 3] ?? 0) >> (7 - (index & 7))) & 1) === 1 ? 1 : 0
}

function readEntry(kernel: Kernel, map: MapInfo, node: Node): RawEntry {
  const dataSize = map.keySize - dataOffset
  if (dataSize <= 0)
    throw new CryoscopeError('unreadable', `a key of ${map.keySize} bytes has no room for a prefix`)
  const dataAt = kernel.struct('lpm_trie_node', node.address).at('data')
  const key = new Uint8Array(map.keySize)
  new DataView(key.buffer).setUint32(0, node.prefixLength, true)
  key.set(kernel.space.bytes(dataAt, dataSize), dataOffset)
  const address = dataAt + BigInt(dataSize)
  return {
    key,
    values: [{ bytes: kernel.space.bytes(address, map.valueSize), address }],
    notes: { prefixLength: node.prefixLength, depth: node.depth },
  }
}

function nameOf(address: bigint): string {
  return `node at 0x${address.toString(16)}`
}
