import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fileName, textOfFileName } from '../../../src/ui/files/names.js'

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

  it('are safe whatever the guest says, and lead back to it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        // Lone surrogates cannot be written as UTF-8.
        const whole = Buffer.from(text, 'utf8').toString('utf8')
        const name = fileName(whole)
        expect(name).toMatch(/^[A-Za-z0-9_%+@=,:~][A-Za-z0-9_.%+@=,:~-]*$/)
        expect(textOfFileName(name)).toBe(whole)
      }),
    )
  })

  it.each(['%', '%2e', '%41', 'a/b', '.x', '%FF', 'README.md', 'a%', 'ä'])(
    'knows that %j is the name of no other text',
    (name) => {
      const text = textOfFileName(name)
      if (text !== undefined) expect(fileName(text)).toBe(name)
    },
  )
})
