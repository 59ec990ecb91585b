import type { Problems } from '../../problems.js'
import type { Kernel } from '../kernel.js'
import { nodeLimit } from './list.js'
import { hex } from './word.js'

/** An entry that is a pointer to an object, and the range of indexes that it stands for, both ends included. */
export interface MapleEntry {
  readonly first: bigint
  readonly last: bigint
  readonly pointer: bigint
}

/** MAPLE_NODE_MASK: nodes are 256 bytes, aligned; the bits below tell what a pointer to one leads to. */
const nodeMask = 255n
/** MAPLE_ENODE_TYPE_SHIFT and MAPLE_NODE_TYPE_MASK. */
const typeShift = 3n
const typeMask = 15n
/** MAPLE_HEIGHT_MAX. */
const depthLimit = 31
const everything = 2n ** 64n - 1n

/**
 * Objects of a maple tree in the order of their indexes (struct maple_tree, include/linux/maple_tree.h, lib/maple_tree.c).
 * A node divides its range at pivots: slot i holds what lies behind pivot i - 1, up to pivot i. Nodes whose ranges leave
 * their parent's are cut there; what falls short is a problem of `where`.
 */
export function* mapleEntries(
  kernel: Kernel,
  address: bigint,
  problems: Problems,
  where = `maple tree at ${hex(address)}`,
): Generator<MapleEntry> {
  const root = problems.attempt(where, () => kernel.struct('maple_tree', address).pointer('ma_root'))
  if (root === undefined || root === 0n) return
  const walk: Walk = { kernel, problems, where, kinds: nodeKinds(kernel), seen: new Set() }
  // A tree of one entry at index 0 needs no node.
  if (!isNode(root)) yield* entry(root, 0n, 0n)
  else yield* node(walk, root, 0n, everything, address | 1n, 0)
}

/** How nodes of one type are laid out (enum maple_type). */
interface NodeKind {
  readonly name: string
  readonly isLeaf: boolean
  readonly pivots: { readonly offset: number; readonly count: number }
  readonly slots: { readonly offset: number; readonly count: number }
  /** Where a node that is not full says which slot is its last. */
  readonly end: number | undefined
}

interface Walk {
  readonly kernel: Kernel
  readonly problems: Problems
  readonly where: string
  readonly kinds: ReadonlyMap<number, NodeKind>
  readonly seen: Set<bigint>
}

/** xa_is_node: internal entries above the reserved ones. */
function isNode(value: bigint): boolean {
  return (value & 3n) === 2n && value > 4096n
}

/** Values (odd) and marks such as XA_ZERO_ENTRY are no objects. */
function* entry(value: bigint, first: bigint, last: bigint): Generator<MapleEntry> {
  if (value !== 0n && (value & 3n) === 0n) yield { first, last, pointer: value }
}

function* node(
  walk: Walk,
  encoded: bigint,
  min: bigint,
  max: bigint,
  parent: bigint,
  depth: number,
): Generator<MapleEntry> {
  const address = encoded & ~nodeMask
  const found = readNode(walk, address, Number((encoded >> typeShift) & typeMask), parent, max, depth)
  if (found === undefined) return
  const { kind, slots, pivots } = found
  let first = min
  for (const [i, slot] of slots.entries()) {
    const pivot = pivots[i] ?? max
    // A pivot that was not written ends the node: what stands there reaches to the node's end.
    const last = pivot === 0n && i > 0 ? max : pivot
    if (last < first || last > max) {
      walk.problems.add(
        `${walk.where}, maple_node at ${hex(address)}`,
        `pivot ${i} is ${hex(last)}, outside of ${hex(first)} to ${hex(max)}`,
      )
      return
    }
    if (kind.isLeaf) yield* entry(slot, first, last)
    else if (slot !== 0n) yield* node(walk, slot, first, last, address, depth + 1)
    if (last === max) return
    first = last + 1n
  }
}

interface Node {
  readonly kind: NodeKind
  /** As far as they are in use. */
  readonly slots: readonly bigint[]
  readonly pivots: readonly bigint[]
}

/** Undefined, with a problem, for what is no node of the tree. */
function readNode(
  { kernel, problems, kinds, seen, where: tree }: Walk,
  address: bigint,
  type: number,
  parent: bigint,
  max: bigint,
  depth: number,
): Node | undefined {
  const where = `${tree}, maple_node at ${hex(address)}`
  const refused = (why: string): undefined => {
    problems.add(where, why)
    return undefined
  }
  const kind = kinds.get(type)
  if (kind === undefined) return refused(`its type is ${type}, which this kernel does not have`)
  if (seen.has(address)) return refused('it hangs in the tree twice')
  if (seen.size === nodeLimit || depth > depthLimit) return refused('the tree is too large to be one')
  seen.add(address)
  return problems.attempt(where, () => {
    const layout = kernel.layouts.get('maple_node')
    const bytes = kernel.space.bytes(address, layout.size)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const words = ({ offset, count }: { offset: number; count: number }): bigint[] =>
      Array.from({ length: count }, (_, i) => view.getBigUint64(offset + i * 8, true))
    const up = view.getBigUint64(layout.offset('parent'), true)
    // The kernel lets a node that it frees be its own parent; the root's is the tree, with a mark.
    if ((up & ~nodeMask) === address) return refused('it has been freed')
    const isOther = depth === 0 ? up !== parent : (up & ~nodeMask) !== parent
    if (isOther) problems.add(where, `its parent is ${hex(up)}, not the node that leads here`)
    const pivots = words(kind.pivots)
    const end = lastSlot(kind, pivots, max, kind.end === undefined ? 0 : view.getUint8(kind.end))
    return { kind, pivots, slots: words(kind.slots).slice(0, end + 1) }
  })
}

/** ma_data_end(): a node that is not full says in its last bytes how far it goes. */
function lastSlot(kind: NodeKind, pivots: readonly bigint[], max: bigint, said: number): number {
  const last = pivots.length - 1
  if (last < 0) return kind.slots.count - 1
  if (kind.name === 'maple_arange_64' || pivots[last] === 0n) return Math.min(said, kind.slots.count - 1)
  return pivots[last] === max ? last : last + 1
}

/** By their number in enum maple_type; those that BTF does not describe cannot be walked. */
function nodeKinds(kernel: Kernel): ReadonlyMap<number, NodeKind> {
  const kinds = new Map<number, NodeKind>()
  const type = kernel.types.find('maple_type', 'enum')
  const layout = kernel.layouts.find('maple_node')
  if (type?.kind !== 'enum' || layout === undefined) return kinds
  const place = (path: string): { offset: number; count: number } => ({
    offset: layout.offset(path),
    count: layout.sizeOf(path) / 8,
  })
  for (const [name, isLeaf, member] of [
    ['maple_leaf_64', true, 'mr64'],
    ['maple_range_64', false, 'mr64'],
    ['maple_arange_64', false, 'ma64'],
  ] as const) {
    const number = type.valueOf(name)
    if (number === undefined || !layout.has(`${member}.pivot`)) continue
    kinds.set(Number(number), {
      name,
      isLeaf,
      pivots: place(`${member}.pivot`),
      slots: place(`${member}.slot`),
      end: layout.find(`${member}.meta.end`)?.offset,
    })
  }
  return kinds
}
