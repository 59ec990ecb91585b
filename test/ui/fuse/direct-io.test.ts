import koffi from 'koffi'
import { describe, expect, it } from 'vitest'
import { ContentCache, streamedFile, wholeFile } from '../../../src/ui/files/content.js'
import { directory } from '../../../src/ui/files/node.js'
import { openTold } from '../../../src/ui/fuse/direct-io.js'
import { errnoOf } from '../../../src/ui/fuse/errno.js'
import { FileSystem } from '../../../src/ui/fuse/file-system.js'

const flags = 0o100000
const directIo = 1
const keepCache = 2

function served(): FileSystem {
  const cache = new ContentCache()
  const root = directory({
    about: 'Test.',
    entries: () => [
      ['whole', wholeFile(cache, () => 'whole')],
      ['stream', streamedFile(cache, () => Array.from({ length: 70 }, () => 'y'.repeat(65_536)))],
    ],
  })
  return new FileSystem({
    root,
    generation: 1,
    time: new Date(0),
    isFixed: true,
    writable: false,
    ready: () => undefined,
    during: (work) => work(),
  })
}

/** fuse-native's record of a request, and libfuse's of the file. */
function request(path: string) {
  const name = Buffer.from(`${path}\0`)
  const info = Buffer.alloc(40)
  info.writeInt32LE(flags, 0)
  const record = Buffer.alloc(96)
  record.writeBigUInt64LE(koffi.address(name), 24)
  record.writeBigUInt64LE(koffi.address(info), 48)
  return { record, bits: () => info.readUInt32LE(20), name }
}

describe('opening a file by libfuse 2', () => {
  it('tells the kernel of a stream not to go by its size, and of what never changes to keep it', () => {
    const files = served()
    const stream = request('/stream')
    expect(openTold(files, stream.record, '/stream', flags)).toBe(1)
    expect(stream.bits()).toBe(directIo)
    const whole = request('/whole')
    expect(openTold(files, whole.record, '/whole', flags)).toBe(2)
    expect(whole.bits()).toBe(keepCache)
  })

  it('fails for a stream when the record is of another form, for it would read as empty', () => {
    const files = served()
    const other = request('/other')
    for (const record of [other.record, other.record.subarray(0, 48), Buffer.alloc(96), undefined]) {
      let failure = 0
      try {
        openTold(files, record, '/stream', flags)
      } catch (error) {
        failure = errnoOf(error)
      }
      expect(failure).toBe(-5)
      expect(files.openCount).toBe(0)
      expect(files.release(openTold(files, record, '/whole', flags))).toBeUndefined()
    }
    expect(other.bits()).toBe(0)
  })
})
