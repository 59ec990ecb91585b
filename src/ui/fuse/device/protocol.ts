/** The kernel's FUSE protocol, version 7 (include/uapi/linux/fuse.h): what is read of requests and written as answers. */
import type { Status } from '../file-system.js'

/** enum fuse_opcode, as far as something is done for it. */
export const opcode = {
  LOOKUP: 1,
  FORGET: 2,
  GETATTR: 3,
  SETATTR: 4,
  READLINK: 5,
  SYMLINK: 6,
  MKNOD: 8,
  MKDIR: 9,
  UNLINK: 10,
  RMDIR: 11,
  RENAME: 12,
  LINK: 13,
  OPEN: 14,
  READ: 15,
  WRITE: 16,
  STATFS: 17,
  RELEASE: 18,
  SETXATTR: 21,
  GETXATTR: 22,
  LISTXATTR: 23,
  REMOVEXATTR: 24,
  FLUSH: 25,
  INIT: 26,
  OPENDIR: 27,
  READDIR: 28,
  RELEASEDIR: 29,
  CREATE: 35,
  INTERRUPT: 36,
  DESTROY: 38,
  BATCH_FORGET: 42,
  FALLOCATE: 43,
  READDIRPLUS: 44,
  RENAME2: 45,
  TMPFILE: 51,
} as const

/** Flags of FUSE_INIT that are asked for where the kernel has them. */
export const initFlags = {
  ASYNC_READ: 1 << 0,
  BIG_WRITES: 1 << 5,
  DO_READDIRPLUS: 1 << 13,
  READDIRPLUS_AUTO: 1 << 14,
  PARALLEL_DIROPS: 1 << 18,
  MAX_PAGES: 1 << 22,
  CACHE_SYMLINKS: 1 << 23,
} as const

export const openFlags = { DIRECT_IO: 1, KEEP_CACHE: 2, CACHE_DIR: 8, NOFLUSH: 32 } as const

/** enum fuse_notify_code: what is said without being asked. */
export const notice = { INVAL_INODE: 2, STORE: 4 } as const

/** FATTR_SIZE of fuse_setattr_in.valid. */
export const setsSize = 1 << 3

export const inHeaderSize = 40
export const outHeaderSize = 16
/** struct fuse_attr. */
export const attributesSize = 88
/** struct fuse_entry_out. */
export const entrySize = 40 + attributesSize
/** What one write may carry; requests fit into this and a page. */
export const largestWrite = 128 * 1024
/** Pages of the largest read: 1 MiB. */
export const mostPages = 256

/** struct fuse_in_header and what follows. */
export class Request {
  readonly #bytes: Buffer
  readonly opcode: number
  readonly unique: bigint
  readonly node: number

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.opcode = bytes.readUInt32LE(4)
    this.unique = bytes.readBigUInt64LE(8)
    this.node = this.#number(16)
  }

  /** A 32-bit word at an offset behind the header. */
  word(offset: number): number {
    return this.#bytes.readUInt32LE(inHeaderSize + offset)
  }

  /** A 64-bit number that fits a double: handles, node ids and offsets are ours or end at 2^53. */
  long(offset: number): number {
    return this.#number(inHeaderSize + offset)
  }

  /** The text at an offset, up to its NUL. */
  text(offset: number): string {
    const from = inHeaderSize + offset
    const end = this.#bytes.indexOf(0, from)
    return this.#bytes.toString('utf8', from, end < 0 ? this.#bytes.length : end)
  }

  /** A copy: the buffer is used again. */
  bytes(offset: number, length: number): Buffer {
    return Buffer.from(this.#bytes.subarray(inHeaderSize + offset, inHeaderSize + offset + length))
  }

  #number(at: number): number {
    return this.#bytes.readUInt32LE(at) + this.#bytes.readUInt32LE(at + 4) * 2 ** 32
  }
}

export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** struct fuse_attr. */
export function putAttributes(out: Buffer, at: number, node: number, status: Status, owner: Owner): void {
  const { mode, size, blocks, links, time } = status
  const milliseconds = time.getTime()
  const seconds = Math.floor(milliseconds / 1000)
  out.fill(0, at, at + attributesSize)
  for (const [index, value] of [node, size, blocks, seconds, seconds, seconds].entries()) {
    putLong(out, at + index * 8, value)
  }
  const nanoseconds = (milliseconds - seconds * 1000) * 1e6
  for (const [index, value] of [
    nanoseconds,
    nanoseconds,
    nanoseconds,
    mode,
    links,
    owner.uid,
    owner.gid,
  ].entries()) {
    out.writeUInt32LE(value, at + 48 + index * 4)
  }
  // rdev stays 0; blksize.
  out.writeUInt32LE(4096, at + 80)
}

/** struct fuse_entry_out. `hold` are the seconds for which names and attributes are believed. */
export function putEntry(
  out: Buffer,
  at: number,
  node: number,
  status: Status,
  owner: Owner,
  hold: { readonly names: number; readonly attributes: number },
): void {
  out.fill(0, at, at + 40)
  putLong(out, at, node)
  putLong(out, at + 16, hold.names)
  putLong(out, at + 24, hold.attributes)
  putAttributes(out, at + 40, node, status, owner)
}

/** struct fuse_dirent; the bytes that it takes, 0 where it does not fit. */
export function putDirent(
  out: Buffer,
  at: number,
  end: number,
  entry: { readonly node: number; readonly next: number; readonly name: Buffer; readonly mode: number },
): number {
  const { node, next, name, mode } = entry
  const length = direntLength(name)
  if (at + length > end) return 0
  out.fill(0, at, at + length)
  // Number 0 would hide the name from readdir(3).
  putLong(out, at, node || 0xffffffff)
  putLong(out, at + 8, next)
  out.writeUInt32LE(name.length, at + 16)
  // DT_DIR and the like are the type bits of a mode.
  out.writeUInt32LE((mode & 0o170000) >> 12, at + 20)
  name.copy(out, at + 24)
  return length
}

/** Entries of a directory are aligned to 8 bytes. */
export function direntLength(name: Buffer): number {
  return (24 + name.length + 7) & ~7
}

export function putLong(out: Buffer, at: number, value: number): void {
  out.writeUInt32LE(value % 2 ** 32, at)
  out.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4)
}
