import { describe, expect, it } from 'vitest'
import { isSameTarget } from '../../../../src/ui/tui/model/target.js'

describe('isSameTarget', () => {
  it('goes by what is led to, not by its title', () => {
    const entry = (key: number) => ({ kind: 'entry' as const, map: 5, key: Uint8Array.of(key), name: 'data' })
    expect(isSameTarget(entry(1), entry(1))).toBe(true)
    expect(isSameTarget(entry(1), entry(2))).toBe(false)
    expect(isSameTarget({ kind: 'address', address: 1n }, { kind: 'bytes', address: 1n })).toBe(false)
  })
})
