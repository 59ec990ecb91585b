import { writeSync, writevSync } from 'node:fs'
import { notice, outHeaderSize, putLong } from './protocol.js'
import { libc } from './system.js'

/** struct fuse_notify_inval_inode_out, and fuse_notify_store_out. */
const noticeSize = 24

/** What the kernel is told without having asked. */
export class Notices {
  readonly #device: number

  constructor(device: number) {
    this.#device = device
  }

  /** It is to ask for a node's attributes again; this waits for nothing. */
  attributesChanged(node: number): void {
    try {
      writeSync(this.#device, invalidation(node, -1))
    } catch {
      // It has forgotten the node already.
    }
  }

  /** It is to drop pages, too. From a thread: it waits for pages that are being read, which are answered here. */
  pagesChanged(node: number): void {
    const message = invalidation(node, 0)
    libc()
      .write(this.#device, message, message.length)
      .catch(() => {})
  }

  /**
   * Gives it pages before it asks for them, and with them the size of the file; whether it took them. Only for files that
   * nobody reads yet: it waits for pages that are being read.
   */
  store(node: number, bytes: Uint8Array, offset: number): boolean {
    const head = message(notice.STORE, node, bytes.length)
    putLong(head, outHeaderSize + 8, offset)
    head.writeUInt32LE(bytes.length, outHeaderSize + 16)
    try {
      return writevSync(this.#device, [head, bytes]) === head.length + bytes.length
    } catch {
      // It has forgotten the node, or has no memory for it.
      return false
    }
  }
}

/** From an offset below 0 it is for attributes alone. */
function invalidation(node: number, offset: number): Buffer {
  const made = message(notice.INVAL_INODE, node, 0)
  made.writeBigInt64LE(BigInt(offset), outHeaderSize + 8)
  return made
}

/** A notice about a node, with so many bytes behind it. */
function message(code: number, node: number, length: number): Buffer {
  const made = Buffer.alloc(outHeaderSize + noticeSize)
  made.writeUInt32LE(made.length + length, 0)
  made.writeInt32LE(code, 4)
  putLong(made, outHeaderSize, node)
  return made
}
