/** A state of a machine in a qcow2 image. */
export interface SavedState {
  readonly name: string
  readonly seconds: number
  readonly state: Uint8Array
}

export interface Qcow2Spec {
  readonly clusterBits?: number
  readonly diskLength?: number
  readonly version?: 2 | 3
  readonly snapshots: readonly SavedState[]
}

/**
 * A qcow2 image (QEMU docs/interop/qcow2.rst) with an empty disk and snapshots whose state lies in clusters in reverse
 * order, each behind an unused one.
 */
export function buildQcow2({
  clusterBits = 9,
  diskLength = 2 ** 20,
  version = 3,
  snapshots,
}: Qcow2Spec): Buffer {
  const size = 2 ** clusterBits
  const entries = size / 8
  const clusters: Buffer[] = []
  const take = (count: number): number => {
    const at = clusters.length
    for (let i = 0; i < count; i++) clusters.push(Buffer.alloc(size))
    return at
  }
  const put = (cluster: number, at: number, write: (buffer: Buffer, at: number) => void): void => {
    write(clusters[cluster + Math.floor(at / size)] as Buffer, at % size)
  }
  const head = clusters[take(1)] as Buffer
  const table: Buffer[] = []
  for (const { name, seconds, state } of snapshots) {
    const first = Math.ceil(diskLength / (size * entries)) * entries
    const count = Math.ceil(state.length / size)
    const l1Count = Math.ceil((first + count) / entries)
    const l1 = take(Math.ceil((l1Count * 8) / size))
    const l2 = new Map<number, number>()
    for (let i = count - 1; i >= 0; i--) {
      take(1)
      const place = take(1)
      ;(clusters[place] as Buffer).set(state.subarray(i * size, (i + 1) * size))
      const index = Math.floor((first + i) / entries)
      let at = l2.get(index)
      if (at === undefined) {
        at = take(1)
        l2.set(index, at)
        const entry = 2n ** 63n + BigInt(at * size)
        put(l1, index * 8, (buffer, where) => buffer.writeBigUInt64BE(entry, where))
      }
      const entry = 2n ** 63n + BigInt(place * size)
      put(at, ((first + i) % entries) * 8, (buffer, where) => buffer.writeBigUInt64BE(entry, where))
    }
    const id = Buffer.from(String(table.length + 1))
    const called = Buffer.from(name)
    const entry = Buffer.alloc(Math.ceil((40 + 24 + id.length + called.length) / 8) * 8)
    entry.writeBigUInt64BE(BigInt(l1 * size), 0)
    entry.writeUInt32BE(l1Count, 8)
    entry.writeUInt16BE(id.length, 12)
    entry.writeUInt16BE(called.length, 14)
    entry.writeUInt32BE(seconds, 16)
    entry.writeUInt32BE(state.length, 32)
    entry.writeUInt32BE(24, 36)
    entry.writeBigUInt64BE(BigInt(state.length), 40)
    entry.writeBigUInt64BE(BigInt(diskLength), 48)
    entry.set(id, 64)
    entry.set(called, 64 + id.length)
    table.push(entry)
  }
  const list = Buffer.concat(table)
  const listAt = take(Math.ceil(list.length / size))
  for (let at = 0; at < list.length; at++)
    put(listAt, at, (buffer, where) => buffer.writeUInt8(list[at] as number, where))
  head.writeUInt32BE(0x514649fb, 0)
  head.writeUInt32BE(version, 4)
  head.writeUInt32BE(clusterBits, 20)
  head.writeBigUInt64BE(BigInt(diskLength), 24)
  head.writeUInt32BE(snapshots.length, 60)
  head.writeBigUInt64BE(BigInt(listAt * size), 64)
  return Buffer.concat(clusters)
}
