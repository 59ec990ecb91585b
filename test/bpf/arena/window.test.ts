import { describe, expect, it } from 'vitest'
import { ArenaWindow } from '../../../src/bpf/arena/window.js'
import { problemText } from '../../../src/problems.js'
import { ArenaGuest, type ArenaOptions } from '../../support/arena-guest.js'
import type { MemberValues } from '../../support/object-writer.js'

const GiB4 = 2n ** 32n
const kernelBase = 0xffffd90000009000n

/** The window of an arena, after a test has changed its structs. */
function windowOf(
  options: ArenaOptions = {},
  change: { arena?: MemberValues; area?: MemberValues; info?: object } = {},
  fill: (test: ArenaGuest) => void = () => undefined,
) {
  const test = new ArenaGuest(options)
  fill(test)
  const { kernel, arena } = test.build()
  const { objects } = test.guest
  const at = arena.info.address - BigInt(objects.offsetOf('bpf_arena', 'map'))
  if (change.area !== undefined)
    objects.set('vm_struct', kernel.struct('bpf_arena', at).pointer('kern_vm'), change.area)
  if (change.arena !== undefined) objects.set('bpf_arena', at, change.arena)
  kernel.invalidate()
  const window = new ArenaWindow(kernel, { ...arena.info, ...change.info })
  return { test, window, problems: window.problems.map(problemText) }
}

describe('memory beside an arena', () => {
  it('is none of it, before its first byte and behind its last', () => {
    const test = new ArenaGuest({ maxPages: 2 })
    test.pages(2, 0)
    for (const page of [-1, 2]) test.guest.map(test.kernelAddress(page * 4096), test.guest.frame())
    const { window } = test.build().arena
    expect([window.bytes(-8, 8), window.bytes(-8, 16), window.u64(-4096)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect([window.bytes(0, 8192)?.length, window.bytes(0, 8193)]).toEqual([8192, undefined])
    expect([window.u64(8184), window.holds(8191), window.holds(8192)]).toEqual([0n, true, false])
  })
})

describe('the kernel area of an arena', () => {
  const size = GiB4 + 0x10000n

  it('is 4 GiB with a guard of 32 KiB on either side, and perhaps a page of the kernel’s own behind', () => {
    for (const each of [size, size + 4096n, 0n]) {
      const { window, problems } = windowOf({}, { area: { size: each } })
      expect([window.kernelStart, problems]).toEqual([kernelBase, []])
    }
    expect(windowOf({}, { area: { size: size + 8192n } }).problems).toEqual([
      'window: its kernel area has 0x100012000 bytes, not 4 GiB and a guard of 64 KiB',
    ])
    expect(windowOf({}, { area: { size: size - 4096n } }).problems).toHaveLength(1)
  })

  it('may be none, or where none can be: then nothing is there, and no kernel address is in it', () => {
    for (const [change, why] of [
      [{ arena: { kern_vm: 0n } }, 'window: it has no kernel area (kern_vm is null)'],
      [
        { area: { addr: kernelBase + 8n } },
        /^window: its kernel area starts at 0xffffd90000009008, which cannot be$/,
      ],
      [{ area: { addr: 0x7000n } }, /^window: its kernel area starts at 0x7000, which cannot be$/],
    ] as const) {
      const { window, problems } = windowOf({}, change, (test) => test.pages(1, 0))
      expect(problems).toEqual([typeof why === 'string' ? why : expect.stringMatching(why)])
      expect(window.kernelStart).toBe(0n)
      expect(window.presentPages()).toEqual({ pages: [], problem: undefined })
      expect([window.pageAt(0), window.isPresent(0), window.formOf(0x1000n)]).toEqual([
        'unreadable',
        false,
        undefined,
      ])
      expect(window.placeOf(0xffffd90000009000n)).toBe(-1)
      // User addresses are in it all the same.
      expect(window.placeOf((1n << 44n) + 0x1000n)).toBe(0x1000)
    }
  })
})

describe('the user addresses of an arena', () => {
  const userStart = 1n << 44n

  it('end where the kernel says, which is said where that does not fit its pages', () => {
    expect(windowOf({ maxPages: 3 }).window.userEnd).toBe(userStart + 3n * 4096n)
    expect(windowOf({ maxPages: 3 }, { arena: { user_vm_end: userStart + 4n * 4096n } }).problems).toEqual([
      'window: user_vm_end is 0x100000004000, which does not fit 3 pages',
    ])
  })

  it('are 4 GiB at most', () => {
    expect(windowOf({}, { info: { maxEntries: 2 ** 20 } }).problems).toEqual([])
    const { window, problems } = windowOf({}, { info: { maxEntries: 2 ** 20 + 1 } })
    expect(window.declaredPages).toBe(2 ** 20)
    expect(problems).toEqual(['window: it claims 1048577 pages; an arena ends at 4 GiB'])
  })

  it('may end with the 4 GiB that they are in, and not beyond', () => {
    const late = { userStart: userStart + GiB4 - 0x3000n, maxPages: 3 }
    const fits = windowOf(late)
    expect([fits.problems, fits.window.length]).toEqual([[], 3 * 4096])
    const crosses = windowOf({ ...late, maxPages: 4 })
    expect(crosses.problems).toEqual(['window: its 4 pages from 0x1000ffffd000 on cross 4 GiB'])
    expect(crosses.window.length).toBe(3 * 4096)
  })
})

describe('a pointer of an arena', () => {
  /** Pages 16 to 19 of 4 GiB, of which the second is there. */
  const small = (flags = 1024) =>
    windowOf({ userStart: (1n << 44n) + 0x10000n, maxPages: 4, flags }, {}, (test) => test.pages(1, 1)).window

  it('is one by its window, from the first byte to the last', () => {
    const window = small()
    const user = (low: bigint) => (1n << 44n) + low
    const kernel = (low: bigint) => kernelBase + low
    for (const [of, form] of [
      [user, 'user'],
      [kernel, 'kernel'],
    ] as const) {
      expect([0x10000n, 0x13fffn].map((low) => [window.formOf(of(low)), window.placeOf(of(low))])).toEqual([
        [form, 0x10000],
        [form, 0x13fff],
      ])
      expect([0xffffn, 0x14000n].map((low) => [window.formOf(of(low)), window.placeOf(of(low))])).toEqual([
        [undefined, -1],
        [undefined, -1],
      ])
    }
  })

  it('may be its low word: as a form only where there is a page, as a place anywhere in the window', () => {
    const window = small()
    expect([0x11000n, 0x11fffn, 0x10fffn, 0x12000n].map((low) => window.formOf(low))).toEqual([
      'low32',
      'low32',
      undefined,
      undefined,
    ])
    expect([0x10000n, 0x13fffn, 0xffffn, 0x14000n].map((low) => window.placeOf(low))).toEqual([
      0x10000, 0x13fff, -1, -1,
    ])
    expect(window.formOf(0n)).toBeUndefined()
    // Null is no pointer, though the first page of an arena may be there.
    const whole = windowOf({}, {}, (test) => test.pages(1, 0)).window
    expect([whole.formOf(0n), whole.formOf(1n), whole.placeOf(0n)]).toEqual([undefined, 'low32', 0])
  })

  it('of any eight bytes is likely only in the form that the arena stores', () => {
    const plain = small()
    const high = Number((1n << 44n) >> 32n)
    expect([0x10000, 0x13fff, 0xffff, 0x14000].map((low) => plain.likelyPlace(low, high))).toEqual([
      0x10000, 0x13fff, -1, -1,
    ])
    expect(plain.likelyPlace(0x11000, 0)).toBe(-1)
    const lows = small(1024 | (1 << 18))
    expect([0x11000, 0x11fff, 0x10fff, 0x12000].map((low) => lows.likelyPlace(low, 0))).toEqual([
      0x11000, 0x11fff, -1, -1,
    ])
    expect(lows.likelyPlace(0x11000, 1)).toBe(-1)
    // Small numbers are more likely numbers, whatever is there.
    const first = windowOf({ flags: 1024 | (1 << 18) }, {}, (test) => test.pages(2, 0)).window
    expect([4095, 4096].map((low) => first.likelyPlace(low, 0))).toEqual([-1, 4096])
  })
})

describe('bytes of an arena', () => {
  const two = () =>
    windowOf({ maxPages: 8 }, {}, (test) => {
      test.pages(2, 2)
      test.u64(0x2ff8, 0x1122334455667788n)
      test.u64(0x3000, 0x99aabbccddeeff00n)
    }).window

  it('are read within pages and across them, as far as there are pages', () => {
    const window = two()
    expect(window.u64(0x2ff8)).toBe(0x1122334455667788n)
    expect(window.u32(0x2ff8)).toBe(0x55667788)
    expect(window.u64(0x2ffc)).toBe(0xddeeff0011223344n)
    expect(window.u32(0x2ffe)).toBe(0xff001122)
    for (const at of [0x1ffc, 0x3ffc]) expect(window.u64(at)).toBeUndefined()
    expect([window.u64(0x1000), window.u32(0x4000), window.bytes(-8, 8)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(window.bytes(0x2000, 8 * 4096 + 1)).toBeUndefined()
  })

  it('are given to who asks by the page', () => {
    const window = two()
    const seen: bigint[] = []
    const see = (view: DataView, _: Uint8Array, offset: number) => {
      seen.push(view.getBigUint64(offset, true))
    }
    expect([window.inPage(0x2ff8, see), window.inPage(0x1000, see)]).toEqual([true, false])
    expect(seen).toEqual([0x1122334455667788n])
  })

  it('that cannot be had have a reason', () => {
    const window = two()
    expect(window.reason(0x8000)).toBe('0x100000008000 is outside the arena')
    expect(window.reason(0x2000)).toBe('it is readable')
    expect(window.reason(0x2000, 8)).toBe('it is readable')
    expect(window.reason(0x1000)).toMatch(/^page not present at 0xffffd9000000a000/)
    expect(window.reason(0x3ffc, 8)).toMatch(/^page not present at 0xffffd9000000d000/)
    expect([0x2000, 0x1000, 0x8000].map((place) => window.pageAt(place))).toEqual(['present', 'none', 'none'])
    expect(window.presentPages()).toEqual({ pages: [2, 3], problem: undefined })
  })

  it('lie in the frame that memory has for their page', () => {
    const { test, window } = windowOf({ userStart: (1n << 44n) + 0x10000n, maxPages: 4 }, {}, (made) => {
      made.pages(1, 1)
    })
    expect(window.frameOf(1)).toBe(test.guest.physicalOf(test.kernelAddress(0x11000)) / 4096)
  })
})
