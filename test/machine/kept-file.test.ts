import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { dropFile, isIntact, keepFile } from '../../src/machine/kept-file.js'

const directory = mkdtempSync(join(tmpdir(), 'cs-kept-'))
afterAll(() => rmSync(directory, { recursive: true }))

describe('a file of the cache', () => {
  it('is intact as long as it is what it was', () => {
    const path = join(directory, 'image')
    keepFile(path, Buffer.from('a kernel'))
    expect(isIntact(path)).toBe(true)
    expect(readFileSync(path, 'utf8')).toBe('a kernel')
    keepFile(path, Buffer.from('another'))
    expect(isIntact(path)).toBe(true)
    truncateSync(path, 3)
    expect(isIntact(path)).toBe(false)
    writeFileSync(path, 'anothes')
    expect(isIntact(path)).toBe(false)
  })

  it('is taken as it is when it is first used, and checked from then on', () => {
    const path = join(directory, 'fetched')
    writeFileSync(path, 'tool')
    expect(isIntact(path)).toBe(true)
    writeFileSync(path, 'toot')
    expect(isIntact(path)).toBe(false)
    dropFile(path)
    expect([existsSync(path), isIntact(path)]).toEqual([false, false])
    writeFileSync(path, 'toot')
    expect(isIntact(path)).toBe(true)
  })

  it('is checked anew where what is noted beside it is damaged itself', () => {
    const path = join(directory, 'noted')
    keepFile(path, Buffer.from('x'))
    writeFileSync(`${path}.sha256`, 'garbage')
    expect(isIntact(path)).toBe(true)
    writeFileSync(path, 'y')
    expect(isIntact(path)).toBe(false)
  })
})
