import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asPhysical } from '../../src/brands.js'
import { type CoreLayout, type CoreSpec, layOutCore } from '../../src/memory/core-layout.js'
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
