import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../src/errors.js'
import { orcRegister, orcType } from '../../src/sched/orc.js'
import { stackOfRegisters } from '../../src/sched/stack.js'
import type { MemberValues } from '../support/object-writer.js'
import { SchedGuest } from './sched-guest.js'

const { sp, bp, previousSp } = orcRegister

/** Two functions of the image, `inner` with an unwind entry of a test's, and one behind the tables; a stack. */
function world(inner: MemberValues, count = 2) {
  const guest = new SchedGuest('early')
  const { objects } = guest
  const image = guest.guest
  const text = image.image(0x1000, 4096)
  const at = { inner: text + 0x100n, outer: text + 0x200n, behind: text + 0x600n }
  for (const [name, address] of Object.entries(at)) image.symbol(name, address, 't')
  image.symbol('_etext', text + 0x400n, 'T')
  const ips = image.symbol('__start_orc_unwind_ip', image.image(8))
  image.symbol('__stop_orc_unwind_ip', ips + BigInt(4 * count))
  const size = BigInt(objects.sizeOf('orc_entry'))
  const table = image.symbol('__start_orc_unwind', image.image(Number(size) * 2))
  for (const [i, address] of [at.inner, at.outer].entries())
    image.integer(ips + BigInt(4 * i), address - (ips + BigInt(4 * i)), 4)
  objects.set('orc_entry', table, inner)
  objects.set('orc_entry', table + size, { type: orcType.endOfStack })
  const stack = image.alloc(16_384, 16_384)
  const walk = (registers: Readonly<Record<string, bigint>>) => {
    const { frames, problem, method } = stackOfRegisters(guest.kernel(), registers, undefined)
    return {
      method,
      problem,
      frames: frames.map(({ symbol, isCertain }) => `${symbol}${isCertain ? '' : '?'}`),
    }
  }
  return { guest, objects, image, at, stack, walk }
}

const whole = { method: 'orc', problem: undefined, frames: ['inner+0x10', 'outer+0x30'] }

describe('the frame of a function', () => {
  it.each([
    ['r10', orcRegister.r10, 'r10', 0],
    ['r13', orcRegister.r13, 'r13', 0],
    ['dx', orcRegister.dx, 'rdx', 0],
    ['sp', sp, 'rsp', 0x40],
    ['bp', bp, 'rbp', -0x40],
  ])('is found by %s', (_, register, name, offset) => {
    // That most frames are found by sp tells how registers are numbered: none of these says otherwise.
    const { at, stack, walk, image } = world({ sp_reg: register, sp_offset: offset, type: orcType.call })
    const frame = stack + 0x800n
    image.u64(frame - 8n, at.outer + 0x30n)
    const others = { rsp: stack + 0x100n, rbp: stack + 0x300n, rax: 1n, rdx: 2n, rdi: 3n, r10: 4n, r13: 5n }
    expect(walk({ ...others, rip: at.inner + 0x10n, [name]: frame - BigInt(offset) })).toEqual(whole)
  })

  it('is found where a register points', () => {
    for (const [register, name] of [
      [orcRegister.bpIndirect, 'rbp'],
      [orcRegister.spIndirect, 'rsp'],
    ] as const) {
      const { at, stack, walk, image } = world({ sp_reg: register, sp_offset: 8, type: orcType.call })
      const frame = stack + 0x800n
      image.u64(frame - 8n, at.outer + 0x30n)
      const place = stack + 0x200n
      // The offset is where the pointer lies from bp, and what is added to what sp points at.
      image.u64(name === 'rbp' ? place + 8n : place, name === 'rbp' ? frame : frame - 8n)
      expect(walk({ rsp: stack + 0x100n, rbp: stack, rip: at.inner + 0x10n, [name]: place })).toEqual(whole)
    }
  })

  it('is not there where the target does not say where it is', () => {
    const { at, stack, walk } = world({ sp_reg: bp, sp_offset: 16, type: orcType.call })
    expect(() => walk({ rip: at.inner })).toThrow(CryoscopeError)
    expect(() => walk({ rsp: stack })).toThrow('the target does not say where its stack is')
    // A register that is not kept is zero: nothing is there.
    expect(walk({ rip: at.inner, rsp: stack }).problem).toMatch(/^0x8 |not (present|mapped)/)
  })
})

describe('registers that an interrupt saved', () => {
  it('may be of the innermost frame alone', () => {
    const made = world({ sp_reg: sp, sp_offset: 0, type: orcType.partialRegisters, signal: 1 })
    const { at, stack, walk, objects } = made
    // Only what the processor pushed lies there: from ip on.
    const ip = BigInt(objects.offsetOf('pt_regs', 'ip'))
    objects.set('pt_regs', stack + 0x100n - ip, { ip: at.outer + 0x30n, cs: 0x10, sp: stack + 0x200n })
    expect(walk({ rip: at.inner + 0x10n, rsp: stack + 0x100n })).toEqual(whole)
  })

  it('give bp to the next frame, which may find its own by it', () => {
    const made = world({ sp_reg: sp, sp_offset: 0x10, type: orcType.registers })
    const { at, stack, walk, objects, image } = made
    objects.set('pt_regs', stack + 0x110n, {
      ip: at.behind + 4n,
      cs: 0x10,
      sp: stack + 0x200n,
      bp: stack + 0x400n,
    })
    image.u64(stack + 0x408n, at.outer + 0x30n)
    expect(walk({ rip: at.inner + 0x10n, rsp: stack + 0x100n })).toEqual({
      method: 'orc',
      problem: undefined,
      // Code that no table covers keeps frame pointers, of which nobody can be sure.
      frames: ['inner+0x10', 'behind+0x4', 'outer+0x30?'],
    })
  })
})

describe('a frame pointer', () => {
  it('is taken from where the entry says, from the frame or from bp', () => {
    for (const register of [previousSp, bp]) {
      const { at, stack, walk, image } = world({
        sp_reg: sp,
        sp_offset: 0x10,
        bp_reg: register,
        bp_offset: -0x10,
        type: orcType.call,
      })
      const frame = stack + 0x110n
      image.u64(frame - 8n, at.behind + 4n)
      image.u64(register === bp ? stack + 0x500n - 0x10n : frame - 0x10n, stack + 0x700n)
      image.u64(stack + 0x708n, at.outer + 0x30n)
      expect(walk({ rip: at.inner + 0x10n, rsp: stack + 0x100n, rbp: stack + 0x500n }).frames).toEqual([
        'inner+0x10',
        'behind+0x4',
        'outer+0x30?',
      ])
    }
  })
})

describe('a call of address 0', () => {
  it('returns to its caller, which is named by the call even where that is its last instruction', () => {
    const { at, stack, walk, image } = world({ type: orcType.endOfStack })
    image.u64(stack + 0x100n, at.outer)
    expect(walk({ rip: 0n, rsp: stack + 0x100n })).toEqual({
      method: 'orc',
      problem: undefined,
      frames: ['undefined', 'inner+0x100'],
    })
  })
})

describe('a stack without end', () => {
  it('is cut off, and that is said', () => {
    const { at, stack, walk, image } = world({ sp_reg: sp, sp_offset: 8, type: orcType.call })
    for (let i = 0; i < 1500; i++) image.u64(stack + 0x100n + BigInt(8 * i), at.inner + 0x20n)
    const { frames, problem } = walk({ rip: at.inner + 0x10n, rsp: stack + 0x100n })
    expect(problem).toBe(`there are more than ${frames.length} frames`)
    expect(frames.length).toBe(512)
  })
})

describe('words of a stack that cannot be followed', () => {
  it('are shown where they lie in kernel code, from its first byte to its last', () => {
    const { guest, at, stack, walk, image } = world({ type: orcType.undefined })
    const start = guest.symbol('_stext')
    image.u64(stack + 0x100n, start + 1n)
    image.u64(stack + 0x108n, start - 1n)
    image.u64(stack + 0x110n, at.inner - 0x100n + 0x3ffn)
    image.u64(stack + 0x118n, at.inner - 0x100n + 0x400n)
    image.u64(stack + 0x120n, at.outer + 0x30n)
    expect(walk({ rip: at.inner + 0x10n, rsp: stack + 0x100n })).toMatchObject({
      method: 'guess',
      problem: expect.stringMatching(/cannot be unwound/),
      frames: ['inner+0x10', '_stext+0x1?', 'outer+0x1ff?', 'outer+0x30?'],
    })
  })
})

describe('a guess', () => {
  const undefinedEntry = { type: orcType.undefined }

  it('has 512 frames at most', () => {
    const { at, stack, walk, image } = world(undefinedEntry)
    for (let i = 0; i < 600; i++) image.u64(stack + 0x100n + BigInt(8 * i), at.outer + 0x30n)
    const { method, frames } = walk({ rip: at.inner + 0x10n, rsp: stack + 0x100n })
    expect(method).toBe('guess')
    expect(frames).toHaveLength(512)
  })

  it('reads whole words, where the stack ends within one', () => {
    const { at, stack, walk, image } = world(undefinedEntry)
    image.u64(stack + 0x104n, at.outer + 0x30n)
    const { frames } = walk({ rip: at.inner + 0x10n, rsp: stack + 0x104n })
    expect(frames).toEqual(['inner+0x10', 'outer+0x30?'])
  })
})

describe('unwind tables', () => {
  it.each([0, -1])('of %d entries are none', (count) => {
    const { at, stack, walk } = world({ sp_reg: sp, type: orcType.call }, count)
    expect(walk({ rip: at.inner, rsp: stack })).toMatchObject({
      method: 'guess',
      problem: expect.stringContaining(`${count} entries of ORC cannot be`),
    })
  })
})
