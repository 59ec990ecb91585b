import koffi from 'koffi'
import { FileError } from './errno.js'
import type { FileSystem } from './file-system.js'

// fuse-native 2.2.6, fuse_thread_locals_t: napi_ref self, uint32 op, op_fn, path, dest, linkname, info.
const pathAt = 24
const infoAt = 48
// libfuse 2.9, struct fuse_file_info: int flags, unsigned long fh_old, int writepage, unsigned direct_io:1, keep_cache:1 …
const bitsAt = 20
const directIo = 1
const keepCache = 2

/**
 * Opens a file, and tells the kernel whether it may go by the size that it knows: the handle. Of a file whose size it does not
 * know it would read nothing and call that the whole, so where it cannot be told, opening fails.
 */
export function openTold(
  files: FileSystem,
  operation: Uint8Array | undefined,
  path: string,
  flags: number,
): number {
  const opened = files.open(path, flags)
  const isTold = operation !== undefined && setOpenFlags(operation, path, flags, opened)
  if (isTold || !opened.isDirect) return opened.handle
  files.release(opened.handle)
  throw new FileError('EIO')
}

/**
 * Sets what an answer to open(2) may say to the kernel and fuse-native has no argument for. `operation` is the record of
 * the request as fuse-native hands it to its handlers. The record must name this path and these flags, so that another
 * version of the library is noticed; false when it does not.
 */
function setOpenFlags(
  operation: Uint8Array,
  path: string,
  flags: number,
  { isDirect, keepsCache }: { readonly isDirect: boolean; readonly keepsCache: boolean },
): boolean {
  const record = new DataView(operation.buffer, operation.byteOffset, operation.byteLength)
  if (operation.byteLength < infoAt + 8) return false
  const expected = Buffer.from(`${path}\0`, 'utf8')
  const named = bytesAt(record.getBigUint64(pathAt, true), expected.length)
  if (named === undefined || Buffer.compare(named, expected) !== 0) return false
  const info = bytesAt(record.getBigUint64(infoAt, true), bitsAt + 4)
  if (info === undefined) return false
  const view = new DataView(info.buffer, info.byteOffset, info.byteLength)
  if (view.getInt32(0, true) !== flags) return false
  const bits = view.getUint32(bitsAt, true) & ~(directIo | keepCache)
  view.setUint32(bitsAt, bits | (isDirect ? directIo : 0) | (keepsCache ? keepCache : 0), true)
  return true
}

function bytesAt(address: bigint, length: number): Uint8Array | undefined {
  return address === 0n ? undefined : new Uint8Array(koffi.view(address, length))
}
