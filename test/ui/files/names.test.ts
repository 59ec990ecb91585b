import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bytesOfFileName,
  fileName,
  fileNameOfBytes,
  nameOfCText,
  textOfFileName,
} from '../../../src/ui/files/names.js'

describe('file names', () => {
  it.each([
    ['pid_stats', 'pid_stats'],
    ['scx_demo.bss', 'scx_demo.bss'],
    ['.rodata', '%2Erodata'],
    ['..', '%2E.'],
    ['-rf', '%2Drf'],
    ['a/b', 'a%2Fb'],
    ['../../etc/passwd', '%2E.%2F..%2Fetc%2Fpasswd'],
    ['100%', '100%25'],
    ['', '%'],
    ['\n', '%0A'],
    ['\x1b[31m', '%1B%5B31m'],
    ['README.md', '%52EADME.md'],
    ['problems', '%70roblems'],
    ['ä', '%C3%A4'],
    ['a b', 'a%20b'],
  ])('%j is %j', (text, name) => {
    expect(fileName(text)).toBe(name)
    expect(textOfFileName(name)).toBe(text)
  })

  const safe = /^[A-Za-z0-9_%+@=,:~][A-Za-z0-9_.%+@=,:~-]*$/

  it('are safe whatever the guest says, and lead back to it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const name = fileName(text)
        expect(name).toMatch(safe)
        expect(textOfFileName(name)).toBe(text)
      }),
    )
    // Half a character is a name of its own, not that of the replacement character.
    expect(fileName('\ud800x')).toBe('%ED%A0%80x')
    expect(textOfFileName('%ED%A0%80x')).toBe('\ud800x')
  })

  it('are safe for bytes that are no text, and lead back to them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const name = fileNameOfBytes(bytes)
        expect(name).toMatch(safe)
        expect(bytesOfFileName(name)).toEqual(Uint8Array.from(bytes))
      }),
    )
    expect(fileNameOfBytes(Uint8Array.of(0x61, 0xff))).toBe('a%FF')
    expect(textOfFileName('a%FF')).toBeUndefined()
  })

  it('of characters in C are those of their bytes', () => {
    expect(nameOfCText('a\\xff', Uint8Array.of(0x61, 0xff, 0, 7))).toBe('a%FF')
    expect(nameOfCText('a\\xff', Buffer.from('a\\xff\0'))).toBe('a%5Cxff')
    expect(nameOfCText('GREEN', Uint8Array.of(2, 0, 0, 0))).toBeUndefined()
  })

  it.each(['%', '%2e', '%41', 'a/b', '.x', '%FF', 'README.md', 'a%', 'ä'])(
    'knows that %j is the name of no other text',
    (name) => {
      const text = textOfFileName(name)
      if (text !== undefined) expect(fileName(text)).toBe(name)
    },
  )
})
