import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asPhysical } from '../../src/brands.js'
import { type CoreLayout, type CoreSpec, encodeNotes, layOutCore } from '../../src/memory/core-layout.js'
import { prstatusNote, qemuNote, vmcoreinfoNote } from '../../src/memory/core-notes.js'
import { openElfCore } from '../../src/memory/elf-core.js'

/** Page p of physical memory is filled with the low byte of p. */
function fileOf(layout: CoreLayout): Buffer {
  const file = Buffer.alloc(layout.size)
  file.set(layout.head)
  for (const { physical, length, offset } of layout.segments) {
    for (let at = 0; at < length; at += 4096)
      file.fill((physical + at) / 4096, offset + at, offset + at + 4096)
  }
  return file
}

function opened<T>(spec: CoreSpec, look: (core: ReturnType<typeof openElfCore>) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-core-'))
  try {
    writeFileSync(join(directory, 'core'), fileOf(layOutCore(spec)))
    const core = openElfCore(join(directory, 'core'))
    try {
      return look(core)
    } finally {
      core.memory.close()
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const registers = Object.fromEntries(
  ['rax', 'r15', 'rip', 'cs', 'eflags', 'ss', 'fs_base', 'gs_base', 'cr0', 'cr3', 'k_gs_base'].map(
    (name, i) => [name, BigInt(i + 1) * 0x1111n],
  ),
)

describe('the layout of an ELF core', () => {
  it('is read back by our own reader: memory, registers, VMCOREINFO', () => {
    const spec: CoreSpec = {
      notes: [prstatusNote(registers, 1), qemuNote(registers), vmcoreinfoNote('OSRELEASE=1.2\n')],
      segments: [
        { physical: asPhysical(0), length: 3 * 4096, virtual: 0xffff888000000000n },
        { physical: asPhysical(0x10000), length: 4096 },
      ],
    }
    opened(spec, ({ memory, cpus, vmcoreinfo, problems }) => {
      expect(problems).toEqual([])
      expect(memory.ranges).toEqual([
        { start: 0, length: 3 * 4096 },
        { start: 0x10000, length: 4096 },
      ])
      expect(memory.read(asPhysical(2 * 4096 + 5), 1)).toEqual({ ok: true, bytes: Uint8Array.of(2) })
      expect(memory.read(asPhysical(0x10000), 1)).toEqual({ ok: true, bytes: Uint8Array.of(0x10) })
      expect(vmcoreinfo).toBe('OSRELEASE=1.2\n')
      const { k_gs_base, ...rest } = registers
      expect(cpus[0]?.registers).toMatchObject({ ...rest, kernel_gs_base: k_gs_base })
    })
  })

  it('shows a view of memory without a second copy', () => {
    const view = { physical: asPhysical(4096), length: 4096, virtual: 0xffffffff81000000n }
    const plain: CoreSpec = { notes: [], segments: [{ physical: asPhysical(0), length: 3 * 4096 }] }
    const viewed = layOutCore({ ...plain, views: [view] })
    expect(viewed.size).toBe(layOutCore(plain).size)
    const head = Buffer.from(viewed.head)
    const at = 64 + 56
    expect(head.readBigUInt64LE(at + 16)).toBe(view.virtual)
    expect(Number(head.readBigUInt64LE(at + 8))).toBe((viewed.segments[0]?.offset ?? 0) + 4096)
  })

  it('leaves out of a view what the core does not hold', () => {
    const { head } = layOutCore({
      notes: [],
      segments: [{ physical: asPhysical(8192), length: 4096 }],
      views: [
        { physical: asPhysical(4096), length: 8192, virtual: 0x1000n },
        { physical: asPhysical(0x100000), length: 4096, virtual: 0n },
      ],
    })
    expect(Buffer.from(head).readUInt16LE(56)).toBe(3)
    expect(Buffer.from(head).readBigUInt64LE(64 + 56 + 16)).toBe(0x2000n)
  })

  it('counts 65535 program headers and more in section 0', () => {
    const segments = Array.from({ length: 65_600 }, (_, i) => ({
      physical: asPhysical(i * 8192),
      length: 4096,
    }))
    const layout = layOutCore({ notes: [], segments })
    const head = Buffer.from(layout.head)
    expect(head.readUInt16LE(56)).toBe(0xffff)
    expect(head.readUInt32LE(Number(head.readBigUInt64LE(40)) + 44)).toBe(65_601)
  })

  it('holds any set of frames where its headers say', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(300), { minLength: 1, maxLength: 40 }), (frames) => {
        const segments = frames
          .sort((a, b) => a - b)
          .map((frame) => ({ physical: asPhysical(frame * 4096), length: 4096 }))
        opened({ notes: [vmcoreinfoNote('x')], segments }, ({ memory }) => {
          for (const frame of frames) {
            expect(memory.read(asPhysical(frame * 4096), 4096)).toEqual({
              ok: true,
              bytes: new Uint8Array(4096).fill(frame),
            })
          }
        })
      }),
      { numRuns: 8 },
    )
  })
})

it('has the headers of an ELF core', () => {
  const { head, segments, size } = layOutCore({
    notes: [vmcoreinfoNote('X')],
    segments: [
      { physical: asPhysical(0x1000), length: 4096, virtual: 0xffff888000001000n },
      { physical: asPhysical(0x5000), length: 8192 },
    ],
    views: [{ physical: asPhysical(0x6000), length: 4096, virtual: 0xffffffff81000000n }],
    machine: 183,
  })
  const file = Buffer.from(head)
  const wanted = Buffer.alloc(64)
  wanted.set([0x7f, ...Buffer.from('ELF'), 2, 1, 1])
  for (const [value, at] of [
    [4, 16],
    [183, 18],
    [64, 52],
    [56, 54],
    [4, 56],
  ] as const)
    wanted.writeUInt16LE(value, at)
  wanted.writeUInt32LE(1, 20)
  wanted.writeBigUInt64LE(64n, 32)
  expect(file.subarray(0, 64)).toEqual(wanted)

  const noteAt = 64 + 4 * 56
  const header = (n: number): unknown[] => {
    const at = 64 + 56 * n
    const words = [8, 16, 24, 32, 40, 48].map((each) => file.readBigUInt64LE(at + each))
    return [file.readUInt32LE(at), file.readUInt32LE(at + 4), ...words]
  }
  expect([0, 1, 2, 3].map(header)).toEqual([
    [4, 0, BigInt(noteAt), 0n, 0n, 28n, 28n, 0n],
    [1, 7, 0x3000n, 0xffffffff81000000n, 0x6000n, 4096n, 4096n, 0n],
    [1, 7, 0x1000n, 0xffff888000001000n, 0x1000n, 4096n, 4096n, 0n],
    [1, 7, 0x2000n, 0n, 0x5000n, 8192n, 8192n, 0n],
  ])
  expect(segments.map(({ offset }) => offset)).toEqual([0x1000, 0x2000])
  expect([head.length, size]).toEqual([4096, 0x4000])
})

it('counts 65534 program headers in the header itself, and one more in section 0', () => {
  const of = (count: number): Buffer => {
    const segments = Array.from({ length: count - 1 }, (_, i) => ({
      physical: asPhysical(i * 8192),
      length: 4096,
    }))
    return Buffer.from(layOutCore({ notes: [], segments }).head)
  }
  const [last, first] = [of(0xfffe), of(0xffff)]
  expect([last.readUInt16LE(56), last.readBigUInt64LE(40), last.readUInt32LE(58)]).toEqual([0xfffe, 0n, 0])
  const section = 64 + 0xffff * 56
  expect([first.readUInt16LE(56), first.readBigUInt64LE(40)]).toEqual([0xffff, BigInt(section)])
  expect([first.readUInt16LE(58), first.readUInt16LE(60)]).toEqual([64, 1])
  expect(first.readUInt32LE(section + 44)).toBe(0xffff)
})

it('fills notes up to words of four bytes', () => {
  const note = encodeNotes([
    { name: 'CORE', type: 1, data: Uint8Array.of(1, 2, 3) },
    { name: 'XYZ', type: 7, data: new Uint8Array(4).fill(9) },
  ])
  expect([...note.subarray(0, 12)]).toEqual([5, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0])
  expect(note.subarray(12, 24)).toEqual(Buffer.from('CORE\0\0\0\0\x01\x02\x03\0', 'latin1'))
  expect([...note.subarray(24, 36)]).toEqual([4, 0, 0, 0, 4, 0, 0, 0, 7, 0, 0, 0])
  expect(note.subarray(36)).toEqual(Buffer.from('XYZ\0\t\t\t\t'))
})
