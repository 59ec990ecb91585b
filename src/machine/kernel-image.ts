import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { CryoscopeError } from '../errors.js'
import { escapeText } from '../text.js'
import type { GuestArchitecture } from './architecture.js'
import { summarizeElf } from './elf.js'
import { isIntact, keepFile } from './kept-file.js'
import { cacheDirectory, type KernelFile } from './kernels.js'

/** The parts of a bzImage's setup header (kernel: Documentation/arch/x86/boot.rst). */
export interface BzImage {
  /** Of the compressed payload in the file, in bytes. */
  readonly payloadOffset: number
  readonly payloadLength: number
  /** The text at kernel_version: release, builder and date. */
  readonly version: string | undefined
}

const leastProtocol = 0x0208
const mostImage = 1024 * 1024 * 1024

interface Compression {
  readonly name: string
  readonly magic: string
  readonly command?: readonly [string, ...string[]]
  readonly debianPackage?: string
}

/** Magic numbers as in the kernel's lib/decompress.c; everything but gzip has the size appended as a u32. */
const compressions: readonly Compression[] = [
  { name: 'gzip', magic: '1f8b' },
  { name: 'bzip2', magic: '425a68', command: ['bzip2', '-dc'], debianPackage: 'bzip2' },
  { name: 'lzma', magic: '5d0000', command: ['xz', '--format=lzma', '-dc'], debianPackage: 'xz-utils' },
  { name: 'xz', magic: 'fd377a585a00', command: ['xz', '--format=xz', '-dc'], debianPackage: 'xz-utils' },
  { name: 'lzo', magic: '894c5a4f000d0a1a0a', command: ['lzop', '-dc'], debianPackage: 'lzop' },
  { name: 'lz4', magic: '02214c18', command: ['lz4', '-dc'], debianPackage: 'lz4' },
  { name: 'zstd', magic: '28b52ffd', command: ['zstd', '-dc'], debianPackage: 'zstd' },
]

/** Reads the setup header; undefined when the bytes are no bzImage. */
export function parseBzImage(image: Buffer): BzImage | undefined {
  if (
    image.length < 0x260 ||
    image.readUInt16LE(0x1fe) !== 0xaa55 ||
    image.toString('latin1', 0x202, 0x206) !== 'HdrS'
  ) {
    return undefined
  }
  if (image.readUInt16LE(0x206) < leastProtocol) return undefined
  const setupSectors = image[0x1f1] === 0 ? 4 : (image[0x1f1] ?? 0)
  const payloadOffset = (setupSectors + 1) * 512 + image.readUInt32LE(0x248)
  const versionAt = image.readUInt16LE(0x20e) + 0x200
  const end = image.indexOf(0, versionAt)
  const version =
    versionAt > 0x200 && end > versionAt
      ? image.toString('latin1', versionAt, Math.min(end, versionAt + 256))
      : undefined
  return { payloadOffset, payloadLength: image.readUInt32LE(0x24c), version }
}

/** The vmlinux inside a bzImage. */
export async function unpackBzImage(image: Buffer): Promise<Buffer> {
  const header = parseBzImage(image)
  if (header === undefined)
    throw new CryoscopeError('usage', 'this is no bzImage of boot protocol 2.08 or newer')
  const { payloadOffset, payloadLength } = header
  const payload = image.subarray(payloadOffset, payloadOffset + payloadLength)
  if (payload.length < payloadLength || payloadLength < 8) {
    throw new CryoscopeError('unreadable', 'the kernel image is cut short; fetch or build it again')
  }
  if (payload.readUInt32BE(0) === 0x7f454c46) return payload
  const compression = compressions.find(
    ({ magic }) => payload.subarray(0, magic.length / 2).toString('hex') === magic,
  )
  if (compression === undefined) {
    const magic = payload.subarray(0, 8).toString('hex')
    throw new CryoscopeError(
      'unreadable',
      `the kernel image is compressed in an unknown way (it starts with ${magic})`,
    )
  }
  const size = payload.readUInt32LE(payload.length - 4)
  if (size > mostImage)
    throw new CryoscopeError('unreadable', `the kernel image claims to unpack to ${size} bytes`)
  const vmlinux =
    compression.command === undefined
      ? gunzip(payload, size)
      : await decompress(
          compression.name,
          compression.command,
          compression.debianPackage ?? '',
          payload.subarray(0, -4),
          size,
        )
  // Kernels before 6.x pad or append relocations; shorter is damage, longer cannot come from `size`.
  if (vmlinux.length !== size) {
    throw new CryoscopeError(
      'unreadable',
      `the kernel image unpacked to ${vmlinux.length} bytes and not ${size}`,
    )
  }
  return vmlinux
}

function gunzip(payload: Buffer, size: number): Buffer {
  try {
    return gunzipSync(payload, { maxOutputLength: Math.max(size, 1) })
  } catch (cause) {
    throw new CryoscopeError('unreadable', `cannot unpack the kernel image: ${(cause as Error).message}`, {
      cause,
    })
  }
}

/** Pipes the payload through a program of the host, and takes no more than the size that the image claims. */
function decompress(
  name: string,
  [program, ...args]: readonly [string, ...string[]],
  debianPackage: string,
  payload: Buffer,
  size: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    const chunks: Buffer[] = []
    let length = 0
    let words = ''
    child.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        cause.code === 'ENOENT'
          ? new CryoscopeError(
              'environment',
              `the kernel is compressed with ${name}, and ${program} is not installed (Debian: apt install ${debianPackage})`,
              { cause },
            )
          : new CryoscopeError('environment', `cannot run ${program}: ${cause.message}`, { cause }),
      )
    })
    child.stdout.on('data', (chunk: Buffer) => {
      length += chunk.length
      chunks.push(chunk)
      if (length > size) child.kill('SIGKILL')
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(0, 1000)
    })
    // It may end before it has read everything.
    child.stdin.on('error', () => {})
    child.stdin.end(payload)
    child.once('close', (status) => {
      if (status === 0 || length >= size) resolve(Buffer.concat(chunks))
      else
        reject(
          new CryoscopeError(
            'unreadable',
            `${program} cannot unpack the kernel image: ${escapeText(words.trim())}`,
          ),
        )
    })
  })
}

/** A file that QEMU can start. */
export interface PreparedKernel extends KernelFile {
  readonly architecture: GuestArchitecture
}

/** Makes sure that QEMU can start the file, and unpacks it where PVH is asked for. */
export async function prepareKernel(
  file: KernelFile,
  { boot = 'bzimage' }: { boot?: 'bzimage' | 'elf' | undefined },
  onProgress?: (sentence: string) => void,
): Promise<PreparedKernel> {
  const shown = escapeText(file.path)
  const read = readerOf(file.path)
  try {
    const start = read.at(0, 64 * 1024)
    if (isArm64Image(start)) return { ...file, architecture: 'arm64' }
    const architecture = 'amd64'
    const elf = summarizeElf(read.at)
    if (elf !== undefined) {
      requirePvh(elf.pvhEntry, shown)
      return { ...file, architecture }
    }
    const header = parseBzImage(start)
    if (header === undefined) {
      throw new CryoscopeError(
        'usage',
        `${shown} is neither a bzImage or vmlinux for x86-64 nor an Image for arm64; give one of these`,
      )
    }
    const release = file.release ?? header.version?.split(' ')[0]
    const path = boot === 'elf' ? await cachedVmlinux(file.path, onProgress) : file.path
    return { path, release, architecture }
  } finally {
    read.close()
  }
}

/** The magic number of an Image (kernel: Documentation/arch/arm64/booting.rst). */
function isArm64Image(start: Buffer): boolean {
  return start.length >= 64 && start.toString('latin1', 56, 60) === 'ARMd'
}

function requirePvh(entry: number | undefined, shown: string): void {
  if (entry === undefined) {
    throw new CryoscopeError(
      'usage',
      `${shown} has no PVH entry (CONFIG_PVH) to start it at; boot its bzImage`,
    )
  }
}

/** Unpacks once; the copy is found by the hash of the image. */
async function cachedVmlinux(path: string, onProgress?: (sentence: string) => void): Promise<string> {
  const image = readFileSync(path)
  const directory = join(cacheDirectory(), 'vmlinux')
  const place = join(directory, createHash('sha256').update(image).digest('hex').slice(0, 32))
  if (isIntact(place)) return place
  onProgress?.(`unpacking ${escapeText(path)}`)
  const vmlinux = await unpackBzImage(image)
  const elf = summarizeElf((offset, length) => vmlinux.subarray(offset, offset + length))
  if (elf === undefined)
    throw new CryoscopeError('unreadable', `${escapeText(path)} holds no 64-bit ELF kernel`)
  requirePvh(elf.pvhEntry, escapeText(path))
  mkdirSync(directory, { recursive: true })
  keepFile(place, vmlinux)
  return place
}

function readerOf(path: string): { at: (offset: number, length: number) => Buffer; close: () => void } {
  const file = openSync(path, 'r')
  return {
    at: (offset, length) => {
      const bytes = Buffer.alloc(length)
      return bytes.subarray(0, readSync(file, bytes, 0, length, offset))
    },
    close: () => closeSync(file),
  }
}
