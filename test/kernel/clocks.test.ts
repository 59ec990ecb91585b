import { describe, expect, it } from 'vitest'
import { readClocks } from '../../src/kernel/clocks.js'
import { BtfBuilder } from '../btf/builder.js'
import { KernelGuest } from '../support/kernel-guest.js'

const shift = 8
const keeperAt = 24
/** xtime_sec, xtime_nsec, shift, wall_to_monotonic, offs_boot: in other places than in any kernel. */
const places = { offsBoot: 0, second: 8, nanosecond: 16, shift: 24, toSeconds: 32, toNanoseconds: 40 }

function types(hasData = true): BtfBuilder {
  const b = new BtfBuilder()
  const u32 = b.int('unsigned int', 4)
  const u64 = b.int('unsigned long', 8)
  const s64 = b.int('long', 8, { signed: true })
  const base = b.struct('tk_read_base', [
    { name: 'xtime_nsec', type: u64 },
    { name: 'shift', type: u32 },
  ])
  const timespec = b.struct('timespec64', [
    { name: 'tv_sec', type: s64 },
    { name: 'tv_nsec', type: s64 },
  ])
  const keeper = b.struct('timekeeper', [
    { name: 'offs_boot', type: s64 },
    { name: 'xtime_sec', type: u64 },
    { name: 'tkr_mono', type: base },
    { name: 'wall_to_monotonic', type: timespec },
  ])
  b.struct(hasData ? 'tk_data' : 'other', [{ name: 'timekeeper', type: keeper, offset: keeperAt }])
  return b
}

interface Times {
  readonly symbol?: string
  readonly shift?: number
  readonly boot?: bigint
  readonly hasData?: boolean
}

/** 1000 s and 250 ns since 1970; the machine has run since 900.5 s before that. */
function clocks(times: Times = {}) {
  const guest = new KernelGuest({ btf: types(times.hasData).build() })
  const data = guest.global(times.symbol ?? 'timekeeper_data', keeperAt + 64)
  const keeper = data + BigInt(keeperAt)
  const put = (at: number, value: bigint): void => {
    guest.u64(keeper + BigInt(at), BigInt.asUintN(64, value))
  }
  put(places.second, 1000n)
  put(places.nanosecond, 250n << BigInt(shift))
  guest.u32(keeper + BigInt(places.shift), times.shift ?? shift)
  put(places.toSeconds, -901n)
  put(places.toNanoseconds, 500_000_000n)
  put(places.offsBoot, times.boot ?? 7n)
  return readClocks(guest.kernel())
}

describe('readClocks', () => {
  it.each(['timekeeper_data', 'tk_core'])('reads the timekeeper in %s', (symbol) => {
    expect(clocks({ symbol })).toEqual({
      realtime: 1000_000_000_250n,
      monotonic: 99_500_000_250n,
      boottime: 99_500_000_257n,
    })
  })

  it('takes the time that the machine slept, of either sign', () => {
    expect(clocks({ boot: -1n }).boottime).toBe(99_500_000_249n)
    expect(clocks({ boot: 5_000_000_000n }).boottime).toBe(104_500_000_250n)
  })

  it('does not believe in a shift that drops all bits', () => {
    expect(clocks({ shift: 0 }).realtime).toBe(1000_000_064_000n)
    expect(clocks({ shift: 63 }).realtime).toBe(1000_000_000_000n)
    expect(() => clocks({ shift: 64 })).toThrow('the timekeeper shifts by 64, which cannot be')
  })

  it('says so where the kernel keeps its clocks otherwise', () => {
    const sentence = 'this kernel keeps its clocks in a way not known here (no tk_data)'
    expect(() => clocks({ symbol: 'other' })).toThrow(sentence)
    expect(() => clocks({ hasData: false })).toThrow(sentence)
  })
})
