import { describe, expect, it } from 'vitest'
import { asPhysical } from '../../src/brands.js'
import type { Dump } from '../../src/memory/dump.js'
import type { Segment } from '../../src/memory/segmented.js'
import type { PhysicalMemory } from '../../src/memory/types.js'
import { laidOut, layoutUpTo, proof } from '../../src/session/layout.js'
import { ArrayMemory } from '../support/array-memory.js'
import { KernelGuest } from '../support/kernel-guest.js'

const GiB = 2 ** 30
const plain = (segments: readonly Segment[] | undefined) =>
  segments?.map(({ physical, offset, length }) => [physical, offset, length])

describe('where RAM of a size lies when the kernel says where it ends', () => {
  it('is one block from 0 on where it ends below the hole', () => {
    expect(plain(layoutUpTo(2 * GiB, 2 * GiB))).toEqual([[0, 0, 2 * GiB]])
    // Firmware keeps some of its end.
    expect(plain(layoutUpTo(2 * GiB, 2 * GiB - 4096))).toEqual([[0, 0, 2 * GiB]])
    expect(plain(layoutUpTo(4 * GiB, 4 * GiB))).toEqual([[0, 0, 4 * GiB]])
    expect(layoutUpTo(2 * GiB, 2 * GiB + 4096)).toBeUndefined()
  })

  it('is in two where it ends above the hole', () => {
    expect(plain(layoutUpTo(4 * GiB, 6 * GiB))).toEqual([
      [0, 0, 2 * GiB],
      [4 * GiB, 2 * GiB, 2 * GiB],
    ])
    expect(plain(layoutUpTo(4 * GiB, 4 * GiB + 4096))).toEqual([
      [0, 0, 4 * GiB - 4096],
      [4 * GiB, 4 * GiB - 4096, 4096],
    ])
    // No hole at all: RAM below it fills 4 GiB.
    expect(plain(layoutUpTo(6 * GiB, 6 * GiB))).toEqual([
      [0, 0, 4 * GiB],
      [4 * GiB, 4 * GiB, 2 * GiB],
    ])
    // Nothing would be left below it, or more than there is room for.
    expect(layoutUpTo(2 * GiB, 6 * GiB)).toBeUndefined()
    expect(layoutUpTo(GiB, 6 * GiB)).toBeUndefined()
    expect(layoutUpTo(8 * GiB, 5 * GiB)).toBeUndefined()
  })
})

/** A kernel in the first MiBs, which says that memory ends there. */
function guestWithEnd(end: number): KernelGuest {
  const guest = new KernelGuest()
  guest.u64(guest.global('max_pfn', 8), BigInt(end / 4096))
  guest.finish()
  return guest
}

/** RAM whose first bytes are the guest's, of any size; a kernel is found only where `isRight`. */
function dumpOf(guest: KernelGuest, size: number, isRight: (segments: readonly Segment[]) => boolean) {
  const laid: (readonly Segment[])[] = []
  const lay = (segments: readonly Segment[]): PhysicalMemory => {
    laid.push(segments)
    return isRight(segments) ? guest.memory : new ArrayMemory(4096)
  }
  const segments = [{ physical: asPhysical(0), offset: 0, length: size }] as unknown as readonly Segment[]
  let isClosed = false
  const memory = isRight(segments) ? guest.memory : new ArrayMemory(4096)
  const dump = {
    format: 'QEMU stream',
    memory: Object.assign(memory, {
      close: () => {
        isClosed = true
      },
    }),
    architecture: 'x86_64',
    ram: { size, segments, lay },
    problems: [],
    cpus: [],
    vmcoreinfo: undefined,
  } as unknown as Dump
  return { dump, laid, isClosed: () => isClosed }
}

describe('a dump whose RAM is one block', () => {
  it('stays as it is where its kernel says so', () => {
    const guest = guestWithEnd(2 * GiB)
    const { dump, laid } = dumpOf(guest, 2 * GiB, () => true)
    const found = laidOut(dump, undefined)
    expect(found.format).toBe('QEMU stream')
    expect(found.noteAt).toBe(guest.notePhysical)
    expect(laid).toEqual([])
    expect(proof(guest.memory)).toEqual({ noteAt: guest.notePhysical, memoryEnd: 2 * GiB })
  })

  it('is laid around the hole that its kernel tells of', () => {
    const guest = guestWithEnd(5 * GiB)
    const { dump, laid } = dumpOf(guest, 2 * GiB, () => true)
    const found = laidOut(dump, undefined)
    expect(laid.map(plain)).toEqual([
      [
        [0, 0, GiB],
        [4 * GiB, GiB, GiB],
      ],
    ])
    expect(found.memory).toBe(guest.memory)
    expect(found.format).toBe('QEMU stream, RAM around a hole that begins at 0x40000000')
  })

  it.each([2, 3, 1, 0.5, 0.25])(
    'is searched for a kernel with %f GiB below the hole where none is found as it is',
    (below) => {
      const size = 3.5 * GiB
      const guest = guestWithEnd(4 * GiB + size - below * GiB)
      const isRight = (segments: readonly Segment[]): boolean =>
        segments.length === 2 && segments[0]?.length === below * GiB && segments[1]?.physical === 4 * GiB
      const { dump } = dumpOf(guest, size, isRight)
      expect(laidOut(dump, undefined).format).toBe(
        `QEMU stream, RAM around a hole that begins at 0x${(below * GiB).toString(16)}`,
      )
    },
  )

  it('stays as it is where no kernel proves itself, or what it says cannot be', () => {
    const nowhere = dumpOf(guestWithEnd(5 * GiB), 2 * GiB, () => false)
    expect(laidOut(nowhere.dump, undefined)).toBe(nowhere.dump)
    // More than half is tried below a hole only where there is as much.
    expect(nowhere.laid.map((segments) => segments[0]?.length)).toEqual([GiB, 0.5 * GiB, 0.25 * GiB])
    const tooMuch = dumpOf(guestWithEnd(9 * GiB), 2 * GiB, () => true)
    expect(laidOut(tooMuch.dump, undefined)).toBe(tooMuch.dump)
    const arm = dumpOf(guestWithEnd(5 * GiB), 2 * GiB, () => true)
    const armDump = { ...arm.dump, architecture: 'aarch64' } as Dump
    expect(laidOut(armDump, undefined)).toBe(armDump)
    expect(arm.laid).toEqual([])
  })

  it('stays as it is where its kernel is not found, or says something else, once it is laid as it told', () => {
    const guest = guestWithEnd(5 * GiB)
    const lost = dumpOf(guest, 2 * GiB, (segments) => segments.length === 1)
    expect(laidOut(lost.dump, undefined)).toEqual({ ...lost.dump, noteAt: guest.notePhysical })
    expect(lost.laid.map(plain)).toEqual([
      [
        [0, 0, GiB],
        [4 * GiB, GiB, GiB],
      ],
    ])
    const { dump } = dumpOf(guest, 2 * GiB, () => true)
    const other = { ...dump, ram: dump.ram && { ...dump.ram, lay: () => guestWithEnd(6 * GiB).memory } }
    expect(laidOut(other as Dump, undefined).memory).toBe(dump.memory)
  })

  it('says nothing of where it ends where its kernel does not', () => {
    const guest = new KernelGuest()
    guest.finish()
    expect(proof(guest.memory)).toEqual({ noteAt: guest.notePhysical, memoryEnd: undefined })
    const { dump } = dumpOf(guest, 2 * GiB, () => true)
    expect(laidOut(dump, undefined)).toBe(dump)
  })

  it('is as stated, whatever its kernel says; a dump that knows its memory takes no layout', () => {
    const { dump, laid } = dumpOf(guestWithEnd(2 * GiB), 2 * GiB, () => true)
    laidOut(dump, '0:0:1G,5G:1G:1G')
    expect(laid.map(plain)).toEqual([
      [
        [0, 0, GiB],
        [5 * GiB, GiB, GiB],
      ],
    ])
    const { dump: other, isClosed } = dumpOf(guestWithEnd(2 * GiB), 2 * GiB, () => true)
    const { ram: _, ...own } = other
    expect(laidOut(own as Dump, undefined)).toBe(own)
    expect(isClosed()).toBe(false)
    expect(() => laidOut(own as Dump, '0:0:1G')).toThrow(
      /says itself where its memory lies; leave --layout out/,
    )
    expect(isClosed()).toBe(true)
  })
})
