import { describe, expect, it } from 'vitest'
import { OrcTable, orcRegister, orcType } from '../../src/sched/orc.js'
import { SchedGuest } from './sched-guest.js'

/** Functions of 0x100 bytes from 0x100 on, each left in another way; the numbers of registers are those before Linux 7.1. */
function world(count = 12, { counted = count, spNumber }: { counted?: number; spNumber?: number } = {}) {
  const guest = new SchedGuest('early')
  const { objects } = guest
  const text = guest.guest.image(0x2000, 4096)
  guest.guest.symbol('first', text, 't')
  guest.guest.symbol('_etext', text + 0x1000n, 'T')
  const size = objects.sizeOf('orc_entry')
  const ips = guest.guest.symbol('__start_orc_unwind_ip', guest.guest.image(count * 4))
  guest.guest.symbol('__stop_orc_unwind_ip', ips + BigInt(counted * 4))
  const entries = guest.guest.symbol('__start_orc_unwind', guest.guest.image(count * size))
  for (let n = 0; n < count; n++) {
    const place = ips + BigInt(n * 4)
    guest.guest.integer(place, text + BigInt(0x100 * (n + 1)) - place, 4)
    objects.set('orc_entry', entries + BigInt(n * size), {
      sp_offset: n * 8,
      bp_offset: -n * 8,
      // Those behind the first twelve are the usual.
      sp_reg: n < 12 ? n : (spNumber ?? n),
      bp_reg: n,
      type: orcType.call,
      signal: n % 2,
    })
  }
  return { guest, text, ips, entries, kernel: guest.guest.kernel() }
}

describe('the unwind table', () => {
  const { kernel, text, ips, entries } = world()
  const table = new OrcTable(kernel)
  const offset = (ip: bigint) => table.find(text + ip)?.spOffset

  it('tells of each address the entry that begins at or before it', () => {
    expect([0x100n, 0x1ffn, 0x200n, 0xb00n, 0xc00n, 0xfffn].map(offset)).toEqual([0, 0, 8, 80, 88, 88])
    // Before the first, and behind the text of the kernel.
    expect([0xffn, 0x1000n, 0x1fffn].map(offset)).toEqual([undefined, undefined, undefined])
    expect(table.find(text + 0x200n)).toBe(table.find(text + 0x200n))
    expect(OrcTable.of(kernel)).toBe(OrcTable.of(kernel))
  })

  it('has entries with registers by their names', () => {
    expect(table.find(text + 0x200n)).toMatchObject({
      spOffset: 8,
      bpOffset: -8,
      type: orcType.call,
      isSignal: true,
    })
    expect(table.find(text + 0x100n)).toMatchObject({ spOffset: 0, isSignal: false })
    const names = new Map(Object.entries(orcRegister).map(([name, register]) => [register, name]))
    const registers = Array.from({ length: 12 }, (_, n) => {
      const entry = table.find(text + BigInt(0x100 * (n + 1)))
      expect(entry?.bpRegister).toBe(entry?.spRegister)
      return names.get(entry?.spRegister as never)
    })
    // arch/x86/include/asm/orc_types.h up to Linux 7.0.
    const bases = [
      'undefined',
      'previousSp',
      'dx',
      'di',
      'bp',
      'sp',
      'r10',
      'r13',
      'bpIndirect',
      'spIndirect',
    ]
    expect(registers).toEqual([...bases, 'unknown', 'unknown'])
  })

  it('may have them in the order since Linux 7.1, where most frames are found by the other number', () => {
    const later = world(14, { spNumber: 3 })
    const own = new OrcTable(later.kernel)
    const names = new Map(Object.entries(orcRegister).map(([name, register]) => [register, name]))
    const registers = Array.from({ length: 12 }, (_, n) =>
      names.get(own.find(later.text + BigInt(0x100 * (n + 1)))?.spRegister as never),
    )
    const bases = [
      'undefined',
      'ax',
      'dx',
      'sp',
      'bp',
      'di',
      'r10',
      'r13',
      'previousSp',
      'spIndirect',
      'bpIndirect',
    ]
    expect(registers).toEqual([...bases, 'unknown'])
  })

  it('of a module is asked with its own tables', () => {
    const of = (count: number, ip: bigint) => table.findIn(ips, entries, count, text + ip)?.spOffset
    expect([of(12, 0x100n), of(12, 0x2ffn), of(12, 0x1fffn)]).toEqual([0, 8, 88])
    expect([of(2, 0x300n), of(12, 0xffn)]).toEqual([8, undefined])
    expect([of(0, 0x100n), of(-1, 0x100n), of(64_000_001, 0x100n)]).toEqual([undefined, undefined, undefined])
  })

  it('that cannot be is none', () => {
    expect(() => new OrcTable(world(2, { counted: 0 }).kernel)).toThrow()
    expect(() => new OrcTable(world(2, { counted: -1 }).kernel)).toThrow()
    expect(new OrcTable(world(2).kernel).find(text)).toBeUndefined()
  })
})
