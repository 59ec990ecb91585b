import { mkdtempSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryFile } from '../../src/time/engine/memory-file.js'
import { PageStore } from '../../src/time/page-store.js'

const mebibyte = 2 ** 20

describe('a store of RAM images', () => {
  let directory: string
  let store: PageStore
  let ram: MemoryFile

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'cryoscope-pages-'))
    store = new PageStore(join(directory, 'pages'), 4 * mebibyte)
    ram = new MemoryFile(8 * mebibyte)
  })
  afterEach(() => {
    store.close()
    ram.close()
    rmSync(directory, { recursive: true })
  })

  const fill = (page: number, value: number, count = 1) =>
    writeSync(ram.fd, Buffer.alloc(4096 * count, value), 0, 4096 * count, page * 4096)
  const capture = (base?: Uint32Array) => {
    const table = store.capture(ram, base)
    if (table === undefined) throw new Error('no room')
    return table
  }

  it('keeps what did not change once, and gives each image back byte for byte', () => {
    fill(3, 1, 600)
    fill(2000, 2)
    const first = capture()
    const before = readFileSync(ram.path)
    expect(store.bytes).toBe(601 * 4096)
    fill(300, 9)
    fill(2000, 0)
    fill(1999, 7)
    const second = capture(first)
    const after = readFileSync(ram.path)
    expect(store.bytes).toBe(603 * 4096)
    store.restore(ram, first)
    expect(readFileSync(ram.path).equals(before)).toBe(true)
    store.restore(ram, second)
    expect(readFileSync(ram.path).equals(after)).toBe(true)
    const fresh = new MemoryFile(8 * mebibyte)
    store.restore(fresh, second)
    expect(readFileSync(fresh.path).equals(after)).toBe(true)
    // Holes stay holes.
    expect(statSync(fresh.path).blocks * 512).toBeLessThan(3 * mebibyte)
    fresh.close()
  })

  it('takes no more room than it was given, and uses again what was let go', () => {
    fill(0, 1, 700)
    const first = capture()
    fill(0, 2, 700)
    expect(store.capture(ram, first)).toBeUndefined()
    expect(store.bytes).toBe(700 * 4096)
    const image = readFileSync(ram.path)
    store.release(first)
    const second = capture()
    fill(0, 5, 700)
    store.restore(ram, second)
    expect(readFileSync(ram.path).equals(image)).toBe(true)
  })

  it('goes on with the images of an earlier process', () => {
    fill(10, 4, 20)
    const table = capture()
    const image = readFileSync(ram.path)
    store.close()
    store = new PageStore(join(directory, 'pages'), 4 * mebibyte)
    store.adopt([table])
    fill(100, 6, 20)
    capture(table)
    store.restore(ram, table)
    expect(readFileSync(ram.path).equals(image)).toBe(true)
  })
})
