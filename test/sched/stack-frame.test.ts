import { describe, expect, it } from 'vitest'
import { frameOf, Growth } from '../../src/sched/stack-frame.js'
import { SchedGuest } from './sched-guest.js'

describe('a frame', () => {
  it('is named by the call before a return address, as %pB does', () => {
    const made = new SchedGuest('early')
    const text = made.guest.image(0x1000, 4096)
    const first = made.guest.symbol('never_returns', text + 0x100n, 't')
    made.guest.symbol('next', text + 0x140n, 't')
    const kernel = made.kernel()
    expect(frameOf(kernel, first + 0x40n, false).symbol).toBe('never_returns+0x40')
    expect(frameOf(kernel, first + 0x40n, true).symbol).toBe('next')
  })
})

describe('growth', () => {
  it('is upwards on one stack, and anywhere from one stack to another', () => {
    const growth = new Growth()
    expect(growth.allows(0x8000n, 0x8008n)).toBe(true)
    expect(growth.allows(0x8000n, 0x8000n)).toBe(false)
    expect(growth.allows(0x8000n, 0x4008n)).toBe(false)
    expect(growth.allows(0x8000n, 0x4000n)).toBe(true)
  })

  it('ends with more stacks than a CPU can be on', () => {
    const growth = new Growth()
    const allowed = Array.from({ length: 20 }, () => growth.allows(0x10000n, 0x4000n))
    expect(allowed.lastIndexOf(true)).toBe(7)
  })
})
