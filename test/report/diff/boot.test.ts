import { describe, expect, it } from 'vitest'
import { isSameBoot } from '../../../src/report/diff/boot.js'
import { headOf } from '../support/documents.js'

const facts = (own: Readonly<Record<string, unknown>> = {}) => ({
  environment: {
    release: '6',
    facts: Object.entries({ release: '6', kernelOffset: '0x1', buildId: 'ab', ...own }).map(
      ([fact, value]) => ({
        fact,
        value,
        how: '',
      }),
    ),
  },
})
/** A clock that shows `realtime` milliseconds `up` milliseconds after boot. */
const clocks = (realtime: number, up: number) => ({
  time: { clocks: { realtime: String(realtime * 1e6), boottime: up * 1e6, monotonic: 0 } },
})
const init = (startTime: number) => ({
  tasks: [
    { pid: 2, startTime: 9 },
    { pid: 1, startTime },
  ],
})
const same = (before: object, after: object): boolean =>
  isSameBoot(headOf({ ...facts(), ...before }), headOf({ ...facts(), ...after }))

describe('two reports are of one boot', () => {
  it('where kernel and its place are the same', () => {
    expect(same({}, {})).toBe(true)
    expect(same({}, facts({ release: '7' }))).toBe(false)
    expect(same({}, facts({ kernelOffset: '0x2' }))).toBe(false)
    expect(same({}, facts({ buildId: 'cd' }))).toBe(false)
    expect(same({ environment: null }, {})).toBe(false)
  })

  it('where the machine was started at the same time, two seconds more or less', () => {
    expect(same(clocks(50_000, 10_000), clocks(90_000, 50_000))).toBe(true)
    expect(same(clocks(50_000, 10_000), clocks(90_000, 48_000))).toBe(true)
    expect(same(clocks(50_000, 10_000), clocks(90_000, 52_000))).toBe(true)
    expect(same(clocks(50_000, 10_000), clocks(90_000, 47_999))).toBe(false)
    expect(same(clocks(50_000, 10_000), clocks(90_000, 52_001))).toBe(false)
    // What tasks say matters only without clocks.
    expect(same({ ...clocks(5, 1), ...init(1) }, { ...clocks(5, 1), ...init(2) })).toBe(true)
  })

  it('where init started at the same time, if a clock is missing', () => {
    expect(same(init(1), init(1))).toBe(true)
    expect(same(init(1), init(2))).toBe(false)
    expect(same({ ...init(1), ...clocks(5, 1) }, { ...init(2), time: { clocks: null } })).toBe(false)
    expect(same({ ...init(1), time: { clocks: null } }, { ...init(1), ...clocks(5, 1) })).toBe(true)
  })
})
