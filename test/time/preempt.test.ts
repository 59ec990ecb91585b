import { describe, expect, it } from 'vitest'
import { asPaused, preemptionOf, preemptSpacing } from '../../src/time/engine/preempt.js'

describe('asPaused', () => {
  it('makes a state that the debugger stopped one that was paused, and leaves all else as it is', () => {
    const section = (state: string): Buffer => {
      const text = Buffer.alloc(100)
      text.write(state)
      const words = Buffer.alloc(12)
      words.writeUInt32BE(state.length + 1, 8)
      return Buffer.concat([Buffer.from('before debug globalstate'), words, text, Buffer.from('debug')])
    }
    expect(Buffer.from(asPaused(section('debug')))).toEqual(section('paused'))
    expect(Buffer.from(asPaused(section('paused')))).toEqual(section('paused'))
    expect(Buffer.from(asPaused(Buffer.from('debug')))).toEqual(Buffer.from('debug'))
  })
})

describe('preemptionOf', () => {
  it('is a function of seed and segment, within bounds, short and long', () => {
    const all = Array.from({ length: 400 }, (_, n) => preemptionOf(n % 20, 1 + Math.floor(n / 20)))
    expect(preemptionOf(7, 3)).toEqual(preemptionOf(7, 3))
    expect(preemptionOf(7, 3)).not.toEqual(preemptionOf(7, 4))
    expect(preemptionOf(7, 3)).not.toEqual(preemptionOf(8, 3))
    for (const { delay, turn, steps } of all) {
      expect(Number.isInteger(delay) && delay >= 0 && delay < preemptSpacing / 2).toBe(true)
      expect(Number.isInteger(turn) && turn >= 0).toBe(true)
      expect(steps).toBeGreaterThanOrEqual(1)
      expect(steps).toBeLessThan(1024)
    }
    expect(new Set(all.map(({ turn }) => turn % 2)).size).toBe(2)
    // Half of them end within 32 instructions.
    const short = all.filter(({ steps }) => steps < 32).length
    expect(short / all.length).toBeGreaterThan(0.4)
    expect(short / all.length).toBeLessThan(0.6)
  })
})
