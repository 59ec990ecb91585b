import { describe, expect, it } from 'vitest'
import { type CoreNote, encodeNotes } from '../../src/memory/core-layout.js'
import { prstatusNote, qemuNote, vmcoreinfoNote } from '../../src/memory/core-notes.js'
import { readNotes } from '../../src/memory/notes.js'

const read = (...notes: CoreNote[]) => readNotes([encodeNotes(notes)], 'x86_64')
const place = { rip: 0xffffffff81000000n, rsp: 0xffffc90000003f00n }
const cut = ({ name, type, data }: CoreNote, length: number): CoreNote => ({
  name,
  type,
  data: data.subarray(0, length),
})

describe('registers of a CPU', () => {
  it('are those of the machine that a note of its size is of, whatever the dump says', () => {
    const arm = prstatusNote({ pc: 0xffff800080001000n, x0: 5n }, 9, 'aarch64')
    const intel = prstatusNote(place, 9)
    expect([arm.data.length, intel.data.length]).toEqual([392, 336])
    // QEMU names no machine in a kdump, and some writers the wrong one.
    for (const said of [undefined, 'x86_64', 'aarch64'] as const) {
      const { cpus } = readNotes([encodeNotes([arm, intel])], said)
      expect(cpus.map(({ registers: { pc, x0, rip } }) => [pc, x0, rip])).toEqual([
        [0xffff800080001000n, 5n, undefined],
        [undefined, undefined, place.rip],
      ])
    }
    const odd = encodeNotes([{ ...arm, data: Buffer.concat([arm.data, Buffer.alloc(8)]) }])
    expect(readNotes([odd], undefined).cpus).toEqual([])
    expect(readNotes([odd], 'aarch64').cpus).toHaveLength(1)
  })

  it('are those of its note, and of QEMU where that is of the same CPU', () => {
    const own = { ...place, rax: 1n, r15: 2n }
    const more = {
      ...place,
      rax: 1n,
      r15: 2n,
      cs: 0x10n,
      ds: 0x2bn,
      es: 0x2cn,
      fs: 0x2dn,
      gs: 0x2en,
      ss: 0x18n,
      fs_base: 3n,
      gs_base: 4n,
      cr0: 5n,
      cr1: 6n,
      cr2: 7n,
      cr3: 8n,
      cr4: 9n,
    }
    const { cpus } = read(prstatusNote(own, 77), qemuNote({ ...more, k_gs_base: 10n }, { tr: 11n, gdt: 12n }))
    expect(cpus).toEqual([
      {
        registers: expect.objectContaining({ ...more, kernel_gs_base: 10n }),
        pid: 77,
        tables: { tr: 11n, gdt: 12n },
      },
    ])
    expect(read(qemuNote(more, { tr: 11n, gdt: 12n })).cpus).toEqual([
      { registers: expect.objectContaining(more), pid: undefined, tables: { tr: 11n, gdt: 12n } },
    ])
  })

  it('are matched with those of QEMU by where the CPU is, whatever their order', () => {
    const second = { rip: 1n, rsp: 2n }
    const { cpus } = read(
      prstatusNote(place, 1),
      prstatusNote(second, 2),
      prstatusNote({ rip: 1n, rsp: 3n }, 3),
      qemuNote({ ...second, cr3: 0x2000n }),
      qemuNote({ ...place, cr3: 0x1000n }),
    )
    expect(cpus.map(({ registers, pid }) => [pid, registers.cr3])).toEqual([
      [1, 0x1000n],
      [2, 0x2000n],
      [3, undefined],
    ])
    expect(cpus[2]?.tables).toBeUndefined()
    // Two CPUs at one place each have the note at their own.
    const twins = read(
      prstatusNote(place, 1),
      prstatusNote(place, 2),
      qemuNote({ ...place, cr3: 0x1000n }),
      qemuNote({ ...place, cr3: 0x2000n }),
    )
    expect(twins.cpus.map(({ registers }) => registers.cr3)).toEqual([0x1000n, 0x2000n])
  })

  it('need the whole structure', () => {
    expect(read(cut(prstatusNote(place, 1), 112 + 27 * 8)).cpus).toHaveLength(1)
    expect(read(cut(prstatusNote(place, 1), 112 + 27 * 8 - 1)).cpus).toEqual([])
    const old = read(cut(qemuNote({ ...place, k_gs_base: 5n }), 432)).cpus
    expect(old[0]?.registers.rip).toBe(place.rip)
    expect(old[0]?.registers.kernel_gs_base).toBeUndefined()
    expect(read(cut(qemuNote(place), 431)).cpus).toEqual([])
    expect(read({ ...prstatusNote(place, 1), type: 2 }).cpus).toEqual([])
  })

  it('of arm64 are its own, and notes of QEMU for x86 none of them', () => {
    const arm = prstatusNote({ x0: 1n, x30: 2n, sp: 3n, pc: 4n, pstate: 5n }, 9, 'aarch64')
    const { cpus } = readNotes([encodeNotes([arm, qemuNote(place)])], 'aarch64')
    expect(cpus).toEqual([
      {
        registers: expect.objectContaining({ x0: 1n, x30: 2n, sp: 3n, pc: 4n, pstate: 5n }),
        pid: 9,
        tables: undefined,
      },
    ])
    expect(readNotes([encodeNotes([qemuNote(place)])], 'aarch64').cpus).toEqual([])
  })
})

describe('notes', () => {
  it('are found one behind the other, with names and data of any length, in any part', () => {
    const odd: CoreNote[] = [1, 2, 3, 5].map((length) => ({
      name: 'x'.repeat(length),
      type: 1,
      data: new Uint8Array(length),
    }))
    const all = encodeNotes([...odd, vmcoreinfoNote('A=1\n'), vmcoreinfoNote('B=2\n')])
    const shifted = Buffer.concat([Buffer.alloc(3), all]).subarray(3)
    expect(readNotes([shifted], undefined)).toEqual({ cpus: [], vmcoreinfo: 'A=1\n' })
    expect(
      readNotes([encodeNotes(odd), encodeNotes([vmcoreinfoNote('C=3\0\0')])], undefined).vmcoreinfo,
    ).toBe('C=3')
  })

  it('end where one reaches beyond them, and no byte sooner', () => {
    const all = encodeNotes([vmcoreinfoNote('ABCD')])
    expect(readNotes([all], undefined).vmcoreinfo).toBe('ABCD')
    expect(readNotes([all.subarray(0, -1)], undefined).vmcoreinfo).toBeUndefined()
    // A header alone is a note without a name.
    expect(readNotes([Buffer.alloc(12), all], undefined).vmcoreinfo).toBe('ABCD')
    expect(readNotes([Buffer.alloc(11)], undefined)).toEqual({ cpus: [], vmcoreinfo: undefined })
  })

  it('are 16384 at most', () => {
    const behind = (count: number) =>
      readNotes([Buffer.alloc(12 * count), encodeNotes([vmcoreinfoNote('X')])], undefined).vmcoreinfo
    expect(behind(16_383)).toBe('X')
    expect(behind(16_384)).toBeUndefined()
  })
})
