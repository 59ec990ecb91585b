import { describe, expect, it } from 'vitest'
import { prstatusNote, qemuNote, vmcoreinfoNote } from '../../src/memory/core-notes.js'

/** Words of 64 bits that are not zero, by their offset. */
function words(data: Uint8Array): Record<number, bigint> {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const found: Record<number, bigint> = {}
  for (let at = 0; at + 8 <= data.length; at += 8) {
    const word = view.getBigUint64(at, true)
    if (word !== 0n) found[at] = word
  }
  return found
}

describe('notes as others read them', () => {
  it('struct elf_prstatus of x86-64 has pr_pid at 32 and 27 registers from 112 on', () => {
    const { name, type, data } = prstatusNote({ r15: 1n, rax: 2n, rip: 3n, rsp: 4n, gs: 5n }, 7)
    expect([name, type, data.length]).toEqual(['CORE', 1, 336])
    // user_regs_struct: r15 first, rax the 11th, orig_rax the 16th (none: -1), rip the 17th, rsp the 20th, gs the 27th.
    expect(words(data)).toEqual({
      32: 7n,
      112: 1n,
      [112 + 10 * 8]: 2n,
      [112 + 15 * 8]: 0xffffffffffffffffn,
      [112 + 16 * 8]: 3n,
      [112 + 19 * 8]: 4n,
      [112 + 26 * 8]: 5n,
    })
    expect(words(prstatusNote({ orig_rax: 39n, r14: -1n }, 1).data)).toEqual({
      32: 1n,
      [112 + 8]: 0xffffffffffffffffn,
      [112 + 15 * 8]: 39n,
    })
  })

  it('that of arm64 has x0 to x30, sp, pc and pstate', () => {
    const { data } = prstatusNote({ x0: 1n, x30: 2n, sp: 3n, pc: 4n, pstate: 5n }, 2, 'aarch64')
    expect(data.length).toBe(112 + 34 * 8 + 8)
    expect(words(data)).toEqual({
      32: 2n,
      112: 1n,
      [112 + 30 * 8]: 2n,
      [112 + 31 * 8]: 3n,
      [112 + 32 * 8]: 4n,
      [112 + 33 * 8]: 5n,
    })
  })

  it('QEMUCPUState has version and size, 18 registers, ten segments of 24 bytes, control registers', () => {
    const registers = {
      rax: 1n,
      rsp: 2n,
      eflags: 3n,
      cs: 0x10010n,
      ss: 0x18n,
      fs_base: 4n,
      gs_base: 5n,
      cr0: 6n,
      cr3: 7n,
      cr4: 8n,
      k_gs_base: -2n,
    }
    const { name, type, data } = qemuNote(registers, { tr: 9n, gdt: 10n })
    expect([name, type, data.length]).toEqual(['QEMU', 0, 440])
    expect(words(data)).toEqual({
      0: (440n << 32n) | 1n,
      8: 1n,
      [8 + 6 * 8]: 2n,
      [8 + 17 * 8]: 3n,
      // Selectors are 32 bits before limit, flags and base.
      152: 0x10n,
      [152 + 5 * 24]: 0x18n,
      [152 + 3 * 24 + 16]: 4n,
      [152 + 4 * 24 + 16]: 5n,
      [152 + 7 * 24 + 16]: 9n,
      [152 + 8 * 24 + 16]: 10n,
      392: 6n,
      [392 + 3 * 8]: 7n,
      [392 + 4 * 8]: 8n,
      432: 0xfffffffffffffffen,
    })
    expect(words(qemuNote({}).data)).toEqual({ 0: (440n << 32n) | 1n })
  })

  it('VMCOREINFO is a note of type 0 of that name', () => {
    const { name, type, data } = vmcoreinfoNote('OSRELEASE=6.18\n')
    expect([name, type, Buffer.from(data).toString()]).toEqual(['VMCOREINFO', 0, 'OSRELEASE=6.18\n'])
  })
})
