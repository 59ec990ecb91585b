import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../../src/errors.js'
import { parsePositive, parseSize, parseWhole } from '../../../src/ui/cli/numbers.js'

describe('sizes', () => {
  it.each([
    ['512M', 512 * 2 ** 20],
    ['512', 512 * 2 ** 20],
    ['2G', 2 ** 31],
    ['2g', 2 ** 31],
    ['1.5GiB', 1.5 * 2 ** 30],
    ['131072K', 2 ** 27],
    ['512 MB', 512 * 2 ** 20],
    ['1T', 2 ** 40],
  ])('%s', (text, bytes) => {
    expect(parseSize(text, '--memory')).toBe(bytes)
  })

  it.each([
    '',
    'M',
    '-1G',
    '0',
    '0M',
    'lots',
    '1e3',
    '512X',
    '1.5.5G',
    '9999999999T',
    '0x200M',
    '512M2G',
    ' ',
  ])('refuses "%s"', (text) => {
    expect(() => parseSize(text, '--memory')).toThrow(/--memory takes a size such as 512M or 2G/)
  })
})

describe('numbers', () => {
  it('are whole, from a least one on', () => {
    expect(parseWhole('0', '--limit')).toBe(0)
    expect(parseWhole('10', '--count', 1)).toBe(10)
    for (const text of [
      '',
      '-1',
      '1.5',
      '1e3',
      '0x10',
      'ten',
      '99999999999999999999',
      ' 1',
      'NaN',
      'Infinity',
    ]) {
      expect(() => parseWhole(text, '--limit'), text).toThrow(CryoscopeError)
    }
    expect(() => parseWhole('0', '--count', 1)).toThrow(/--count takes a whole number from 1 on/)
  })

  it('are positive where fractions are fine', () => {
    expect(parsePositive('0.5', '--ms')).toBe(0.5)
    expect(parsePositive('.5', '--ms')).toBe(0.5)
    expect(parsePositive('5', '--ms')).toBe(5)
    for (const text of ['', '0', '-5', 'x', '1e9', 'Infinity', '.', '5ms']) {
      expect(() => parsePositive(text, '--ms'), text).toThrow(CryoscopeError)
    }
  })

  it('never come from other text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const parse of [parseSize, parseWhole, parsePositive]) {
          try {
            expect(Number.isFinite(parse(text, '--x'))).toBe(true)
            expect(text).toMatch(/^[\d.]+\s*[KMGTiB]*$/i)
          } catch (error) {
            expect(error).toBeInstanceOf(CryoscopeError)
          }
        }
      }),
    )
  })
})
