import { expect, it } from 'vitest'
import { durationText, nanosecondsText, sizeText } from '../src/units.js'

it('texts of sizes and durations', () => {
  expect([28, 2 ** 20, 1.5 * 2 ** 30, 512 * 2 ** 20 + 2 ** 18].map(sizeText)).toEqual([
    '28 bytes',
    '1 MiB',
    '1.5 GiB',
    '512.3 MiB',
  ])
  expect([12.4, 3400, 300_000, 4 * 3_600_000, 5 * 86_400_000].map(durationText)).toEqual([
    '12 ms',
    '3.4 s',
    '5 min',
    '4 h',
    '5 days',
  ])
})

it('times of programs', () => {
  expect([0n, 999n, 21_320_310n, 7_000_000_000n, 120_000_000_000n].map(nanosecondsText)).toEqual([
    '0 ns',
    '999 ns',
    '21.3 ms',
    '7 s',
    '120 s',
  ])
})
