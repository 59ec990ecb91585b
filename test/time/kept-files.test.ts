import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { beyondLimit, writeKept } from '../../src/time/kept-files.js'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cryoscope-kept-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

it('writes a file whole, and leaves nothing beside it', () => {
  writeKept(join(directory, 'a'), Buffer.from('one'))
  writeKept(join(directory, 'a'), Buffer.from('two'))
  expect(readdirSync(directory)).toEqual(['a'])
  expect(readFileSync(join(directory, 'a'), 'utf8')).toBe('two')
})

it('names what was used longest ago beyond the limit, of directories all that is in them', () => {
  const put = (name: string, used: number): void => {
    const path = join(directory, name)
    mkdirSync(join(path, 'pages'), { recursive: true })
    writeFileSync(join(path, 'pages', 'one'), Buffer.alloc(100_000, 1))
    utimesSync(path, used, used)
  }
  put('old', 1000)
  put('older', 500)
  put('new', 3000)
  put('others', 1)
  const isOurs = (name: string): boolean => name !== 'others'
  const paths = (...names: string[]) => names.map((name) => join(directory, name))
  expect(beyondLimit(directory, 1e6, isOurs)).toEqual([])
  expect(beyondLimit(directory, 250_000, isOurs)).toEqual(paths('older'))
  expect(beyondLimit(directory, 150_000, isOurs)).toEqual(paths('old', 'older'))
  expect(beyondLimit(directory, 1, isOurs)).toEqual(paths('new', 'old', 'older'))
})
