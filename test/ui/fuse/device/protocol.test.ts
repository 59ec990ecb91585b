import { describe, expect, it } from 'vitest'
import {
  attributesSize,
  direntLength,
  entrySize,
  putAttributes,
  putDirent,
  putEntry,
  Request,
} from '../../../../src/ui/fuse/device/protocol.js'

const owner = { uid: 1000, gid: 100 }
const status = { mode: 0o100400, size: 2 ** 32 + 5, blocks: 9, links: 1, time: new Date(1_700_000_000_250) }

describe('requests', () => {
  it('have their header and numbers where the kernel puts them', () => {
    const bytes = Buffer.alloc(60)
    bytes.writeUInt32LE(60, 0)
    bytes.writeUInt32LE(15, 4)
    bytes.writeBigUInt64LE(0xfedcba9876543210n, 8)
    bytes.writeBigUInt64LE(7n, 16)
    bytes.writeBigUInt64LE(0x1_0000_0002n, 40)
    bytes.write('comm\0x', 48)
    const request = new Request(bytes)
    expect([request.opcode, request.unique, request.node]).toEqual([15, 0xfedcba9876543210n, 7])
    expect(request.long(0)).toBe(0x1_0000_0002)
    expect(request.text(8)).toBe('comm')
  })

  it('give copies of what they carry', () => {
    const bytes = Buffer.alloc(44, 'a')
    const carried = new Request(bytes).bytes(0, 4)
    bytes.fill('b')
    expect(carried.toString()).toBe('aaaa')
  })
})

describe('answers', () => {
  it('put struct fuse_attr as the kernel reads it', () => {
    const out = Buffer.alloc(attributesSize, 0xff)
    putAttributes(out, 0, 3, status, owner)
    expect(out.readBigUInt64LE(0)).toBe(3n)
    expect(out.readBigUInt64LE(8)).toBe(0x1_0000_0005n)
    expect(out.readBigUInt64LE(16)).toBe(9n)
    expect([24, 32, 40].map((at) => out.readBigUInt64LE(at))).toEqual([
      1_700_000_000n,
      1_700_000_000n,
      1_700_000_000n,
    ])
    expect([48, 52, 56].map((at) => out.readUInt32LE(at))).toEqual([250e6, 250e6, 250e6])
    expect([60, 64, 68, 72, 76, 80, 84].map((at) => out.readUInt32LE(at))).toEqual([
      0o100400, 1, 1000, 100, 0, 4096, 0,
    ])
  })

  it('put struct fuse_entry_out with the seconds that it holds', () => {
    const out = Buffer.alloc(entrySize, 0xff)
    putEntry(out, 0, 9, status, owner, { names: 60, attributes: 2 })
    expect([0, 8, 16, 24, 32].map((at) => out.readBigUInt64LE(at))).toEqual([9n, 0n, 60n, 2n, 0n])
    expect(out.readBigUInt64LE(40)).toBe(9n)
  })

  it('put names of directories aligned, and none that does not fit', () => {
    const out = Buffer.alloc(64, 0xff)
    const entry = { node: 5, next: 4, name: Buffer.from('by-id'), mode: 0o040500 }
    expect(putDirent(out, 8, 64, entry)).toBe(32)
    expect(direntLength(entry.name)).toBe(32)
    expect(out.readBigUInt64LE(8)).toBe(5n)
    expect(out.readBigUInt64LE(16)).toBe(4n)
    expect([out.readUInt32LE(24), out.readUInt32LE(28)]).toEqual([5, 4])
    expect(out.toString('latin1', 32, 40)).toBe('by-id\0\0\0')
    expect(putDirent(out, 40, 64, entry)).toBe(0)
  })
})
