/** Archives that packages are made of. What they hold is not trusted: every size is held to the bytes that are there. */

/** A file in an archive. */
export interface ArchiveFile {
  /** Without leading `./` or `/`. */
  readonly path: string
  readonly bytes: Buffer
  readonly isExecutable: boolean
  /** Of a symbolic link where it leads; such a file has no bytes. */
  readonly link?: string
}

const noBytes = Buffer.alloc(0)

/** Members of an ar archive (ar(5)), as Debian packages are. */
export function* arFiles(archive: Buffer): Generator<ArchiveFile> {
  if (archive.toString('latin1', 0, 8) !== '!<arch>\n') return
  for (let at = 8; at + 60 <= archive.length; ) {
    const size = Number.parseInt(archive.toString('latin1', at + 48, at + 58), 10)
    if (!(size >= 0 && at + 60 + size <= archive.length)) return
    const path = archive
      .toString('latin1', at, at + 16)
      .trimEnd()
      .replace(/\/$/, '')
    yield { path, bytes: archive.subarray(at + 60, at + 60 + size), isExecutable: false }
    at += 60 + size + (size % 2)
  }
}

/** Regular files and symbolic links of a tar archive (POSIX ustar, with the long names of GNU and pax). */
export function* tarFiles(archive: Buffer): Generator<ArchiveFile> {
  let longName: string | undefined
  for (let at = 0; at + 512 <= archive.length; ) {
    const header = archive.subarray(at, at + 512)
    if (header[0] === 0) return
    const size = octal(header, 124, 12)
    const end = at + 512 + size
    if (size < 0 || end > archive.length) return
    const bytes = archive.subarray(at + 512, end)
    const type = String.fromCharCode(header[156] ?? 0)
    if (type === 'L') longName = text(bytes, 0, bytes.length)
    else if (type === 'x') longName = paxPath(bytes) ?? longName
    else if (type !== 'g') {
      const prefix = header.toString('latin1', 257, 262) === 'ustar' ? text(header, 345, 155) : ''
      const name = longName ?? (prefix === '' ? text(header, 0, 100) : `${prefix}/${text(header, 0, 100)}`)
      longName = undefined
      const isExecutable = (octal(header, 100, 8) & 0o111) !== 0
      if (type === '0' || type === '\0') yield { path: plain(name), bytes, isExecutable }
      else if (type === '2') {
        yield { path: plain(name), bytes: noBytes, isExecutable: false, link: text(header, 157, 100) }
      }
    }
    at = at + 512 + Math.ceil(size / 512) * 512
  }
}

/** Regular files of a cpio archive in the new ASCII format (cpio(5)), as in RPM packages. */
export function* cpioFiles(archive: Buffer): Generator<ArchiveFile> {
  for (let at = 0; at + 110 <= archive.length; ) {
    const magic = archive.toString('latin1', at, at + 6)
    if (magic !== '070701' && magic !== '070702') return
    const field = (index: number) =>
      Number.parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16)
    const [mode, size, nameSize] = [field(1), field(6), field(11)]
    const data = align(at + 110 + nameSize)
    if (!(nameSize > 0 && size >= 0 && data + size <= archive.length)) return
    const name = text(archive, at + 110, nameSize)
    if (name === 'TRAILER!!!') return
    if ((mode & 0o170000) === 0o100000) {
      const bytes = archive.subarray(data, data + size)
      yield { path: plain(name), bytes, isExecutable: (mode & 0o111) !== 0 }
    }
    at = align(data + size)
  }
}

/**
 * The compressed cpio archive of an RPM package: behind a lead of 96 bytes and two headers, each of an index of 16-byte
 * entries and a store (RPM's file format, version 3). Undefined when it is none.
 */
export function rpmPayload(file: Buffer): Buffer | undefined {
  if (file.length < 112 || file.readUInt32BE(0) !== 0xedabeedb) return undefined
  let at = 96
  for (const isSignature of [true, false]) {
    if (at + 16 > file.length || file.readUInt32BE(at) >>> 8 !== 0x8eade8) return undefined
    at += 16 + file.readUInt32BE(at + 8) * 16 + file.readUInt32BE(at + 12)
    if (isSignature) at = (at + 7) & ~7
  }
  return at < file.length ? file.subarray(at) : undefined
}

function octal(bytes: Buffer, at: number, length: number): number {
  // The high bit says that the number is binary: files that large are no kernels.
  if (((bytes[at] ?? 0) & 0x80) !== 0) return -1
  const digits = text(bytes, at, length).trim()
  return digits === '' ? 0 : /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : -1
}

function paxPath(bytes: Buffer): string | undefined {
  return /(?:^|\n)\d+ path=([^\n]*)\n/.exec(bytes.toString('utf8'))?.[1]
}

function text(bytes: Buffer, at: number, length: number): string {
  const field = bytes.subarray(at, at + length)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? field.length : end)
}

function plain(path: string): string {
  return path.replace(/^(\.?\/)+/, '')
}

function align(at: number): number {
  return (at + 3) & ~3
}
