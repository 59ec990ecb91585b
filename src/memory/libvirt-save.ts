import { CryoscopeError } from '../errors.js'
import type { Dump } from './dump.js'
import { openBytes, viewOf } from './dump-bytes.js'
import { parseMigration } from './migration.js'

/** struct _virQEMUSaveHeader (libvirt src/qemu/qemu_saveimage.h): a magic, then 32-bit words of the host's byte order. */
const magic = 'LibvirtQemudSave'
const partialMagic = 'LibvirtQemudPart'
const headerLength = 92
/** Versions are small: a large one is of a host of the other byte order. */
const newestVersion = 2
/** qemuSaveFormat, and what unpacks it. */
const packers = ['', 'gunzip', 'bunzip2', 'xz -d', 'lzop -d', 'zstd -d'] as const

export function isLibvirtSave(head: Uint8Array): boolean {
  const start = Buffer.from(head.subarray(0, magic.length)).toString('latin1')
  return start === magic || start === partialMagic
}

/** What `virsh save` and `virsh managedsave` write: a header, the domain's XML, then a stream of QEMU. */
export function openLibvirtSave(path: string): Dump {
  const file = openBytes(path)
  try {
    const head = file.bytes(0, headerLength)
    if (head.length < headerLength) {
      throw new CryoscopeError(
        'unreadable',
        `${path} is a save image of libvirt that is cut short inside its header`,
      )
    }
    const view = viewOf(head)
    const isLittle = view.getUint32(16, true) < 2 ** 16
    const version = view.getUint32(16, isLittle)
    if (version > newestVersion) {
      throw new CryoscopeError(
        'unreadable',
        `${path} is a save image of libvirt, version ${version}; versions 1 and 2 are read: save it in the format raw`,
      )
    }
    const start = headerLength + view.getUint32(20, isLittle)
    const packer = packers[view.getUint32(28, isLittle)]
    if (packer !== '') {
      const how =
        packer === undefined ? '' : `: tail -c +${start + 1} FILE | ${packer} >STREAM makes one that is read`
      throw new CryoscopeError('unreadable', `${path} is a save image of libvirt with a packed stream${how}`)
    }
    const dump = parseMigration(path, file, start, 'libvirt save image')
    const isWhole = Buffer.from(head.subarray(0, magic.length)).toString('latin1') === magic
    return isWhole ? dump : { ...dump, problems: ['libvirt did not finish writing it', ...dump.problems] }
  } catch (error) {
    file.close()
    throw error
  }
}
