import type { Problems } from '../../problems.js'
import type { Kernel } from '../kernel.js'
import { nodeLimit } from './list.js'
import { hex } from './word.js'

/** An entry that is a pointer to an object. */
export interface XarrayEntry {
  readonly index: number
  readonly pointer: bigint
}

/** XA_CHUNK_SHIFT; an xa_node has 64 slots. */
const chunkShift = 6

/**
 * Objects of an xarray in index order (include/linux/xarray.h). Walks the tree, so indexes need not be known. Nodes whose
 * shift does not fall by one level are refused, which also bounds the walk. A node that counts other than its slots has
 * lost some, which is a problem too.
 */
export function xarrayEntries(
  kernel: Kernel,
  address: bigint,
  problems: Problems,
  where = `xarray at ${hex(address)}`,
): Generator<XarrayEntry> {
  return walkTree({ kernel, problems, where, objectsOnly: false, seen: new Set() }, address)
}

/**
 * Objects of an idr (include/linux/idr.h): its tree holds them under id - idr_base. Idrs of the kernel hold pointers and
 * nothing else; other entries are problems.
 */
export function* idrEntries(
  kernel: Kernel,
  address: bigint,
  problems: Problems,
  where = `idr at ${hex(address)}`,
): Generator<XarrayEntry> {
  const idr = kernel.struct('idr', address)
  const base = problems.attempt(where, () => idr.number('idr_base'))
  if (base === undefined) return
  // idr_rt is a radix_tree_root, which is xarray by #define.
  const walk: Walk = { kernel, problems, where, objectsOnly: true, seen: new Set() }
  for (const { index, pointer } of walkTree(walk, idr.at('idr_rt'))) yield { index: index + base, pointer }
}

interface Walk {
  readonly kernel: Kernel
  readonly problems: Problems
  readonly where: string
  /** Whether anything but a pointer is damage. */
  readonly objectsOnly: boolean
  /** A node has one parent; a second way to it is corruption, and could multiply the walk without end. */
  readonly seen: Set<bigint>
}

function* walkTree(walk: Walk, address: bigint): Generator<XarrayEntry> {
  const { kernel, problems, where } = walk
  const head = problems.attempt(where, () => kernel.struct('xarray', address).pointer('xa_head'))
  if (head !== undefined) yield* entry(walk, head, 0, undefined)
}

function* entry(
  walk: Walk,
  value: bigint,
  index: number,
  parentShift: number | undefined,
): Generator<XarrayEntry> {
  const tag = value & 3n
  if (value === 0n) return
  if (tag === 2n && value > 4096n) {
    const found = readNode(walk, value - 2n, parentShift)
    if (found === undefined) return
    for (const [i, slot] of found.slots.entries()) {
      if (slot !== 0n) yield* entry(walk, slot, index + i * 2 ** found.shift, found.shift)
    }
  } else if (tag === 0n) yield { index, pointer: value }
  // Value entries (odd) and internal marks (retry, zero, sibling) are no objects.
  else if (walk.objectsOnly) {
    const place = parentShift === undefined ? 'its root' : `its entry ${index}`
    walk.problems.add(walk.where, `${place} is ${hex(value)}, which is no object`)
  }
}

interface Node {
  readonly shift: number
  readonly slots: readonly bigint[]
}

/** Undefined, with a problem, for what is no node. */
function readNode(walk: Walk, address: bigint, parentShift: number | undefined): Node | undefined {
  const { kernel, problems, seen } = walk
  const where = `${walk.where}, xa_node at ${hex(address)}`
  const refused = (why: string): undefined => {
    problems.add(where, why)
    return undefined
  }
  if (seen.has(address)) return refused('it hangs in the tree twice')
  if (seen.size === nodeLimit) return refused(`the tree has more than ${nodeLimit} nodes`)
  seen.add(address)
  return problems.attempt(where, () => {
    const reader = kernel.struct('xa_node', address)
    const shift = reader.number('shift')
    const expected = parentShift === undefined ? shift : parentShift - chunkShift
    if (shift !== expected || shift % chunkShift !== 0 || shift > 60) {
      return refused(`it has shift ${shift} where ${expected} belongs`)
    }
    const bytes = reader.bytes('slots')
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const slots: bigint[] = []
    for (let at = 0; at + 8 <= bytes.length; at += 8) slots.push(view.getBigUint64(at, true))
    const taken = slots.filter((slot) => slot !== 0n).length
    const count = reader.number('count')
    if (count !== taken) problems.add(where, `it counts ${count} slots, ${taken} are taken`)
    return { shift, slots }
  })
}
