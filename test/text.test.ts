import fc from 'fast-check'
import { expect, test } from 'vitest'
import { escapeText, quoteText, withArticle } from '../src/text.js'

test('text that a terminal would act on is escaped', () => {
  expect(escapeText('plain gr\u00fc\u00df \u{1f427}')).toBe('plain gr\u00fc\u00df \u{1f427}')
  expect(escapeText('\u001b[31mred\u0007')).toBe('\\x1b[31mred\\x07')
  expect(escapeText('a\nb\tc\r\u0000')).toBe('a\\nb\\tc\\r\\x00')
  expect(escapeText('\u009b31m')).toBe('\\x9b31m')
  expect(escapeText('evil\u202etxt')).toBe('evil\\u202etxt')
  expect(escapeText('half \ud83d pair')).toBe('half \\ud83d pair')
})

test('quoted text is a C literal', () => {
  expect(quoteText('say "hi"\\\n')).toBe('"say \\"hi\\"\\\\\\n"')
})

test('no text gets a control character through', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
      expect(escapeText(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/)
    }),
  )
})

test.each([
  ['int', 'an int'],
  ['struct rq', 'a struct rq'],
  ['enum pid_type', 'an enum pid_type'],
  ['unsigned long', 'an unsigned long'],
  ['union sigval', 'a union sigval'],
  ['u64', 'a u64'],
  ['array', 'an array'],
])('gives %s its article', (word, text) => {
  expect(withArticle(word)).toBe(text)
})
