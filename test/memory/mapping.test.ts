import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { asFileOffset } from '../../src/brands.js'
import { CryoscopeError } from '../../src/errors.js'
import { FileMapping, windowPosition } from '../../src/memory/mapping.js'

const MiB = 2 ** 20
const GiB = 2 ** 30
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-mapping-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** A sparse file with bytes at some offsets. */
function sparse(name: string, size: number, pieces: readonly (readonly [number, Uint8Array])[]): string {
  const path = join(directory, name)
  const fd = openSync(path, 'w')
  ftruncateSync(fd, size)
  for (const [offset, bytes] of pieces) writeSync(fd, bytes, 0, bytes.length, offset)
  closeSync(fd)
  return path
}

describe('FileMapping', () => {
  it('maps a file of any length', () => {
    const bytes = Uint8Array.from({ length: 5001 }, (_, i) => i)
    const mapping = new FileMapping(sparse('odd', 5001, [[0, bytes]]))
    expect(mapping.size).toBe(5001)
    expect(mapping.windows).toHaveLength(1)
    expect(mapping.windows[0]).toBeUndefined()
    expect(Buffer.compare(mapping.window(0)?.bytes ?? new Uint8Array(), bytes)).toBe(0)
    expect(mapping.windows[0]?.view.getUint8(5000)).toBe(5000 & 255)
    mapping.close()
  })

  it('maps an empty file as nothing', () => {
    const mapping = new FileMapping(sparse('empty', 0, []))
    expect(mapping).toMatchObject({ size: 0, windows: [] })
    expect(mapping.extents()).toEqual([])
    mapping.close()
  })

  it('sees what is written to the file later', () => {
    const path = sparse('shared', 4096, [])
    const mapping = new FileMapping(path)
    const fd = openSync(path, 'r+')
    writeSync(fd, Buffer.from([7]), 0, 1, 100)
    closeSync(fd)
    expect(mapping.window(0)?.bytes[100]).toBe(7)
    mapping.close()
  })

  it('cuts a large file into windows that overlap by a page', () => {
    const marks = [GiB - 4, GiB, GiB + 4092, GiB + 4096, 2 * GiB, 2 * GiB + 5000]
    const path = sparse(
      'large',
      2 * GiB + 8192,
      marks.map((at, i) => [at, Uint8Array.of(i + 1)] as const),
    )
    const mapping = new FileMapping(path)
    expect([0, 1, 2].map((i) => mapping.window(i)?.bytes.length)).toEqual([GiB + 4096, GiB + 4096, 8192])
    expect([-1, 3, 0.5].map((i) => mapping.window(i))).toEqual([undefined, undefined, undefined])
    for (const [i, at] of marks.entries()) {
      const position = windowPosition(asFileOffset(at))
      const window = mapping.windows[Math.floor(position / 2 ** 32)]
      expect(window?.bytes[position >>> 0]).toBe(i + 1)
    }
    // The first page of a window can be read behind the end of the one before.
    expect(mapping.windows[0]?.bytes[GiB]).toBe(2)
    expect(mapping.windows[0]?.bytes[GiB + 4092]).toBe(3)
    mapping.close()
  })

  it('lists the extents that hold data, and leaves out the holes', () => {
    const piece = new Uint8Array(64 * 1024).fill(1)
    const path = sparse('holes', 64 * MiB, [
      [4 * MiB, piece],
      [32 * MiB, piece],
    ])
    const mapping = new FileMapping(path)
    const extents = mapping.extents()
    for (const at of [4 * MiB, 32 * MiB, 32 * MiB + 65535])
      expect(extents.some(({ offset, length }) => at >= offset && at < offset + length)).toBe(true)
    expect(extents.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(8 * MiB)
    expect(extents.every(({ offset, length }) => offset + length <= 64 * MiB)).toBe(true)
    mapping.close()
  })

  it('reads zeros through windows that outlive it', () => {
    const mapping = new FileMapping(sparse('closed', 8192, [[0, new Uint8Array(8192).fill(9)]]))
    const window = mapping.window(0)
    expect(window?.bytes[5000]).toBe(9)
    mapping.close()
    mapping.close()
    expect(mapping.window(0)).toBeUndefined()
    expect(window?.bytes[5000]).toBe(0)
    expect(window?.view.getUint32(0, true)).toBe(0)
  })

  it.each([
    ['that is not there', () => join(directory, 'none'), 'not-found', 'there is no file'],
    ['that is a directory', () => directory, 'unreadable', 'is a directory'],
    [
      'below a file',
      () => {
        writeFileSync(join(directory, 'plain'), '')
        return join(directory, 'plain', 'x')
      },
      'unreadable',
      'cannot open',
    ],
  ])('has a sentence for a file %s', (_, path, code, sentence) => {
    const open = (): FileMapping => new FileMapping(path())
    expect(open).toThrow(CryoscopeError)
    expect(open).toThrow(expect.objectContaining({ code, message: expect.stringContaining(sentence) }))
  })
})
