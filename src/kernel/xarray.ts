import { MemoryFault } from '../memory/fault.js'
import type { Kernel } from './kernel.js'
import { nodeLimit } from './lists.js'

/** An entry that is a pointer to an object. */
export interface XarrayEntry {
  readonly index: number
  readonly pointer: bigint
}

/** XA_CHUNK_SIZE: slots of an xa_node, unless BTF says otherwise. */
const chunkShift = 6

/**
 * Objects of an xarray in index order (include/linux/xarray.h). Walks the tree, so indexes need not be known. Nodes whose
 * shift does not fall by one level are refused, which also bounds the walk; problems are pushed as sentences.
 */
export function* xarrayEntries(
  kernel: Kernel,
  address: bigint,
  problems: string[] = [],
): Generator<XarrayEntry> {
  const head = kernel.struct('xarray', address).pointer('xa_head')
  yield* entry({ kernel, problems, seen: new Set() }, head, 0, undefined)
}

/** Objects of an idr: its tree holds them under id - idr_base. */
export function* idrEntries(
  kernel: Kernel,
  address: bigint,
  problems: string[] = [],
): Generator<XarrayEntry> {
  const idr = kernel.struct('idr', address)
  const base = idr.number('idr_base')
  // idr_rt is a radix_tree_root, which is xarray by #define.
  for (const { index, pointer } of xarrayEntries(kernel, idr.at('idr_rt'), problems)) {
    yield { index: index + base, pointer }
  }
}

interface Walk {
  readonly kernel: Kernel
  readonly problems: string[]
  /** A node has one parent; a second way to it is corruption, and could multiply the walk without end. */
  readonly seen: Set<bigint>
}

function* entry(
  walk: Walk,
  value: bigint,
  index: number,
  parentShift: number | undefined,
): Generator<XarrayEntry> {
  const tag = value & 3n
  if (tag === 2n && value > 4096n) {
    yield* node(walk, value - 2n, index, parentShift)
    return
  }
  // Value entries (odd) and internal marks (retry, zero, sibling) are no objects.
  if (value !== 0n && tag === 0n) yield { index, pointer: value }
}

function* node(
  walk: Walk,
  address: bigint,
  base: number,
  parentShift: number | undefined,
): Generator<XarrayEntry> {
  const { kernel, problems, seen } = walk
  if (seen.has(address)) {
    problems.push(`xa_node at 0x${address.toString(16)} hangs in the tree twice`)
    return
  }
  if (seen.size === nodeLimit) {
    problems.push(`xarray has more than ${nodeLimit} nodes`)
    return
  }
  seen.add(address)
  const slots: bigint[] = []
  let shift: number
  try {
    const reader = kernel.struct('xa_node', address)
    shift = reader.number('shift')
    const expected = parentShift === undefined ? shift : parentShift - chunkShift
    if (shift !== expected || shift % chunkShift !== 0 || shift > 60) {
      problems.push(`xa_node at 0x${address.toString(16)} has shift ${shift} where ${expected} belongs`)
      return
    }
    const bytes = reader.bytes('slots')
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let at = 0; at + 8 <= bytes.length; at += 8) slots.push(view.getBigUint64(at, true))
  } catch (error) {
    if (!(error instanceof MemoryFault)) throw error
    problems.push(`xa_node at 0x${address.toString(16)}: ${error.message}`)
    return
  }
  for (const [i, value] of slots.entries()) {
    if (value !== 0n) yield* entry(walk, value, base + i * 2 ** shift, shift)
  }
}
