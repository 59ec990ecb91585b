import { describe, expect, it } from 'vitest'
import { asPhysical } from '../../src/brands.js'
import { encodeNotes } from '../../src/memory/core-layout.js'
import { readNotes } from '../../src/memory/notes.js'
import type { Session } from '../../src/session/session.js'
import { coreNotes, coreOf, wholeFrames } from '../../src/session/vmcore.js'

const frame = 4096
const ranges = (...pairs: readonly (readonly [number, number])[]) =>
  pairs.map(([start, length]) => ({ start: asPhysical(start), length }))

describe('whole frames of ranges', () => {
  it('are those that lie in one range entirely', () => {
    expect(wholeFrames(ranges([0, 2 * frame]))).toEqual(ranges([0, 2 * frame]))
    expect(wholeFrames(ranges([1, 3 * frame]))).toEqual(ranges([frame, 2 * frame]))
    expect(wholeFrames(ranges([frame, 2 * frame - 1]))).toEqual(ranges([frame, frame]))
    const far = 5000 * frame
    expect(wholeFrames(ranges([far, 2 * frame], [2 * far + 1, 2 * frame]))).toEqual(
      ranges([far, 2 * frame], [2 * far + frame, frame]),
    )
    // Nothing is left of the first: a range of no length is none.
    expect(wholeFrames(ranges([1, frame], [frame, frame - 1], [8 * frame, frame]))).toEqual(
      ranges([8 * frame, frame]),
    )
  })
})

interface Fake {
  readonly architecture?: 'x86_64' | 'aarch64'
  readonly symbols?: Readonly<Record<string, bigint>>
  readonly numbers?: Readonly<Record<string, bigint>>
  readonly words?: Readonly<Record<string, bigint>>
  readonly vcpus?: readonly object[]
  readonly isMapped?: boolean
}

function sessionOf({
  architecture = 'x86_64',
  symbols = {},
  numbers = {},
  words = {},
  vcpus = [],
  isMapped = true,
}: Fake) {
  return {
    vcpus,
    target: { memory: { ranges: ranges([0x100000, 4 * frame]) } },
    kernel: {
      info: { text: 'OSRELEASE=x\n', number: (name: string) => numbers[name] },
      findSymbol: (name: string) => symbols[name],
      space: {
        format: { architecture },
        u64: (at: bigint) => words[String(at)],
        translate: (at: bigint) =>
          isMapped ? { physical: Number(at & 0xffffffn) } : { problem: { kind: 'not-present', address: at } },
      },
    },
  } as unknown as Session
}

/** Program headers of a core: type, virtual and physical address, size. */
function headers({ head }: { readonly head: Uint8Array }) {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  return Array.from({ length: view.getUint16(56, true) }, (_, i) => {
    const at = 64 + i * 56
    return [
      view.getUint32(at, true),
      view.getBigUint64(at + 16, true),
      Number(view.getBigUint64(at + 24, true)),
      Number(view.getBigUint64(at + 40, true)),
    ]
  }).filter(([type]) => type === 1)
}

describe('a core of what a session looks at', () => {
  const base = 0xffff888000000000n

  it('has memory where the direct map is, and the image where its symbols are', () => {
    const session = sessionOf({
      symbols: { page_offset_base: 7n, _text: 0xffffffff81101000n, _end: 0xffffffff81103000n },
      words: { 7: base },
    })
    expect(headers(coreOf(session))).toEqual([
      [1, 0xffffffff81101000n, 0x101000, 2 * frame],
      [1, base + 0x100000n, 0x100000, 4 * frame],
    ])
    expect(new DataView(coreOf(session).head.buffer).getUint16(18, true)).toBe(62)
  })

  it('takes _stext where there is no _text, and has no image where it cannot be told', () => {
    const image = (fake: Fake) => headers(coreOf(sessionOf(fake))).slice(0, -1)
    const end = 0xffffffff81103000n
    expect(image({ symbols: { _stext: end - 0x1000n, _end: end } })).toEqual([
      [1, end - 0x1000n, 0x102000, frame],
    ])
    expect(image({ symbols: { _text: end - 0x2000n, _stext: end - 0x1000n, _end: end } })).toEqual([
      [1, end - 0x2000n, 0x101000, 2 * frame],
    ])
    for (const symbols of [
      { _end: end },
      { _text: end },
      { _text: end, _end: end },
      { _text: end + 1n, _end: end },
    ])
      expect(image({ symbols: symbols as Record<string, bigint> })).toEqual([])
    expect(image({ symbols: { _text: end - 0x1000n, _end: end }, isMapped: false })).toEqual([])
  })

  it('has no virtual addresses where nothing tells them, and those of arm64 from its own numbers', () => {
    expect(headers(coreOf(sessionOf({})))).toEqual([[1, 0n, 0x100000, 4 * frame]])
    const arm = sessionOf({
      architecture: 'aarch64',
      numbers: { PHYS_OFFSET: 0x40000000n, VA_BITS: 48n },
      symbols: { page_offset_base: 7n },
    })
    // PAGE_OFFSET is -2^48, where PHYS_OFFSET is seen.
    expect(headers(coreOf(arm))).toEqual([[1, 0xfffeffffc0100000n, 0x100000, 4 * frame]])
    expect(new DataView(coreOf(arm).head.buffer).getUint16(18, true)).toBe(183)
  })

  it('has registers in the order of CPUs; those of unknown ones come last, as they came', () => {
    const vcpu = (index: number, cpu: number | undefined) => ({
      index,
      cpu,
      registers: { rip: BigInt(index + 1) },
    })
    const vcpus = [vcpu(0, undefined), vcpu(1, 3), vcpu(2, 0), vcpu(3, undefined)]
    const notes = coreNotes(sessionOf({ vcpus }))
    expect(notes.map(({ name }) => name)).toEqual([
      ...new Array(4).fill('CORE'),
      ...new Array(4).fill('QEMU'),
    ])
    const { cpus } = readNotes([encodeNotes(notes)], 'x86_64')
    expect(cpus.map(({ registers }) => registers.rip)).toEqual([3n, 2n, 1n, 4n])
    expect(cpus.map(({ pid }) => pid)).toEqual([1, 2, 3, 4])
    expect(vcpus.map(({ index }) => index)).toEqual([0, 1, 2, 3])
    const arm = coreNotes(sessionOf({ vcpus: [vcpu(0, 0)], architecture: 'aarch64' }))
    expect(arm.map(({ name }) => name)).toEqual(['CORE'])
  })
})
