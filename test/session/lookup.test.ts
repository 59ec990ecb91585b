import { describe, expect, it } from 'vitest'
import type { CryoscopeError } from '../../src/errors.js'
import { addressIn, one } from '../../src/session/lookup.js'

const named = (...names: readonly string[]) => names.map((name, i) => ({ id: i + 1, name }))

function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    return `${(error as CryoscopeError).code}: ${(error as CryoscopeError).message}`
  }
  return ''
}

describe('the one that was asked for', () => {
  it('is the only one', () => {
    const [first] = named('stats')
    expect(one([first as { id: number; name: string }], 'map', 'stats', [])).toBe(first)
  })

  it('is asked about where there are several', () => {
    expect(refusal(() => one(named('a', 'a'), 'map', 'a', []))).toBe(
      'usage: 2 maps are called a; name one by id: 1, 2',
    )
  })

  it('is missed with those whose names are near, else with all, at most eight', () => {
    const all = named('stats', 'cpu_stats', 'tasks', '')
    expect(refusal(() => one([], 'map', 'stat', all))).toBe(
      'not-found: there is no map stat; there are stats, cpu_stats',
    )
    expect(refusal(() => one([], 'map', 'my_tasks', all))).toBe(
      'not-found: there is no map my_tasks; there are tasks',
    )
    expect(refusal(() => one([], 'map', 'zzz', all))).toBe(
      'not-found: there is no map zzz; there are stats, cpu_stats, tasks, 4',
    )
    expect(refusal(() => one([], 'map', 17, []))).toBe(
      'not-found: there is no map 17; there are no maps at all',
    )
    const eight = 'abcdefgh'.split('')
    expect(refusal(() => one([], 'map', 'zzz', named(...eight)))).toBe(
      'not-found: there is no map zzz; there are a, b, c, d, e, f, g, h',
    )
    expect(refusal(() => one([], 'map', 'zzz', named(...eight, 'i')))).toBe(
      'not-found: there is no map zzz; there are a, b, c, d, e, f, g, h …',
    )
  })

  it('may be an address: text with 0x and up to 16 digits, or a number', () => {
    expect(['0x0', '0xFFFF888000000000', '0Xab'].map(addressIn)).toEqual([0n, 0xffff888000000000n, 0xabn])
    expect(['ab', '0x', '0x1ffff888000000000', '0x12 ', ' 0x12', '0x1g'].map(addressIn)).toEqual(
      new Array(6).fill(undefined),
    )
    expect([addressIn(-1n), addressIn(5n)]).toEqual([0xffffffffffffffffn, 5n])
  })
})
