import type { StructType } from '../../btf/types.js'
import type { StructReader } from '../../kernel/struct-reader.js'
import { counted, type Problems } from '../../problems.js'
import type { Value } from '../../value/types.js'
import type { ArenaReader } from '../arena/reader.js'
import {
  type ContainerReader,
  enumText,
  follow,
  hasMembers,
  hex,
  memberValue,
  objectNamed,
  pointee,
  readerAt,
  roomFor,
  type Subject,
  userAddress,
} from './reading.js'

/** A red-black tree deeper than this holds more nodes than an arena has bytes. */
const deepest = 128

/** A node of a tree. */
export interface TreeNode {
  /** In the kernel. */
  readonly address: bigint
  readonly key: bigint
  /** Its value as it is stored. */
  readonly word: bigint
  readonly isRed: boolean
  readonly depth: number
}

/** What a walk came to: `lost` took in what is missing from `nodes`. */
export interface TreeWalk {
  readonly type: StructType | undefined
  readonly nodes: readonly TreeNode[]
  readonly lost: Problems
}

/** struct rbtree of lib/rbtree.h: its nodes in the order of their keys. */
export const rbtreeReader: ContainerReader = {
  kind: 'rbtree',
  structs: ['rbtree'],
  fits: isTree,
  read(subject, problems) {
    const { arena, type } = subject
    const walk = walkTree(subject, problems)
    const reader = readerAt(subject.kernel, type, subject.address)
    const state = problems.attempt('tree', () => ({
      ...(reader.has('alloc') && { alloc: enumText(reader, 'alloc') }),
      ...(reader.has('insert') && { insert: enumText(reader, 'insert') }),
    }))
    const entries = walk.nodes.map((node, index) => ({
      index,
      key: node.key,
      depth: node.depth,
      address: userAddress(arena, node.address),
      get value(): Value {
        return memberValue(arena, walk.type as StructType, node.address, 'value')
      },
      get object() {
        return objectNamed(arena, node.word) ?? enclosing(arena, node.address)
      },
      details: { isRed: node.isRed },
    }))
    return { entries, count: counted(entries.length, walk.lost), state: state ?? {} }
  },
}

export function isTree(type: StructType): boolean {
  return hasMembers(type, { root: 'pointer', freelist: 'pointer' }) && type.name === 'rbtree'
}

/** What a node is embedded in; undefined where it stands for itself. */
function enclosing(arena: ArenaReader, address: bigint): string | undefined {
  const object = arena.context.objectAt?.(address)
  return object === undefined || object.type.name === 'rbnode'
    ? undefined
    : arena.context.symbolize(userAddress(arena, address))
}

const nodeMembers = {
  left: 'pointer',
  right: 'pointer',
  parent: 'pointer',
  key: 'integer',
  value: 'integer',
} as const

/** The nodes of a struct rbtree in order. What links back, lies outside or is not there is left out with a problem. */
export function walkTree({ kernel, arena, type, address }: Subject, problems: Problems): TreeWalk {
  const lost = problems.part()
  const nodeType = pointee(arena, type, 'root')
  if (nodeType === undefined || !hasMembers(nodeType, nodeMembers)) {
    lost.add('tree', 'its nodes are of a type that is not known to the programs here, or of another layout')
    return { type: undefined, nodes: [], lost }
  }
  const root = lost.attempt('root', () => readerAt(kernel, type, address).pointer('root'))
  const nodes: TreeNode[] = []
  const seen = new Set<bigint>()
  const most = roomFor(arena, nodeType.size)
  const path: { readonly node: TreeNode; readonly right: bigint }[] = []

  /** Puts a node and those down its left links on the path. */
  const descend = (first: bigint, above: bigint | null, level: number): void => {
    let parent = above
    let depth = level
    for (let link = first; link !== 0n; depth++) {
      const at = follow(arena, link)
      const where = `node at ${hex(link)}`
      const why =
        typeof at !== 'bigint'
          ? 'it is outside the arena'
          : seen.has(at)
            ? `the links lead back to it after ${seen.size} nodes`
            : depth === deepest || seen.size >= most
              ? `the tree is too large to be one, after ${seen.size} nodes`
              : undefined
      if (typeof at !== 'bigint' || why !== undefined) {
        lost.add(where, why ?? '')
        return
      }
      seen.add(at)
      const read = lost.attempt(where, () => readNode(readerAt(kernel, nodeType, at)))
      if (read === undefined) return
      if (follow(arena, read.parent) !== parent) {
        const below = parent === null ? 'nothing' : hex(userAddress(arena, parent))
        problems.add(where, `its parent is ${hex(read.parent)}, and it hangs below ${below}`)
      }
      path.push({ node: { ...read, address: at, depth }, right: read.right })
      parent = at
      link = read.left
    }
  }

  descend(root ?? 0n, null, 0)
  for (let top = path.pop(); top !== undefined; top = path.pop()) {
    const { node, right } = top
    const last = nodes.at(-1)
    if (last !== undefined && node.key < last.key) {
      const where = `node at ${hex(userAddress(arena, node.address))}`
      problems.add(where, `its key ${node.key} comes after ${last.key}`)
    }
    nodes.push(node)
    descend(right, node.address, node.depth + 1)
  }
  return { type: nodeType, nodes, lost }
}

function readNode(reader: StructReader) {
  return {
    key: reader.unsigned('key'),
    word: reader.unsigned('value'),
    isRed: reader.has('is_red') && reader.integer('is_red') !== 0n,
    left: reader.pointer('left'),
    right: reader.pointer('right'),
    parent: reader.pointer('parent'),
  }
}
