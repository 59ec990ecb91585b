import { strip } from '../../btf/layout.js'
import type { StructType } from '../../btf/types.js'
import { counted, type Problems } from '../../problems.js'
import type { ArrayValue, Value } from '../../value/types.js'
import { makeReference } from '../../value/value.js'
import type { ArenaReader } from '../arena/reader.js'
import {
  type ContainerEntry,
  type ContainerReader,
  follow,
  hasMembers,
  hex,
  objectNamed,
  pointee,
  readerAt,
  roomFor,
  type Subject,
  userAddress,
} from './reading.js'

/** BT_F_LEAF of lib/btree.h. */
const isLeafFlag = 1n
/** Nodes of ten keys: deeper ones hold more keys than an arena has bytes. */
const deepest = 32

/** struct btree of lib/btree.h: keys and values of its leaves in the order of the keys. */
export const btreeReader: ContainerReader = {
  kind: 'btree',
  structs: ['btree'],
  fits: (type) => hasMembers(type, { root: 'pointer', freelist: 'pointer' }),
  read(subject, problems) {
    const lost = problems.part()
    const entries: ContainerEntry[] = []
    const walk = new Walk(subject, problems, lost, entries)
    walk.run()
    return {
      entries,
      count: counted(entries.length, lost),
      state: { nodes: walk.nodes, levels: walk.levels },
    }
  },
}

class Walk {
  readonly #subject: Subject
  readonly #problems: Problems
  readonly #lost: Problems
  readonly #entries: ContainerEntry[]
  readonly #seen = new Set<bigint>()
  #lastKey: bigint | undefined
  levels = 0

  constructor(subject: Subject, problems: Problems, lost: Problems, entries: ContainerEntry[]) {
    this.#subject = subject
    this.#problems = problems
    this.#lost = lost
    this.#entries = entries
  }

  get nodes(): number {
    return this.#seen.size
  }

  run(): void {
    const { kernel, arena, type, address } = this.#subject
    const nodeType = pointee(arena, type, 'root')
    const slots = nodeType === undefined ? 0 : arrayLength(nodeType, 'keys')
    if (nodeType === undefined || slots === 0 || !hasMembers(nodeType, nodeMembers)) {
      this.#lost.add(
        'tree',
        'its nodes are of a type that is not known to the programs here, or of another layout',
      )
      return
    }
    const root = this.#lost.attempt('root', () => readerAt(kernel, type, address).pointer('root'))
    if (root === undefined || root === 0n) return
    this.#node(nodeType, slots, root, null, 0)
  }

  #node(type: StructType, slots: number, link: bigint, parent: bigint | null, depth: number): void {
    const { kernel, arena } = this.#subject
    const where = `node at ${hex(link)}`
    const at = follow(arena, link)
    const why =
      at === null
        ? 'a child that must be there is null'
        : at === undefined
          ? 'it is outside the arena'
          : this.#seen.has(at)
            ? `the links lead back to it after ${this.nodes} nodes`
            : depth === deepest || this.nodes >= roomFor(arena, type.size)
              ? `the tree is too large to be one, after ${this.nodes} nodes`
              : undefined
    if (typeof at !== 'bigint' || why !== undefined) {
      this.#lost.add(where, why ?? '')
      return
    }
    this.#seen.add(at)
    this.levels = Math.max(this.levels, depth + 1)
    const read = this.#lost.attempt(where, () => {
      const reader = readerAt(kernel, type, at)
      const words = (member: string): bigint[] =>
        Array.from({ length: slots }, (_, n) => kernel.space.u64(reader.at(`${member}[${n}]`)))
      return {
        keys: words('keys'),
        values: words('values'),
        count: reader.unsigned('numkeys'),
        isLeaf: (reader.integer('flags') & isLeafFlag) !== 0n,
        parent: reader.pointer('parent'),
      }
    })
    if (read === undefined) return
    // An inner node has one child more than keys.
    const most = read.isLeaf ? slots : slots - 1
    if (read.count > BigInt(most)) {
      this.#lost.add(where, `it says that it has ${read.count} keys, of at most ${most}`)
      return
    }
    if (follow(arena, read.parent) !== parent) {
      const below = parent === null ? 'nothing' : hex(userAddress(arena, parent))
      this.#problems.add(where, `its parent is ${hex(read.parent)}, and it hangs below ${below}`)
    }
    const count = Number(read.count)
    if (read.isLeaf) {
      for (let n = 0; n < count; n++)
        this.#entry(type, at, n, read.keys[n] as bigint, read.values[n] as bigint, depth)
    } else {
      for (let n = 0; n <= count; n++) this.#node(type, slots, read.values[n] as bigint, at, depth + 1)
    }
  }

  #entry(type: StructType, node: bigint, n: number, key: bigint, word: bigint, depth: number): void {
    const { arena } = this.#subject
    if (this.#lastKey !== undefined && key <= this.#lastKey)
      this.#problems.add(
        `node at ${hex(userAddress(arena, node))}`,
        `its key ${key} comes after ${this.#lastKey}`,
      )
    this.#lastKey = key
    this.#entries.push({
      index: this.#entries.length,
      key,
      depth,
      address: userAddress(arena, node),
      get value() {
        return elementOf(arena, type, node, 'values', n)
      },
      get object() {
        return objectNamed(arena, word)
      },
      details: { slot: n },
    })
  }
}

const nodeMembers = {
  keys: 'array',
  values: 'array',
  numkeys: 'integer',
  flags: 'integer',
  parent: 'pointer',
} as const

function arrayLength(type: StructType, member: string): number {
  const found = type.member(member)
  const array = found === undefined ? undefined : strip(found.type)
  return array?.kind === 'array' ? array.length : 0
}

/** An element of an array member: an integer in which the programs keep a pointer as that pointer. */
function elementOf(arena: ArenaReader, type: StructType, address: bigint, member: string, n: number): Value {
  const struct = makeReference(arena.context, type, address)
  if (struct.$kind !== 'struct') return struct as Value
  const found = (struct.$member(member) as ArrayValue).$element(n)
  return found.$kind === 'scalar' ? found.$value : (found as Value)
}
