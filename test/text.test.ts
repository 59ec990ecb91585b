import fc from 'fast-check'
import { expect, test } from 'vitest'
import { escapeJson, escapeLines, escapeStyled, escapeText, quoteText, withArticle } from '../src/text.js'
import { nastyText, treacherous } from './support/treacherous.js'

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

test('no text gets a character through to a terminal that acts, hides or reverses', () => {
  fc.assert(
    fc.property(nastyText, (text) => {
      expect(escapeText(text)).not.toMatch(treacherous)
      expect(quoteText(text)).not.toMatch(treacherous)
      expect(escapeLines(text).replace(/[\n\t]/g, '')).not.toMatch(treacherous)
      expect(escapeLines(text).split('\n')).toHaveLength(text.split('\n').length)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: sequences that set colours are left
      expect(escapeStyled(text).replace(/\u001b\[[0-9;]*m|[\n\t]/g, '')).not.toMatch(treacherous)
    }),
  )
})

test('escaping twice is escaping once, and what is safe stays', () => {
  fc.assert(
    fc.property(nastyText, (text) => {
      for (const safe of [escapeText, escapeLines, escapeStyled]) expect(safe(safe(text))).toBe(safe(text))
    }),
  )
  expect(escapeStyled('\u001b[1mbold\u001b[0m\u001b[2J')).toBe('\u001b[1mbold\u001b[0m\\x1b[2J')
})

test('JSON says the same without them', () => {
  fc.assert(
    fc.property(nastyText, nastyText, (name, text) => {
      const document = { [name]: [text] }
      const json = escapeJson(JSON.stringify(document, undefined, 1))
      expect(json.replace(/\n/g, '')).not.toMatch(treacherous)
      expect(JSON.parse(json)).toEqual(document)
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
