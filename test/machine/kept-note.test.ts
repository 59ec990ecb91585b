import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { asPhysical } from '../../src/brands.js'
import { KeptNote } from '../../src/machine/kept-note.js'

const directory = mkdtempSync(join(tmpdir(), 'cs-note-'))
afterAll(() => rmSync(directory, { recursive: true }))

it('is what was kept last, for its user alone', () => {
  const path = join(directory, 'note')
  expect(new KeptNote(path).at).toBeUndefined()
  for (const at of [0x13c8000, 0xfff_fff0_0000, 0x1000]) {
    new KeptNote(path).keep(asPhysical(at))
    expect(new KeptNote(path).at).toBe(at)
  }
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

it.each(['', '0x', '0x13c8', '0x13c8001', '13c8000', '0x13c8000\n', '-0x1000', '0x1234567890123000', 'none'])(
  'is nothing where %j is kept',
  (text) => {
    const path = join(directory, 'damaged')
    writeFileSync(path, text)
    expect(new KeptNote(path).at).toBeUndefined()
  },
)

it('is not written twice, nor where there is no directory any more', () => {
  const path = join(directory, 'same')
  const note = new KeptNote(path)
  note.keep(asPhysical(0x2000))
  const { mtimeNs, ino } = statSync(path, { bigint: true })
  note.keep(asPhysical(0x2000))
  expect(statSync(path, { bigint: true })).toMatchObject({ mtimeNs, ino })
  expect(readFileSync(path, 'utf8')).toBe('0x2000')
  const gone = new KeptNote(join(directory, 'gone', 'note'))
  gone.keep(asPhysical(0x2000))
  expect(gone.at).toBeUndefined()
})
