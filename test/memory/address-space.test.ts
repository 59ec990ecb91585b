import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asPage, asPhysical } from '../../src/brands.js'
import { AddressSpace } from '../../src/memory/address-space.js'
import { MemoryFault } from '../../src/memory/fault.js'
import { x86PageTables } from '../../src/memory/page-tables.js'
import { describeProblem, type Problem } from '../../src/memory/types.js'
import { ArrayMemory } from '../support/array-memory.js'
import { GuestBuilder, type PageSize } from '../support/guest-builder.js'
import { HoledMemory } from '../support/holed-memory.js'

const MiB = 2 ** 20
const kernelHalf = 0xffff888000000000n

/** A guest whose every word of memory says where it is: physical address / 4. */
function numbered(options: ConstructorParameters<typeof GuestBuilder>[0] = {}): GuestBuilder {
  const guest = new GuestBuilder({ memory: 4 * MiB, reserved: 3 * MiB, ...options })
  for (let at = 0; at < 3 * MiB; at += 4) guest.memory.view.setUint32(at, at / 4, true)
  return guest
}

describe.each([4, 5] as const)('page tables of %i levels', (levels) => {
  // Above the 47 bits of 4 levels where 5 allow it.
  const high = levels === 5 ? 0xff11000000000000n : kernelHalf

  it.each<[PageSize, bigint, bigint]>([
    ['4K', 0x1000n, 0xfffn],
    ['2M', 0x200000n, 0x1fffffn],
    ['1G', 0x40000000n, 0x2fffffn],
  ])('translates addresses in pages of %s', (size, start, last) => {
    const guest = numbered({ levels })
    const virtual = high + start
    guest.map(virtual, asPhysical(size === '4K' ? 0x5000 : 0), { size })
    const space = guest.space()
    const base = size === '4K' ? 0x5000 : 0
    for (const offset of [0n, 4n, last - 3n]) {
      expect(space.translate(virtual + offset)).toEqual({ physical: base + Number(offset) })
      expect(space.u32(virtual + offset)).toBe((base + Number(offset)) / 4)
    }
  })

  it.each<[PageSize, bigint]>([
    ['2M', 0x1000n],
    ['1G', 0x1000n],
  ])('takes the flags in the low bits of a %s entry for flags, not for an address', (size, pat) => {
    const guest = numbered({ levels })
    guest.map(high, asPhysical(0), { size, flags: pat | (1n << 63n) })
    expect(guest.space().translate(high + 0x123456n)).toEqual({ physical: 0x123456 })
  })

  it('leaves out the bits above the address of an entry', () => {
    const guest = numbered({ levels })
    guest.map(high, asPhysical(0x7000), { flags: (1n << 63n) | (0x7ffn << 52n) | 0x60n })
    expect(guest.space().translate(high)).toEqual({ physical: 0x7000 })
  })

  it('takes nothing but the lowest bit of an entry for being there, the first time and again', () => {
    const guest = numbered({ levels })
    // Read-only pages, each beside a swapped-out one whose entry has all other bits.
    for (const page of [0n, 2n]) {
      const at = high + page * 0x1000n
      guest.map(at, asPhysical(0x5000 + Number(page) * 0x1000))
      guest.setEntry(at, 0, BigInt(0x5000 + Number(page) * 0x1000) | 1n)
      guest.map(at + 0x1000n, asPhysical(0x9000))
      guest.setEntry(at + 0x1000n, 0, 0x9ffen)
    }
    const space = guest.space()
    for (const page of [0n, 1n, 2n, 3n, 0n, 1n]) {
      const at = high + page * 0x1000n
      expect(space.translate(at)).toEqual(
        page % 2n === 0n
          ? { physical: 0x5000 + Number(page) * 0x1000 }
          : { problem: { kind: 'not-present', address: at, level: 'pte' } },
      )
    }
    const first = asPage(Number(BigInt.asUintN(64, high) >> 12n))
    expect(space.presentPages(first, 5).pages).toEqual([first, first + 2])
  })

  const names = levels === 5 ? ['pte', 'pmd', 'pud', 'p4d', 'pgd'] : ['pte', 'pmd', 'pud', 'pgd']
  it.each([...names.entries()])('names level %i, where an entry is not present: %s', (level, name) => {
    const guest = numbered({ levels })
    guest.map(high + 0x3000n, asPhysical(0x5000))
    guest.unmap(high + 0x3000n, level)
    const address = high + 0x3004n
    const problem = { kind: 'not-present', address, level: name }
    const space = guest.space()
    expect(space.translate(address)).toEqual({ problem })
    expect(space.read(address, 4)).toEqual({ ok: false, bytes: new Uint8Array(), problem })
    expect(() => space.u32(address)).toThrow(MemoryFault)
    expect(() => space.u32(address)).toThrow(`page not present at 0x${address.toString(16)} (${name})`)
  })

  it('refuses addresses that are not canonical', () => {
    const guest = numbered({ levels })
    const bits = levels === 5 ? 57n : 48n
    const first = 1n << (bits - 1n)
    const last = 2n ** 64n - first - 1n
    for (const address of [first, first + 0x1000n, last, 1n << 63n]) {
      expect(guest.space().translate(address)).toEqual({ problem: { kind: 'non-canonical', address } })
    }
    // Their neighbours are canonical, and only not there.
    for (const address of [first - 1n, last + 1n]) {
      expect(guest.space().translate(address)).toMatchObject({
        problem: { kind: 'not-present', level: 'pgd' },
      })
    }
  })

  it('says when a page or a page table is outside memory', () => {
    const guest = numbered({ levels })
    guest.map(high, asPhysical(0x7ffff000))
    guest.setEntry(high + 0x40000000n, 2, 0x70000000n | 3n)
    const space = guest.space()
    expect(space.read(high + 8n, 1)).toMatchObject({
      problem: { kind: 'absent', address: high + 8n, physical: 0x7ffff008 },
    })
    const { problem } = space.read(high + 0x40000010n, 1) as { problem: Problem }
    expect(problem).toMatchObject({ kind: 'absent', address: high + 0x40000010n, physical: 0x70000000 })
    // What lies there is a page table, not what was asked for.
    expect(describeProblem(problem)).toBe(
      `where 0x${(high + 0x40000010n).toString(16)} leads is not known: its pmd is at physical 0x70000000, which this memory does not hold`,
    )
    expect(describeProblem((space.read(high + 8n, 1) as { problem: Problem }).problem)).toBe(
      `0x${(high + 8n).toString(16)} is at physical 0x7ffff008, which this memory does not hold`,
    )
  })

  it('takes an address as the 64 bits it has', () => {
    const guest = numbered({ levels })
    guest.map(high, asPhysical(0x5000))
    expect(guest.space().u32(high - (1n << 64n))).toBe(0x5000 / 4)
  })
})

describe('AddressSpace', () => {
  it('reads across pages that are not neighbours, up to the first that is missing', () => {
    const guest = numbered()
    guest.map(kernelHalf, asPhysical(0x9000))
    guest.map(kernelHalf + 0x1000n, asPhysical(0x3000))
    const space = guest.space()
    const whole = space.read(kernelHalf + 0xff8n, 16)
    const words = (bytes: Uint8Array) => [...new Uint32Array(bytes.slice().buffer)]
    expect(whole.ok).toBe(true)
    expect(words(whole.bytes)).toEqual([0x9ff8 / 4, 0x9ffc / 4, 0x3000 / 4, 0x3004 / 4])

    const cut = space.read(kernelHalf + 0x1ff8n, 16)
    expect(cut).toMatchObject({ ok: false, problem: { kind: 'not-present', address: kernelHalf + 0x2000n } })
    expect(words(cut.bytes)).toEqual([0x3ff8 / 4, 0x3ffc / 4])
  })

  it.each([
    ['u8', 1],
    ['u16', 2],
    ['u32', 4],
    ['i32', 4],
    ['u64', 8],
  ] as const)('reads %s at every offset round a page boundary', (name, size) => {
    const guest = new GuestBuilder({ memory: MiB })
    guest.map(kernelHalf, asPhysical(0x9000))
    guest.map(kernelHalf + 0x1000n, asPhysical(0x3000))
    const bytes = Uint8Array.from({ length: 32 }, (_, i) => 0xf0 - i * 3)
    guest.write(kernelHalf + 0xff0n, bytes)
    const space = guest.space()
    for (let i = 0; i + size <= 32; i++) {
      let value = 0n
      for (let k = size - 1; k >= 0; k--) value = value * 256n + BigInt(bytes[i + k] as number)
      if (name === 'i32') value = BigInt.asIntN(32, value)
      expect(BigInt(space[name](kernelHalf + 0xff0n + BigInt(i)))).toBe(value)
    }
    expect(() => space[name](kernelHalf + 0x2000n - BigInt(size) + 1n)).toThrow(MemoryFault)
  })

  it('reads text up to its NUL, its limit, or the missing page that comes before both', () => {
    const guest = new GuestBuilder({ memory: MiB })
    guest.map(kernelHalf, asPhysical(0x9000))
    guest.map(kernelHalf + 0x1000n, asPhysical(0x3000))
    guest.text(kernelHalf + 0xffcn, 'schedule')
    guest.write(kernelHalf + 0x1ffcn, Buffer.from('idle'))
    const space = guest.space()
    expect(space.text(kernelHalf + 0xffcn, 64)).toBe('schedule')
    expect(space.text(kernelHalf + 0xffcn, 5)).toBe('sched')
    expect(space.text(kernelHalf + 0x1ffcn, 4)).toBe('idle')
    expect(() => space.text(kernelHalf + 0x1ffcn, 5)).toThrow(MemoryFault)
  })

  it('goes on behind the last address at address 0', () => {
    const guest = numbered()
    guest.map(0xfffffffffffff000n, asPhysical(0x9000))
    guest.map(0n, asPhysical(0x3000))
    const { ok, bytes } = guest.space().read(0xfffffffffffffffcn, 8)
    expect(ok).toBe(true)
    expect([...new Uint32Array(bytes.slice().buffer)]).toEqual([0x9ffc / 4, 0x3000 / 4])
  })

  it('refuses to read more than memory holds', () => {
    const guest = numbered()
    guest.map(kernelHalf, asPhysical(0x9000))
    expect(guest.space().read(kernelHalf, 4 * MiB + 1)).toEqual({
      ok: false,
      bytes: new Uint8Array(),
      problem: { kind: 'too-long', address: kernelHalf, length: 4 * MiB + 1 },
    })
    expect(() => guest.space().bytes(kernelHalf, 2 ** 52)).toThrow('more than this memory holds')
  })

  it('does not run over where a page comes while much is read', () => {
    const length = 2 * MiB
    const guest = numbered()
    for (let at = 0; at < length; at += 4096) guest.map(kernelHalf + BigInt(at), asPhysical(at))
    let isAway = true
    const memory = new HoledMemory(guest.memory, (frame) => {
      if (frame !== 300) return false
      const was = isAway
      isAway = false
      return was
    })
    const { ok, bytes } = new AddressSpace(memory, guest.root, x86PageTables(4)).read(kernelHalf, length)
    expect(ok).toBe(false)
    expect(bytes.length).toBe(300 * 4096)
    expect(new DataView(bytes.buffer).getUint32(299 * 4096, true)).toBe(299 * 1024)
  })

  it('keeps translations until it is told that the guest ran', () => {
    const guest = numbered()
    guest.map(kernelHalf, asPhysical(0x9000))
    guest.map(kernelHalf + 0x1000n, asPhysical(0xa000))
    const space = guest.space()
    expect(space.u32(kernelHalf)).toBe(0x9000 / 4)
    guest.map(kernelHalf, asPhysical(0x3000))
    guest.unmap(kernelHalf + 0x1000n)
    space.invalidate()
    expect(space.u32(kernelHalf)).toBe(0x3000 / 4)
    expect(space.read(kernelHalf + 0x1000n, 1).ok).toBe(false)
  })

  it('forgets which page table serves a region too', () => {
    const guest = numbered()
    guest.map(kernelHalf, asPhysical(0x9000))
    const space = guest.space()
    space.u32(kernelHalf)
    const table = guest.frame()
    guest.setEntry(kernelHalf, 1, BigInt(table) | 3n)
    guest.map(kernelHalf + 0x1000n, asPhysical(0x3000))
    space.invalidate()
    expect(space.u32(kernelHalf + 0x1000n)).toBe(0x3000 / 4)
    expect(space.read(kernelHalf, 1)).toMatchObject({ problem: { kind: 'not-present', level: 'pte' } })
  })

  it('sees pages that appear without being told: only what is there is kept', () => {
    const guest = numbered()
    const space = guest.space()
    expect(space.read(kernelHalf, 1).ok).toBe(false)
    guest.map(kernelHalf, asPhysical(0x9000))
    expect(space.u32(kernelHalf)).toBe(0x9000 / 4)
  })

  it('keeps apart pages that share a place in the cache', () => {
    const guest = numbered()
    const far = kernelHalf + (1n << 28n)
    guest.map(kernelHalf, asPhysical(0x9000))
    guest.map(far, asPhysical(0x3000))
    guest.map(kernelHalf + (1n << 33n), asPhysical(0x4000))
    const space = guest.space()
    for (let i = 0; i < 2; i++) {
      expect(space.u32(kernelHalf)).toBe(0x9000 / 4)
      expect(space.u32(far)).toBe(0x3000 / 4)
      expect(space.u32(kernelHalf + (1n << 33n))).toBe(0x4000 / 4)
    }
  })

  it('takes the place of a page table for the number of no page', () => {
    const guest = numbered()
    guest.map(kernelHalf, asPhysical(0x9000))
    const table = guest.entryAt(kernelHalf, 0)
    // The pages of this region have the numbers that the place of the table has.
    const other = BigInt(table - (table % 512)) << 12n
    guest.map(other, asPhysical(0x3000))
    const space = guest.space()
    for (let i = 0; i < 2; i++) {
      expect(space.translate(kernelHalf)).toEqual({ physical: 0x9000 })
      expect(space.translate(other)).toEqual({ physical: 0x3000 })
    }
  })

  it.each<[PageSize, number]>([
    ['4K', 0x1000],
    ['2M', 0x200000],
  ])(
    'walks the tables once for the pages that one table maps, and for those of a page of %s',
    (size, length) => {
      const guest = numbered()
      for (let at = 0; at < 0x200000; at += length)
        guest.map(kernelHalf + BigInt(at), asPhysical(at), { size })
      let looks = 0
      const locate = guest.memory.locate.bind(guest.memory)
      Object.assign(guest.memory, {
        locate(frame: Parameters<typeof locate>[0]) {
          looks++
          return locate(frame)
        },
      })
      const space = guest.space()
      const first = asPage(Number(BigInt.asUintN(64, kernelHalf) >> 12n))
      space.frameOf(first)
      const walked = looks
      for (let i = 0; i < 512; i++) expect(space.frameOf(asPage(first + i))).toBe(i)
      expect(looks).toBe(walked)
      expect(walked).toBe(size === '4K' ? 4 : 3)
      // Where its bytes are is known, once it was asked for.
      for (let i = 0; i < 3; i++) space.locate(first)
      expect(looks).toBe(walked + 1)
      expect(space.pagesRead).toBe(1)
    },
  )

  it('walks page tables that lead to themselves', () => {
    const guest = new GuestBuilder({ memory: MiB })
    const self = BigInt(guest.root) | 3n
    for (let i = 0; i < 512; i++) guest.memory.view.setBigUint64(guest.root + i * 8, self, true)
    const space = guest.space()
    expect(space.translate(0xffff800000000123n)).toEqual({ physical: guest.root + 0x123 })
    expect(space.u64(0xffff800000000000n)).toBe(self)
  })

  it('answers with a problem once memory was closed, for pages it knew too', () => {
    const guest = numbered()
    guest.map(kernelHalf, asPhysical(0x9000))
    const space = guest.space()
    expect(space.u32(kernelHalf)).toBe(0x9000 / 4)
    guest.memory.close()
    expect(space.read(kernelHalf, 4)).toMatchObject({ ok: false, problem: { kind: 'absent' } })
    expect(() => space.u32(kernelHalf)).toThrow(MemoryFault)
    expect(() => space.u32(kernelHalf + 0x1000n)).toThrow(MemoryFault)
    expect(space.locate(asPage(Number(kernelHalf >> 12n)))).toBe(-1)
  })

  it('reads what is there of memory with a hole', () => {
    const guest = numbered()
    guest.map(kernelHalf, asPhysical(0x9000))
    guest.map(kernelHalf + 0x1000n, asPhysical(0xa000))
    guest.memory.remove(0xa000, 0x1000)
    const { ok, bytes } = guest.space().read(kernelHalf + 0xffcn, 8)
    expect(ok).toBe(false)
    expect([...new Uint32Array(bytes.slice().buffer)]).toEqual([0x9ffc / 4])
  })

  it('answers anything at all about random page tables, always the same', () => {
    const memory = new ArrayMemory(16 * 4096)
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(16 * 512 - 1), fc.bigInt(0n, 2n ** 64n - 1n), fc.nat(15)), {
          maxLength: 200,
        }),
        fc.array(fc.bigInt(0n, 2n ** 64n - 1n), { minLength: 1, maxLength: 20 }),
        fc.constantFrom(4 as const, 5 as const),
        (entries, addresses, levels) => {
          memory.bytes.fill(0)
          for (const [index, noise, frame] of entries) {
            // Mostly entries that lead on, so that walks get deep.
            const entry = (noise & 0xfff0000000000ffen) | BigInt(frame * 4096) | 1n
            memory.view.setBigUint64(index * 8, noise % 7n === 0n ? noise : entry, true)
          }
          const space = new AddressSpace(memory, asPhysical(0), x86PageTables(levels))
          for (const address of addresses) {
            const first = space.read(address, 4097)
            space.invalidate()
            expect(space.read(address, 4097)).toEqual(first)
            const translated = space.translate(address)
            if ('physical' in translated) {
              expect(translated.physical).toBeLessThan(2 ** 52)
              expect(translated.physical % 4096).toBe(Number(address & 0xfffn))
            } else expect(first.ok).toBe(false)
          }
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('places where numbers are zero', () => {
  it('are places: the first frame of memory, as a page and as the topmost table', () => {
    const guest = new GuestBuilder({ memory: MiB, root: asPhysical(0), reserved: 0x2000 })
    guest.map(kernelHalf, asPhysical(0x9000))
    guest.map(kernelHalf + 0x1000n, asPhysical(0))
    guest.memory.view.setUint32(0x9000, 7, true)
    const space = guest.space()
    expect(space.translate(kernelHalf)).toEqual({ physical: 0x9000 })
    expect(space.u32(kernelHalf)).toBe(7)
    expect(space.pagesRead).toBe(1)
    // The bytes of the table itself; its second half has the entry of the kernel's.
    expect(space.read(kernelHalf + 0x1000n, 4)).toEqual({ ok: true, bytes: new Uint8Array(4) })
    expect(space.u32(kernelHalf + 0x1888n)).not.toBe(0)
    expect(space.pagesRead).toBe(2)
    expect(space.presentPages(asPage(Number(BigInt.asUintN(64, kernelHalf) >> 12n)), 4).pages).toHaveLength(2)
  })
})

it('reads text that goes over several pages', () => {
  const guest = new GuestBuilder({ memory: MiB })
  const at = guest.allocPages(4)
  const text = Array.from({ length: 3 * 4096 }, (_, n) => String.fromCharCode(97 + (n % 23))).join('')
  guest.text(at + 100n, text)
  expect(guest.space().text(at + 100n, 16_000)).toBe(text)
  expect(guest.space().text(at + 100n, 9000)).toBe(text.slice(0, 9000))
  expect(guest.space().text(at, 0)).toBe('')
})

it('asks how much memory there is only for lengths that may be more than all of it', () => {
  const guest = new GuestBuilder({ memory: MiB / 2 })
  guest.map(kernelHalf, asPhysical(0x9000))
  const kind = (length: number) => {
    const result = guest.space().read(kernelHalf, length)
    return result.ok ? undefined : result.problem.kind
  }
  expect([kind(4096), kind(MiB), kind(MiB + 1)]).toEqual([undefined, 'not-present', 'too-long'])
})

it('reads pages that lie one behind the other, scattered, twice, or not at all', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constant('next' as const), fc.nat(700)), { minLength: 1, maxLength: 12 }),
      fc.nat(4095),
      fc.integer({ min: 1, max: 13 * 4096 }),
      fc.option(fc.nat(700), { nil: undefined }),
      (places, from, length, removed) => {
        const guest = numbered()
        let frame = -1
        const frames = places.map((place) => {
          frame = place === 'next' ? (frame + 1) % 701 : place
          return frame
        })
        for (const [n, at] of frames.entries())
          guest.map(kernelHalf + BigInt(n) * 0x1000n, asPhysical(at * 4096))
        if (removed !== undefined) guest.memory.remove(removed * 4096, 4096)
        const pages = frames.includes(removed ?? -1) ? frames.slice(0, frames.indexOf(removed ?? -1)) : frames
        const whole = Buffer.concat(
          pages.map((at) => guest.memory.bytes.subarray(at * 4096, at * 4096 + 4096)),
        )
        const wanted = whole.subarray(from, from + length)
        const { ok, bytes } = guest.space().read(kernelHalf + BigInt(from), length)
        expect(ok).toBe(wanted.length === length)
        expect(Buffer.from(bytes).equals(wanted)).toBe(true)
      },
    ),
  )
})

it('reads memory whose tables and pages lie in several windows', () => {
  const guest = numbered({ memory: 4 * MiB, reserved: 2 * MiB })
  // Tables are in the second half, as is one of the pages.
  const pages = [0x5000, 3 * MiB - 4096, 0x6000]
  for (const [n, physical] of pages.entries())
    guest.map(kernelHalf + BigInt(n) * 0x1000n, asPhysical(physical))
  guest.map(kernelHalf + 0x40000000n, asPhysical(2 * MiB), { size: '2M' })
  const half = 2 * MiB
  const windows = [0, half].map((from) => {
    const bytes = guest.memory.bytes.subarray(from, from + half)
    return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) }
  })
  const memory = Object.create(guest.memory, {
    windows: { value: windows },
    locate: {
      value(frame: number) {
        const at = guest.memory.locate(frame)
        return at < half ? at : 2 ** 32 + (at - half)
      },
    },
  }) as ArrayMemory
  const plain = guest.space()
  const space = new AddressSpace(memory, asPhysical(guest.root), x86PageTables(4))
  for (let i = 0; i < 2; i++) {
    for (const address of [0x10n, 0xffen, 0x1004n, 0x2ff8n, 0x40000008n, 0x400ff000n]) {
      const at = kernelHalf + address
      expect(space.translate(at)).toEqual(plain.translate(at))
      expect(space.u32(at)).toBe(plain.u32(at))
      expect(space.read(at, 0x1004)).toEqual(plain.read(at, 0x1004))
    }
    space.invalidate()
  }
  const first = asPage(Number(BigInt.asUintN(64, kernelHalf) >> 12n))
  expect(space.presentPages(first, 8)).toEqual({ pages: [first, first + 1, first + 2], problem: undefined })
  expect(space.presentPages(asPage(first + 0x40000), 600).pages).toHaveLength(512)
})

describe('writing', () => {
  function writable() {
    const guest = numbered()
    for (const [n, physical] of [0x9000, 0x3000, 0x7ffff000].entries())
      guest.map(kernelHalf + BigInt(n) * 0x1000n, asPhysical(physical))
    const write = (physical: number, bytes: Uint8Array): void => guest.memory.bytes.set(bytes, physical)
    Object.assign(guest.memory, { write })
    return { guest, space: guest.space() }
  }

  it('goes over pages that are not neighbours', () => {
    const { guest, space } = writable()
    const bytes = Uint8Array.from({ length: 4096 + 6 }, (_, n) => n % 251)
    space.write(kernelHalf + 0xffcn - 0x3n, bytes.subarray(0, 4096))
    expect([...guest.memory.bytes.subarray(0x9ff9, 0xa000)]).toEqual([...bytes.subarray(0, 7)])
    expect([...guest.memory.bytes.subarray(0x3000, 0x3010)]).toEqual([...bytes.subarray(7, 23)])
    expect(space.bytes(kernelHalf + 0xff9n, 4096)).toEqual(bytes.subarray(0, 4096))
  })

  it('changes nothing where a page of it is missing, and says which', () => {
    const { guest, space } = writable()
    const before = guest.memory.bytes.slice()
    expect(() => space.write(kernelHalf + 0x1ffen, new Uint8Array(4))).toThrow('0x7ffff000')
    expect(() => space.write(kernelHalf + 0x3000n - 1n, new Uint8Array(2))).toThrow(MemoryFault)
    expect(() => space.write(kernelHalf - 1n, new Uint8Array(2))).toThrow('not present')
    expect(Buffer.compare(before, guest.memory.bytes)).toBe(0)
    space.write(kernelHalf, new Uint8Array())
  })

  it('is refused where memory cannot be written', () => {
    expect(() => numbered().space().write(kernelHalf, Uint8Array.of(1))).toThrow(
      'the memory of a test cannot be written; only the memory of a frozen guest can',
    )
  })
})
