import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { asFileOffset } from '../../src/brands.js'
import { JoinedMapping } from '../../src/memory/joined-mapping.js'
import { FileMapping, windowPosition } from '../../src/memory/mapping.js'

const GiB = 2 ** 30
const page = 4096
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-joined-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** A sparse file with one byte that is not zero. */
function file(name: string, size: number, at: number, byte: number): FileMapping {
  const path = join(directory, name)
  const fd = openSync(path, 'w')
  ftruncateSync(fd, size)
  writeSync(fd, Uint8Array.of(byte), 0, 1, at)
  closeSync(fd)
  return new FileMapping(path)
}

/** Of two windows, of one, and of one again. */
const files = [
  file('a', GiB + 2 * page, GiB + page, 1),
  file('b', 3 * page, 5, 2),
  file('c', 2 * page, page + 7, 3),
]
const joined = new JoinedMapping(files)
afterAll(() => joined.close())

describe('several files as one', () => {
  it('begin each at a window of its own', () => {
    expect(joined.starts).toEqual([0, 2 * GiB, 3 * GiB])
    expect(joined.size).toBe(3 * GiB + 2 * page)
    expect(joined.windows).toHaveLength(4)
    expect(Object.keys(joined.windows)).toEqual([])
    expect(new JoinedMapping([])).toMatchObject({ size: 0, starts: [], windows: [] })
  })

  it('have the windows of each, mapped when they are asked for', () => {
    const bytes = [
      [1, page, 1],
      [2, 5, 2],
      [3, page + 7, 3],
    ] as const
    for (const [number, at, byte] of bytes) {
      expect(joined.windows[number]).toBeUndefined()
      expect(joined.window(number)?.bytes[at]).toBe(byte)
      expect(joined.windows[number]?.bytes[at]).toBe(byte)
    }
    expect(joined.windows[0]).toBeUndefined()
    expect(joined.window(4)).toBeUndefined()
    expect(joined.window(-1)).toBeUndefined()
    expect(joined.windows).toHaveLength(4)
  })

  it('tell where a part of one lies in the whole, as far as the file goes', () => {
    const within = (index: number, offset: number, length: number) =>
      joined.within(index, asFileOffset(offset), length)
    expect(within(0, GiB, page)).toEqual({ offset: GiB, length: page })
    expect(within(1, page, 9 * page)).toEqual({ offset: 2 * GiB + page, length: 2 * page })
    expect(within(2, 0, 2 * page)).toEqual({ offset: 3 * GiB, length: 2 * page })
    expect(within(2, 5 * page, page)).toMatchObject({ length: 0 })
    expect(within(3, 0, page)).toMatchObject({ length: 0 })
  })

  it('tell whose a place is', () => {
    const place = (offset: number) => joined.place(windowPosition(asFileOffset(offset)))
    expect(place(0)).toEqual({ file: 0, offset: 0 })
    expect(place(GiB + page)).toEqual({ file: 0, offset: GiB + page })
    expect(place(2 * GiB)).toEqual({ file: 1, offset: 0 })
    expect(place(3 * GiB + page + 1)).toEqual({ file: 2, offset: page + 1 })
  })

  it('have the data of all, at their places in the whole', () => {
    for (const at of [GiB + page, 2 * GiB + 5, 3 * GiB + page + 7])
      expect(
        joined.extents().filter(({ offset, length }) => at >= offset && at < offset + length),
      ).toHaveLength(1)
    expect(joined.extents().reduce((sum, { length }) => sum + length, 0)).toBeLessThan(GiB)
  })

  it('are lost when one of them is, and say so by whoever listens', () => {
    let times = 0
    joined.onLost = () => times++
    for (const each of files) each.onLost?.()
    expect(times).toBe(3)
    expect(joined.lost).toBeUndefined()
    const lost = [undefined, 'b is gone', 'c is gone'].map((text) => ({ size: 0, lost: text }))
    expect(new JoinedMapping(lost as unknown as FileMapping[]).lost).toBe('b is gone')
  })
})
