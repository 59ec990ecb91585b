import { libvirtSave } from '../../test/support/libvirt-save.js'
import { plausiblePage } from '../../test/support/packed.js'
import { buildQcow2 } from '../../test/support/qcow2.js'
import { qemuStream } from '../../test/support/qemu-stream.js'
import type { FileBase, Span } from '../damage.js'

const frameSize = 4096

export function limeFiles(): FileBase[] {
  const parts: Buffer[] = []
  const structure: Span[] = []
  let end = 0
  for (const [i, physical] of [frameSize, 2 ** 20, 2 ** 32].entries()) {
    const bytes = plausiblePage(i + 1, (i + 1) * frameSize)
    const head = Buffer.alloc(32)
    head.writeUInt32LE(0x4c694d45, 0)
    head.writeUInt32LE(1, 4)
    head.writeBigUInt64LE(BigInt(physical), 8)
    head.writeBigUInt64LE(BigInt(physical + bytes.length - 1), 16)
    parts.push(head, Buffer.from(bytes))
    structure.push({ start: end, end: end + 32 })
    end += 32 + bytes.length
  }
  const wholeAt = structure.map(({ start }) => start)
  return [{ name: 'three ranges', bytes: Buffer.concat(parts), magic: 4, structure, wholeAt }]
}

function stream(version = 0): Buffer {
  return qemuStream('pc-q35-7.2', 2 ** 20, [
    [
      [0, 'page', version],
      [1, 'zero'],
      [2, 'packed', version],
      [200, 'page'],
    ],
    [
      [0, 'packed', version + 1],
      [7, 'page'],
    ],
  ])
}

/** A page of the stream is 4 KiB behind 8 to 9 bytes: what lies between them is structure. */
function streamSpans(bytes: Uint8Array, from = 0): Span[] {
  return [
    { start: from + 4, end: from + 200 },
    { start: from + 100, end: from + 320 },
    { start: bytes.length - 400, end: bytes.length },
  ]
}

export function streamFiles(): FileBase[] {
  const bytes = stream()
  return [{ name: 'q35', bytes, magic: 4, structure: streamSpans(bytes) }]
}

export function libvirtFiles(): FileBase[] {
  return [true, false].map((isLittle): FileBase => {
    const bytes = libvirtSave(stream(), { isLittle })
    const head = { start: 16, end: 92 }
    return {
      name: isLittle ? 'little endian' : 'big endian',
      bytes,
      magic: 16,
      structure: [head, head, ...streamSpans(bytes, 140)],
    }
  })
}

export function qcow2Files(): FileBase[] {
  return [9, 12].map((clusterBits): FileBase => {
    const bytes = buildQcow2({
      clusterBits,
      snapshots: [
        { name: 'older', seconds: 100, state: stream(3) },
        { name: 'newest', seconds: 300, state: stream() },
      ],
    })
    const tables: Span[] = []
    // Tables of 64-bit places: clusters that begin with one.
    for (let at = 0; at < bytes.length; at += 2 ** clusterBits) {
      const isTable = (bytes[at] as number) === 0x80 && bytes[at + 1] === 0
      if (isTable) tables.push({ start: at, end: at + 64 })
    }
    return {
      name: `clusters of ${2 ** clusterBits}`,
      bytes,
      magic: 4,
      structure: [
        { start: 4, end: 104 },
        ...tables,
        { start: bytes.length - 2 ** clusterBits, end: bytes.length },
      ],
    }
  })
}
