import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { ElfFile } from '../../bpf/cast/object/elf.js'
import { Btf } from '../../btf/btf.js'
import { CryoscopeError } from '../../errors.js'
import { escapeText } from '../../text.js'

/** BTF_MAGIC (include/uapi/linux/btf.h), little-endian. */
const btfMagic = 0xeb9f
const elfMagic = 0x464c457f
/** e_type of elf.h: what a crashed kernel left, which is memory and no file of types. */
const elfCore = 4
const headerBytes = 64
/** A vmlinux with debug information has some hundred MiB; Node reads no file of more than 2 GiB. */
const mostBytes = 2 ** 31 - 1

/**
 * The BTF of a file that is no memory: a vmlinux, a module, an object, or raw BTF such as /sys/kernel/btf/vmlinux. Undefined
 * for any other file, for what is no file, and for what is not there. Throws 'not-found' for an ELF file without BTF.
 */
export function readTypesFile(path: string): Btf | undefined {
  const kind = kindOf(path)
  if (kind === undefined) return undefined
  const bytes = readFileSync(path)
  if (kind === 'btf') return Btf.parse(bytes, { name: path })
  const section = ElfFile.parse(bytes, path).section('.BTF')
  if (section === undefined) {
    throw new CryoscopeError(
      'not-found',
      `${escapeText(path)} has no BTF; compile it with -g (BPF), or with CONFIG_DEBUG_INFO_BTF (the kernel)`,
    )
  }
  return Btf.parse(section.data, { name: path })
}

function kindOf(path: string): 'btf' | 'elf' | undefined {
  const status = statSync(path, { throwIfNoEntry: false })
  if (status?.isFile() !== true || status.size > mostBytes) return undefined
  const header = Buffer.alloc(headerBytes)
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (cause) {
    throw new CryoscopeError('not-found', `cannot read ${escapeText(path)}: ${(cause as Error).message}`, {
      cause,
    })
  }
  try {
    if (readSync(file, header, 0, headerBytes, 0) < 24) return undefined
  } finally {
    closeSync(file)
  }
  if (header.readUInt16LE(0) === btfMagic) return 'btf'
  // EI_DATA 2 is big-endian; e_type follows the 16 bytes of e_ident.
  const type = header[5] === 2 ? header.readUInt16BE(16) : header.readUInt16LE(16)
  return header.readUInt32LE(0) === elfMagic && type !== elfCore ? 'elf' : undefined
}
