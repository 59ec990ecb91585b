import { strip } from '../../btf/layout.js'
import type { StructType } from '../../btf/types.js'
import type { Detail, Details } from '../../contract/details.js'
import type { StructReader } from '../../kernel/struct-reader.js'
import { counted, Problems } from '../../problems.js'
import { makeValue } from '../../value/value.js'
import { rangesText, readBits } from './bitmap.js'
import {
  type ContainerEntry,
  type ContainerReader,
  enumText,
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

/** Levels that a tree may have: the library's has five. */
const deepest = 32

/** struct topology of lib/topology.h: nodes, caches, cores and CPUs from the whole down, each with its CPUs. */
export const topologyReader: ContainerReader = {
  kind: 'topology',
  structs: ['topology'],
  fits: (type) =>
    hasMembers(type, {
      parent: 'pointer',
      nr_children: 'integer',
      mask: 'pointer',
      children: 'array',
      level: 'integer',
    }),
  top({ kernel, arena, type, address }) {
    let at = address
    for (let n = 0; n < deepest; n++) {
      const parent = follow(arena, readerAt(kernel, type, at).pointer('parent'))
      if (parent === undefined || parent === null) return at
      at = parent
    }
    return address
  },
  parts(subject, problems) {
    return walk(subject, problems).nodes.flatMap(({ mask }) => mask ?? [])
  },
  read(subject, problems) {
    const { arena, type } = subject
    const { nodes, lost } = walk(subject, problems)
    const counts: Record<string, Detail> = {}
    const entries = nodes.map(({ address, depth, level, ids, cpus, id }, index): ContainerEntry => {
      counts[level] = Number(counts[level] ?? 0) + 1
      return {
        index,
        key: id,
        depth,
        address: userAddress(arena, address),
        get value() {
          return makeValue(arena.context, type, address)
        },
        get object() {
          return objectNamed(arena, userAddress(arena, address))
        },
        details: { level, ids, cpus },
      }
    })
    return { entries, count: counted(entries.length, lost), state: { levels: counts as Details } }
  },
}

interface Node {
  /** In the kernel. */
  readonly address: bigint
  readonly depth: number
  /** TOPO_LLC where the type has names, else the number. */
  readonly level: string
  /** Its number among those of its level; undefined where this release keeps none. */
  readonly id: bigint | undefined
  /** Its number and those of the levels above it, from the whole down. */
  readonly ids: readonly Detail[] | undefined
  readonly cpus: string | undefined
  /** Kernel address of the bitmap of its CPUs. */
  readonly mask: bigint | undefined
}

/** The nodes of a tree, parents before their children. */
function walk(
  subject: Subject,
  problems: Problems,
): { readonly nodes: readonly Node[]; readonly lost: Problems } {
  const { kernel, arena, type } = subject
  const lost = problems.part()
  const nodes: Node[] = []
  const seen = new Set<bigint>()
  const most = roomFor(arena, type.size)
  const maskType = pointee(arena, type, 'mask')
  const capacity = childrenOf(type)

  const visit = (at: bigint, parent: bigint | null, depth: number): void => {
    const where = `node at ${hex(userAddress(arena, at))}`
    if (seen.has(at) || depth === deepest || seen.size >= most) {
      const why = seen.has(at) ? 'the links lead back to it' : 'the tree is too large to be one'
      lost.add(where, `${why} after ${seen.size} nodes`)
      return
    }
    seen.add(at)
    const read = lost.attempt(where, () => {
      const reader = readerAt(kernel, type, at)
      return {
        reader,
        level: reader.number('level'),
        name: String(enumText(reader, 'level')),
        children: reader.unsigned('nr_children'),
        parent: reader.pointer('parent'),
        mask: follow(arena, reader.pointer('mask')),
      }
    })
    if (read === undefined) return
    const { reader, level, children } = read
    if (follow(arena, read.parent) !== parent) {
      const below = parent === null ? 'nothing' : hex(userAddress(arena, parent))
      problems.add(where, `its parent is ${hex(read.parent)}, and it hangs below ${below}`)
    }
    if (level !== depth)
      problems.add(where, `it says that its level is ${level}, and it hangs on level ${depth}`)
    const mask = typeof read.mask === 'bigint' ? read.mask : undefined
    if (mask === undefined)
      problems.add(where, `its mask is ${read.mask === null ? 'null' : 'outside the arena'}`)
    nodes.push({
      address: at,
      depth,
      level: read.name,
      ...idsOf(reader, level),
      cpus:
        mask === undefined || maskType === undefined
          ? undefined
          : cpusAt(subject, maskType, mask, where, problems),
      mask,
    })
    if (children > BigInt(Math.min(capacity, most))) {
      lost.add(where, `it says that it has ${children} children`)
      return
    }
    for (let n = 0; n < Number(children); n++) {
      const link = lost.attempt(where, () => reader.pointer(`children[${n}]`))
      const child = link === undefined ? undefined : follow(arena, link)
      if (typeof child === 'bigint') visit(child, at, depth + 1)
      else if (link !== undefined)
        lost.add(where, `its child ${n} is ${child === null ? 'null' : 'outside the arena'}`)
      else return
    }
  }

  visit(subject.address, null, 0)
  return { nodes, lost }
}

function cpusAt(
  subject: Subject,
  type: StructType,
  address: bigint,
  where: string,
  problems: Problems,
): string | undefined {
  const own = new Problems()
  const text = own.attempt('mask', () => {
    const { ranges, count } = readBits({ ...subject, type, address }, own)
    return count.whole ? rangesText(ranges) : undefined
  })
  for (const { where: part, why } of own.list) problems.add(`${where}, mask, ${part}`, why)
  return text
}

/** The number of a node on its level: newer releases keep those of the levels above beside it. */
function idsOf(reader: StructReader, level: number): Pick<Node, 'id' | 'ids'> {
  if (reader.has('level_ids')) {
    const array = strip(reader.layout.place('level_ids').type)
    const length = array.kind === 'array' ? array.length : 0
    if (level < 0 || level >= length) return { id: undefined, ids: undefined }
    const ids = Array.from({ length: level + 1 }, (_, n) => reader.integer(`level_ids[${n}]`))
    return { id: ids[level], ids }
  }
  return { id: reader.has('id') ? reader.integer('id') : undefined, ids: undefined }
}

/** How many children a node has room for at most. */
function childrenOf(type: StructType): number {
  const found = type.member('children')
  const array = found === undefined ? undefined : strip(found.type)
  return array?.kind === 'array' && array.length > 0 ? array.length : Number.MAX_SAFE_INTEGER
}
