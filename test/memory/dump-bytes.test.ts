import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openBytes } from '../../src/memory/dump-bytes.js'

const GiB = 2 ** 30
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-bytes-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** Bytes of a sparse file round its first GiB: each is its distance from there, modulo 251, shifted to be never zero. */
const around = 16_384
const valueAt = (offset: number): number => 1 + ((((offset - GiB) % 250) + 250) % 250)

function sparse(name: string): string {
  const path = join(directory, name)
  const fd = openSync(path, 'w')
  const bytes = Uint8Array.from({ length: 2 * around }, (_, i) => valueAt(GiB - around + i))
  writeSync(fd, bytes, 0, bytes.length, GiB - around)
  ftruncateSync(fd, GiB + around + 5)
  closeSync(fd)
  return path
}

const right = (offset: number, length: number): number[] =>
  Array.from({ length }, (_, i) => (offset + i < GiB + around ? valueAt(offset + i) : 0))

describe.each(['mapped', 'read'])('the bytes of a file, %s', (way) => {
  const path = sparse(way)
  // Whoever has it open for writing keeps others from mapping it.
  const writer = way === 'read' ? openSync(path, 'r+') : undefined
  const file = openBytes(path)
  afterAll(() => {
    file.close()
    if (writer !== undefined) closeSync(writer)
  })

  it('are those at the offset, within a window, across its end, and on and on', () => {
    expect(file.mapping !== undefined).toBe(way === 'mapped')
    expect(file.size).toBe(GiB + around + 5)
    expect(file.lost).toBeUndefined()
    for (const [offset, length] of [
      [GiB - 8, 8],
      [GiB - 8, 16],
      [GiB, 16],
      // Further than windows overlap.
      [GiB - 4096, 8192],
      [GiB - 4096, 8193],
      [GiB - 8192, 16_384],
      [GiB + 4095, 3],
    ] as const) {
      expect([...file.bytes(offset, length)]).toEqual(right(offset, length))
    }
  })

  it('end with the file, and begin with it', () => {
    const end = GiB + around + 5
    expect([...file.bytes(end - 7, 100)]).toEqual(right(end - 7, 7))
    expect([...file.bytes(end - 1, 1)]).toEqual([0])
    for (const [offset, length] of [
      [end, 1],
      [end + 1, 1],
      [-1, 8],
      [Number.NaN, 8],
      [GiB, 0],
      [GiB, -4],
    ] as const) {
      expect(file.bytes(offset, length)).toHaveLength(0)
    }
  })

  it('may be let go twice', () => {
    const small = join(directory, `small-${way}`)
    writeFileSync(small, 'abc')
    const other = openBytes(small)
    expect(Buffer.from(other.bytes(1, 5)).toString()).toBe('bc')
    other.close()
    other.close()
  })
})

it('pieces within a window are views of it, also its last', () => {
  const file = openBytes(sparse('views'))
  const window = (number: number) => file.mapping?.window(number)?.bytes.buffer
  expect(file.bytes(GiB + 4096 - 16, 16).buffer).toBe(window(1))
  expect(file.bytes(GiB - 16, 4096 + 16).buffer).toBe(window(0))
  expect(file.bytes(GiB - 16, 4096 + 17).buffer).not.toBe(window(0))
  expect([...file.bytes(GiB - 16, 4096 + 17)]).toEqual(right(GiB - 16, 4096 + 17))
  file.close()
  expect(file.bytes(0, 4)).toHaveLength(0)
})
