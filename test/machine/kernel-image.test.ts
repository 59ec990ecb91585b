import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../src/errors.js'
import { parseBzImage, prepareKernel, unpackBzImage } from '../../src/machine/kernel-image.js'

const scratch = mkdtempSync(join(tmpdir(), 'cs-kernel-'))
process.env.XDG_CACHE_HOME = join(scratch, 'cache')
afterAll(() => rmSync(scratch, { recursive: true }))

/** A 64-bit ELF file with one PT_NOTE that holds the notes. */
function elf(notes: Buffer): Buffer {
  const bytes = Buffer.alloc(120 + notes.length)
  bytes.write('7f454c46020101', 0, 'hex')
  bytes.writeUInt16LE(62, 18)
  bytes.writeBigUInt64LE(64n, 32)
  bytes.writeUInt16LE(56, 54)
  bytes.writeUInt16LE(1, 56)
  bytes.writeUInt32LE(4, 64)
  bytes.writeBigUInt64LE(120n, 72)
  bytes.writeBigUInt64LE(BigInt(notes.length), 96)
  notes.copy(bytes, 120)
  return bytes
}

function note(name: string, type: number, value: number): Buffer {
  const bytes = Buffer.alloc(12 + ((name.length + 4) & ~3) + 4)
  bytes.writeUInt32LE(name.length + 1, 0)
  bytes.writeUInt32LE(4, 4)
  bytes.writeUInt32LE(type, 8)
  bytes.write(name, 12)
  bytes.writeUInt32LE(value, bytes.length - 4)
  return bytes
}

const vmlinux = elf(Buffer.concat([note('GNU', 3, 1), note('Xen', 18, 0x1000000)]))

/** A bzImage of boot protocol 2.15 round a payload. */
function bzImage(payload: Buffer): Buffer {
  const setup = Buffer.alloc(1024)
  setup[0x1f1] = 1
  setup.writeUInt16LE(0xaa55, 0x1fe)
  setup.write('HdrS', 0x202)
  setup.writeUInt16LE(0x020f, 0x206)
  setup.writeUInt16LE(0x100, 0x20e)
  setup.write('9.9.9-test (builder) #1\0', 0x300)
  setup.writeUInt32LE(64, 0x248)
  setup.writeUInt32LE(payload.length, 0x24c)
  return Buffer.concat([setup, Buffer.alloc(64), payload])
}

const sized = (compressed: Buffer) => {
  const size = Buffer.alloc(4)
  size.writeUInt32LE(vmlinux.length)
  return Buffer.concat([compressed, size])
}
const pipe = (program: string, ...args: string[]) => sized(execFileSync(program, args, { input: vmlinux }))

describe('parseBzImage', () => {
  it('reads where the payload is and which version this is', () => {
    expect(parseBzImage(bzImage(Buffer.alloc(100)))).toEqual({
      payloadOffset: 1088,
      payloadLength: 100,
      version: '9.9.9-test (builder) #1',
    })
    expect(parseBzImage(Buffer.alloc(4096))).toBe(undefined)
    expect(parseBzImage(vmlinux)).toBe(undefined)
  })
})

describe('unpackBzImage', () => {
  it.each([
    ['gzip', () => gzipSync(vmlinux)],
    ['bzip2', () => pipe('bzip2', '-c')],
    ['lzma', () => pipe('xz', '--format=lzma', '-c')],
    ['xz', () => pipe('xz', '--check=crc32', '--x86', '--lzma2', '-c')],
    ['lzo', () => pipe('lzop', '-c')],
    ['lz4', () => pipe('lz4', '-l', '-c')],
    ['zstd', () => pipe('zstd', '-c')],
    ['nothing', () => vmlinux],
  ])('unpacks a kernel compressed with %s', async (_, payload) => {
    expect((await unpackBzImage(bzImage(payload()))).equals(vmlinux)).toBe(true)
  })

  it('says what is wrong with a damaged one', async () => {
    const image = bzImage(gzipSync(vmlinux))
    await expect(unpackBzImage(image.subarray(0, -1))).rejects.toThrow('cut short')
    await expect(unpackBzImage(bzImage(Buffer.alloc(50, 0x77)))).rejects.toThrow(
      'it starts with 7777777777777777',
    )
    await expect(unpackBzImage(vmlinux)).rejects.toThrow('this is no bzImage')
    const lies = gzipSync(vmlinux)
    lies.writeUInt32LE(vmlinux.length - 1, lies.length - 4)
    await expect(unpackBzImage(bzImage(lies))).rejects.toThrow('cannot unpack the kernel image')
    const bomb = execFileSync('zstd', ['-c'], { input: Buffer.alloc(1 << 20) })
    await expect(unpackBzImage(bzImage(sized(bomb)))).rejects.toThrow(/unpacked to|cannot unpack/)
  })

  it('names the package of a program that is missing', async () => {
    const path = process.env.PATH
    process.env.PATH = '/nowhere'
    try {
      await expect(unpackBzImage(bzImage(Buffer.from('28b52ffd0000000000000000', 'hex')))).rejects.toThrow(
        'apt install zstd',
      )
    } finally {
      process.env.PATH = path
    }
  })

  it('never fails but with a sentence', async () => {
    const image = bzImage(gzipSync(vmlinux))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(image.length - 1), fc.nat(255)), { minLength: 1, maxLength: 9 }),
        async (changes) => {
          const damaged = Buffer.from(image)
          for (const [at, value] of changes) damaged[at] = value
          await unpackBzImage(damaged).catch((error) => expect(error).toBeInstanceOf(CryoscopeError))
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('prepareKernel', () => {
  const file = (name: string, bytes: Buffer) => {
    const path = join(scratch, name)
    writeFileSync(path, bytes)
    return { path, release: undefined }
  }

  it('leaves a bzImage as it is, or unpacks it once', async () => {
    const kernel = file('bz', bzImage(gzipSync(vmlinux)))
    expect(await prepareKernel(kernel, {})).toEqual({
      path: kernel.path,
      release: '9.9.9-test',
      architecture: 'amd64',
    })
    const sentences: string[] = []
    const first = await prepareKernel(kernel, { boot: 'elf' }, (sentence) => sentences.push(sentence))
    expect(readFileSync(first.path).equals(vmlinux)).toBe(true)
    expect(await prepareKernel(kernel, { boot: 'elf' }, (sentence) => sentences.push(sentence))).toEqual(
      first,
    )
    expect(sentences).toEqual([`unpacking ${kernel.path}`])
  })

  it('takes a vmlinux with a PVH entry', async () => {
    const kernel = file('vmlinux', vmlinux)
    expect(await prepareKernel(kernel, {})).toEqual({ ...kernel, architecture: 'amd64' })
    for (const notes of [note('Xen', 17, 1), note('GNU', 18, 1), Buffer.alloc(0), Buffer.alloc(40, 0xff)]) {
      await expect(prepareKernel(file('plain', elf(notes)), {})).rejects.toThrow('no PVH entry')
    }
  })

  it('knows an arm64 Image by its header', async () => {
    const bytes = Buffer.alloc(64)
    bytes.write('ARMd', 56, 'latin1')
    const kernel = file('Image', bytes)
    expect(await prepareKernel(kernel, {})).toEqual({ ...kernel, architecture: 'arm64' })
  })

  it('refuses anything else', async () => {
    await expect(prepareKernel(file('text', Buffer.from('hello')), {})).rejects.toThrow(
      'neither a bzImage or vmlinux for x86-64 nor an Image for arm64',
    )
  })
})
