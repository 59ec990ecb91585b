import { closeSync, openSync, readSync } from 'node:fs'
import { CryoscopeError } from '../errors.js'

/** A file on the host whose bytes go into the archive when it is written. */
export interface HostFile {
  readonly hostPath: string
  /** Bytes; a file that changes its size meanwhile is an error. */
  readonly size: number
}

/** One entry of an initramfs. Paths are absolute in the guest. Permissions are the low 12 bits of the mode. */
export type CpioEntry = { readonly path: string } & (
  | { readonly kind: 'directory'; readonly permissions: number }
  | { readonly kind: 'file'; readonly permissions: number; readonly content: Uint8Array | HostFile }
  | { readonly kind: 'symlink'; readonly target: string }
  | {
      readonly kind: 'character-device'
      readonly permissions: number
      readonly major: number
      readonly minor: number
    }
)

const fileTypes = {
  directory: 0o040000,
  file: 0o100000,
  symlink: 0o120000,
  'character-device': 0o020000,
} as const
const trailer = 'TRAILER!!!'
const chunkSize = 1024 * 1024

/**
 * The "newc" archive of the entries, in their order (kernel: Documentation/driver-api/early-userspace/buffer-format.rst).
 * The same entries give the same bytes: numbers are counted up, times and owners are 0.
 */
export function* cpioArchive(entries: Iterable<CpioEntry>): Generator<Uint8Array> {
  let written = 0
  let inode = 1
  const emit = (bytes: Uint8Array): Uint8Array => {
    written += bytes.length
    return bytes
  }
  const padding = (alignment: number): Uint8Array => emit(new Uint8Array(-written & (alignment - 1)))
  for (const entry of entries) {
    yield emit(header(entry, inode++))
    yield padding(4)
    if (entry.kind === 'symlink') {
      yield emit(Buffer.from(entry.target))
    } else if (entry.kind === 'file') {
      for (const chunk of contentOf(entry.content)) yield emit(chunk)
    }
    yield padding(4)
  }
  yield emit(encodeHeader({ inode: 0, mode: 0, links: 1, size: 0, major: 0, minor: 0, name: trailer }))
  yield padding(512)
}

function header(entry: CpioEntry, inode: number): Uint8Array {
  const device = entry.kind === 'character-device' ? entry : { major: 0, minor: 0 }
  return encodeHeader({
    inode,
    mode: fileTypes[entry.kind] | (entry.kind === 'symlink' ? 0o777 : entry.permissions & 0o7777),
    links: entry.kind === 'directory' ? 2 : 1,
    size: sizeOf(entry),
    major: device.major,
    minor: device.minor,
    name: entry.path.replace(/^\/+/, ''),
  })
}

interface Header {
  readonly inode: number
  readonly mode: number
  readonly links: number
  readonly size: number
  readonly major: number
  readonly minor: number
  readonly name: string
}

function encodeHeader({ inode, mode, links, size, major, minor, name }: Header): Uint8Array {
  const bytes = Buffer.from(`${name}\0`)
  const fields = [inode, mode, 0, 0, links, 0, size, 0, 0, major, minor, bytes.length, 0]
  const numbers = fields.map((field) => field.toString(16).padStart(8, '0')).join('')
  return Buffer.concat([Buffer.from(`070701${numbers}`), bytes])
}

function sizeOf(entry: CpioEntry): number {
  const size =
    entry.kind === 'symlink'
      ? Buffer.byteLength(entry.target)
      : entry.kind !== 'file'
        ? 0
        : entry.content instanceof Uint8Array
          ? entry.content.length
          : entry.content.size
  if (size > 0xffff_ffff) {
    throw new CryoscopeError('usage', `${entry.path} is larger than 4 GiB, which an initramfs cannot hold`)
  }
  return size
}

function* contentOf(content: Uint8Array | HostFile): Generator<Uint8Array> {
  if (content instanceof Uint8Array) {
    yield content
    return
  }
  const file = openSync(content.hostPath, 'r')
  try {
    let left = content.size
    while (left > 0) {
      const chunk = Buffer.allocUnsafe(Math.min(left, chunkSize))
      const length = readSync(file, chunk, 0, chunk.length, null)
      if (length === 0)
        throw new CryoscopeError('unreadable', `${content.hostPath} shrank while it was read; try again`)
      left -= length
      yield chunk.subarray(0, length)
    }
  } finally {
    closeSync(file)
  }
}
