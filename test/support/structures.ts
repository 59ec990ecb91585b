import type { KernelGuest } from './kernel-guest.js'

/** Kernel data structures, linked as the kernel links them. Nodes are addresses that the caller made. */

/** list_head: circular; an empty list points at itself. */
export function writeList(guest: KernelGuest, head: bigint, nodes: readonly bigint[]): void {
  const ring = [head, ...nodes]
  for (const [i, node] of ring.entries()) {
    guest.u64(node, ring[(i + 1) % ring.length] as bigint)
    guest.u64(node + 8n, ring.at(i - 1) as bigint)
  }
}

/** A chain that starts at `head` and ends with `end`: 0 for hlist, a marker for hlist_nulls. */
export function writeChain(guest: KernelGuest, head: bigint, nodes: readonly bigint[], end = 0n): void {
  for (const [i, from] of [head, ...nodes].entries()) guest.u64(from, nodes[i] ?? end)
}

/** The value that ends chain number `n` of a table with hlist_nulls. */
export function nullsMarker(n: number): bigint {
  return (BigInt(n) << 1n) | 1n
}

/** rb_root: a balanced tree of the nodes, in their order. */
export function writeRbtree(guest: KernelGuest, root: bigint, nodes: readonly bigint[]): void {
  const subtree = (from: number, to: number): bigint => {
    if (from >= to) return 0n
    const middle = (from + to) >> 1
    const node = nodes[middle] as bigint
    guest.objects.set('rb_node', node, {
      rb_left: subtree(from, middle),
      rb_right: subtree(middle + 1, to),
    })
    return node
  }
  guest.u64(root, subtree(0, nodes.length))
}

/** xarray: the tree that holds these pointers by index. */
export function writeXarray(guest: KernelGuest, address: bigint, entries: ReadonlyMap<number, bigint>): void {
  const highest = Math.max(0, ...entries.keys())
  let head = entries.get(0) ?? 0n
  if (highest > 0) {
    let shift = 0
    while (highest >= 64 * 2 ** shift) shift += 6
    head = writeXaNode(guest, shift, [...entries])
  }
  guest.objects.set('xarray', address, { xa_head: head })
}

function writeXaNode(
  guest: KernelGuest,
  shift: number,
  entries: readonly (readonly [number, bigint])[],
): bigint {
  const slots = new Map<number, [number, bigint][]>()
  for (const [index, pointer] of entries) {
    const slot = Math.floor(index / 2 ** shift)
    const rest = slots.get(slot) ?? []
    rest.push([index % 2 ** shift, pointer])
    slots.set(slot, rest)
  }
  const node = guest.objects.make('xa_node', { shift, count: slots.size })
  for (const [slot, rest] of slots) {
    const value = shift === 0 ? (rest[0]?.[1] ?? 0n) : writeXaNode(guest, shift - 6, rest)
    guest.u64(node + BigInt(guest.objects.offsetOf('xa_node', `slots[${slot}]`)), value)
  }
  return node + 2n
}

/** idr: an xarray of ids less `base`. */
export function writeIdr(
  guest: KernelGuest,
  address: bigint,
  objects: ReadonlyMap<number, bigint>,
  base = 0,
): void {
  guest.objects.set('idr', address, { idr_base: base })
  const entries = new Map([...objects].map(([id, pointer]) => [id - base, pointer]))
  writeXarray(guest, address + BigInt(guest.objects.offsetOf('idr', 'idr_rt')), entries)
}

/** bucket_table with these chains, one for each bucket; a table of an rhashtable. */
export function writeBucketTable(
  guest: KernelGuest,
  chains: readonly (readonly bigint[])[],
  future = 0n,
): bigint {
  const table = guest.objects.make(
    'bucket_table',
    { size: chains.length, future_tbl: future },
    { extra: chains.length * 8 },
  )
  const first = table + BigInt(guest.objects.offsetOf('bucket_table', 'buckets'))
  for (const [i, nodes] of chains.entries()) writeBucket(guest, first + BigInt(i * 8), nodes)
  return table
}

/** An rhashtable's chain ends with its bucket's address, made odd; an empty one is null. Bit 0 of a bucket is its lock. */
function writeBucket(guest: KernelGuest, bucket: bigint, nodes: readonly bigint[]): void {
  if (nodes.length === 0) return
  writeChain(guest, bucket, nodes, bucket | 1n)
  const locked = (bucket >> 3n) & 1n
  guest.u64(bucket, (nodes[0] as bigint) | locked)
}

/**
 * The same nested (lib/rhashtable.c, nested_bucket_table_alloc): one page of pointers indexed by the low `nest` bits,
 * then pages of 512 each. Parts without entries are not there.
 */
export function writeNestedTable(
  guest: KernelGuest,
  size: number,
  nest: number,
  chains: ReadonlyMap<number, readonly bigint[]>,
): bigint {
  const table = guest.objects.make('bucket_table', { size, nest }, { extra: 8 })
  const top = guest.alloc(4096, 4096)
  guest.u64(table + BigInt(guest.objects.offsetOf('bucket_table', 'buckets')), top)
  const child = (slot: bigint): bigint => {
    const known = Buffer.from(guest.bytesAt(slot, 8)).readBigUInt64LE()
    if (known !== 0n) return known
    const page = guest.alloc(4096, 4096)
    guest.u64(slot, page)
    return page
  }
  for (const [hash, nodes] of chains) {
    let page = child(top + BigInt((hash % 2 ** nest) * 8))
    let rest = Math.floor(hash / 2 ** nest)
    for (let left = Math.floor(size / 2 ** nest); left > 512; left = Math.floor(left / 512)) {
      page = child(page + BigInt((rest % 512) * 8))
      rest = Math.floor(rest / 512)
    }
    writeBucket(guest, page + BigInt(rest * 8), nodes)
  }
  return table
}

/** A range of a maple tree and what it holds; 0n for nothing. */
export interface MapleSegment {
  readonly last: bigint
  readonly pointer: bigint
}

/**
 * maple_tree that divides all indexes into these segments, in order; the last one ends at 2^64 - 1. Leaves have up to 16
 * slots, nodes above them up to 10 (lib/maple_tree.c).
 */
export function writeMaple(guest: KernelGuest, tree: bigint, segments: readonly MapleSegment[]): bigint[] {
  const { objects } = guest
  const made: bigint[] = []
  const place = (node: bigint, path: string): bigint => node + BigInt(objects.offsetOf('maple_node', path))
  const write = (kind: 'mr64' | 'ma64', parts: readonly MapleSegment[]): bigint => {
    const node = guest.alloc(256, 256)
    const pivots = kind === 'mr64' ? 15 : 9
    for (const [i, { last, pointer }] of parts.entries()) {
      if (i < pivots) guest.u64(place(node, `${kind}.pivot[${i}]`), last)
      guest.u64(place(node, `${kind}.slot[${i}]`), pointer)
    }
    // Those of full leaves are their last slot.
    if (kind === 'ma64' || parts.length <= pivots)
      objects.set('maple_node', node, { [`${kind}.meta.end`]: parts.length - 1 })
    made.push(node)
    return node
  }
  const split = <T>(items: readonly T[], size: number): T[][] =>
    Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size))
  let level = split(segments, 16).map((parts): MapleSegment & { node: bigint } => {
    const node = write('mr64', parts)
    return { node, last: parts.at(-1)?.last ?? 0n, pointer: node | (1n << 3n) | 4n }
  })
  while (level.length > 1) {
    level = split(level, 10).map((parts) => {
      const node = write('ma64', parts)
      for (const [i, { node: child }] of parts.entries())
        objects.set('maple_node', child, { parent: node | BigInt(i << 3) | 6n })
      return { node, last: parts.at(-1)?.last ?? 0n, pointer: node | (3n << 3n) | 4n }
    })
  }
  const [root] = level
  if (root === undefined) throw new Error('a tree has one segment at least')
  objects.set('maple_node', root.node, { parent: tree | 1n })
  objects.set('maple_tree', tree, { ma_root: root.pointer | 2n })
  return made
}
