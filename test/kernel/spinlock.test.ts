import { describe, expect, it } from 'vitest'
import { isHeld } from '../../src/kernel/spinlock.js'
import type { StructReader } from '../../src/kernel/struct-reader.js'

/** A struct that has these members. */
const reader = (members: Readonly<Record<string, number>>): StructReader =>
  ({
    has: (...paths: readonly string[]) => paths.some((path) => path in members),
    number: (...paths: readonly string[]) => members[paths.find((path) => path in members) ?? ''],
  }) as unknown as StructReader

describe('a raw spinlock', () => {
  it('is held while its byte says so', () => {
    expect(isHeld(reader({ 'lock.raw_lock.locked': 1 }), 'lock')).toBe(true)
    expect(isHeld(reader({ 'lock.raw_lock.locked': 0 }), 'lock')).toBe(false)
  })

  it('may have another name in another kernel', () => {
    expect(isHeld(reader({ '__lock.raw_lock.locked': 1 }), 'lock', '__lock')).toBe(true)
  })

  it('is held by nobody on a kernel for one CPU, which has no such byte', () => {
    expect(isHeld(reader({}), 'lock', '__lock')).toBe(false)
  })
})
