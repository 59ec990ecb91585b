import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { disassemble, type Names } from '../../../src/bpf/programs/disassemble.js'
import {
  decodeInstructions,
  encodeInstruction,
  type Instruction,
  wideImmediate,
} from '../../../src/bpf/programs/instruction.js'

const plain: Names = {
  call: () => undefined,
  immediate: (_, value) => `0x${value.toString(16)}`,
}

/** Code, registers (source and destination as one byte), offset, immediate. */
function text(code: number, registers: number, offset = 0, immediate = 0): string {
  const instruction: Instruction = {
    code,
    destination: registers & 0xf,
    source: registers >> 4,
    offset,
    immediate,
  }
  return disassemble(instruction, undefined, plain)
}

describe('the text of an instruction', () => {
  it.each<[string, number, number, number, number]>([
    ['(bf) r6 = r1', 0xbf, 0x16, 0, 0],
    ['(bc) w8 = w1', 0xbc, 0x18, 0, 0],
    ['(07) r2 += -4', 0x07, 0x02, 0, -4],
    ['(14) w3 -= 7', 0x14, 0x03, 0, 7],
    ['(2f) r1 *= r2', 0x2f, 0x21, 0, 0],
    ['(3f) r1 /= r2', 0x3f, 0x21, 0, 0],
    ['(3f) r1 s/= r2', 0x3f, 0x21, 1, 0],
    ['(97) r1 s%= 5', 0x97, 0x01, 1, 5],
    ['(c7) r1 s>>= 32', 0xc7, 0x01, 0, 32],
    ['(87) r4 = -r4', 0x87, 0x04, 0, 0],
    ['(84) w4 = -w4', 0x84, 0x04, 0, 0],
    ['(bf) r1 = (s8)r2', 0xbf, 0x21, 8, 0],
    ['(bc) w1 = (s16)w2', 0xbc, 0x21, 16, 0],
    ['(bf) r1 = (s32)r2', 0xbf, 0x21, 32, 0],
    ['(bf) r1 = addr_space_cast(r2, 0, 1)', 0xbf, 0x21, 1, 1],
    ['(bf) r1 = addr_space_cast(r2, 1, 0)', 0xbf, 0x21, 1, 0x10000],
    ['(bf) r1 = &(void __percpu *)(r1)', 0xbf, 0x11, -1, 0],
    ['(dc) r3 = be16 r3', 0xdc, 0x03, 0, 16],
    ['(d4) r3 = le32 r3', 0xd4, 0x03, 0, 32],
    ['(d7) r3 = bswap64 r3', 0xd7, 0x03, 0, 64],
    ['(e7) r1 (null) 5', 0xe7, 0x01, 0, 5],
    ['(61) r1 = *(u32 *)(r6 +2736)', 0x61, 0x61, 2736, 0],
    ['(69) r1 = *(u16 *)(r6 -2)', 0x69, 0x61, -2, 0],
    ['(71) r1 = *(u8 *)(r6 +0)', 0x71, 0x61, 0, 0],
    ['(79) r1 = *(u64 *)(r6 +8)', 0x79, 0x61, 8, 0],
    ['(81) r1 = *(s32 *)(r6 +8)', 0x81, 0x61, 8, 0],
    ['(91) r1 = *(s8 *)(r6 +8)', 0x91, 0x61, 8, 0],
    ['BUG_ldx_99', 0x99, 0x61, 8, 0],
    ['BUG_ldx_39', 0x39, 0x61, 8, 0],
    ['(7b) *(u64 *)(r10 -16) = r2', 0x7b, 0x2a, -16, 0],
    ['(62) *(u32 *)(r10 -4) = 0', 0x62, 0x0a, -4, 0],
    ['(c2) nospec', 0xc2, 0, 0, 0],
    ['BUG_st_22', 0x22, 0, 0, 0],
    ['(c3) lock *(u32 *)(r1 +0) += r2', 0xc3, 0x21, 0, 0x00],
    ['(db) lock *(u64 *)(r1 +8) |= r2', 0xdb, 0x21, 8, 0x40],
    ['(fb) probe lock *(u64 *)(r1 +8) ^= r2', 0xfb, 0x21, 8, 0xa0],
    ['(db) r2 = atomic64_fetch_add((u64 *)(r1 +0), r2)', 0xdb, 0x21, 0, 0x01],
    ['(c3) r2 = atomic_fetch_and((u32 *)(r1 +0), r2)', 0xc3, 0x21, 0, 0x51],
    ['(db) r0 = atomic64_cmpxchg((u64 *)(r1 +0), r0, r2)', 0xdb, 0x21, 0, 0xf1],
    ['(c3) r2 = atomic_xchg((u32 *)(r1 +0), r2)', 0xc3, 0x21, 0, 0xe1],
    ['(cb) r1 = load_acquire((u16 *)(r2 +4))', 0xcb, 0x21, 4, 0x100],
    ['(d3) store_release((u8 *)(r1 +4), r2)', 0xd3, 0x21, 4, 0x110],
    ['BUG_db', 0xdb, 0x21, 0, 0x77],
    ['BUG_a3', 0xa3, 0x21, 0, 0],
    ['(18) r1 = 0xdead', 0x18, 0x01, 0, 0xdead],
    ['(20) r0 = *(u32 *)skb[12]', 0x20, 0, 0, 12],
    ['(48) r0 = *(u16 *)skb[r7 + 2]', 0x48, 0x70, 0, 2],
    ['BUG_ld_00', 0x00, 0, 0, 0],
    ['(05) goto pc-3', 0x05, 0, -3, 0],
    ['(06) gotol pc+70000', 0x06, 0, 0, 70000],
    ['(0d) gotox r3', 0x0d, 0x03, 0, 0],
    ['(e5) may_goto pc+4', 0xe5, 0, 4, 0],
    ['(95) exit', 0x95, 0, 0, 0],
    ['(15) if r0 == 0x0 goto pc+67', 0x15, 0, 67, 0],
    ['(56) if w1 != 0xffffffff goto pc-1', 0x56, 0x01, -1, -1],
    ['(2d) if r1 > r2 goto pc+1', 0x2d, 0x21, 1, 0],
    ['(ce) if w1 s< w2 goto pc+1', 0xce, 0x21, 1, 0],
    ['(85) call unknown#7', 0x85, 0, 0, 7],
    ['(85) call kernel-function#7', 0x85, 0x20, 0, 7],
    ['(85) call pc+7', 0x85, 0x10, 0, 7],
  ])('%s', (expected, code, registers, offset, immediate) => {
    expect(text(code, registers, offset, immediate)).toBe(expected)
  })

  it('is one line for whatever bytes there are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 64 }), (bytes) => {
        const instructions = decodeInstructions(bytes)
        expect(instructions).toHaveLength(Math.floor(bytes.length / 8))
        for (const [i, instruction] of instructions.entries()) {
          const line = disassemble(instruction, instructions[i + 1], plain)
          const opcode = instruction.code.toString(16).padStart(2, '0')
          expect(line).toMatch(new RegExp(`^(\\(${opcode}\\) |BUG_(st_|ldx_|ld_)?${opcode}$)[^\\n]*`))
          expect(line).not.toContain('undefined')
        }
      }),
    )
  })
})

describe('the bytes of an instruction', () => {
  it('are what they were after decoding', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), (bytes) => {
        const [instruction] = decodeInstructions(bytes)
        expect(encodeInstruction(instruction as Instruction)).toEqual(bytes)
      }),
    )
  })

  it('make one immediate of two halves', () => {
    const half = { code: 0x18, destination: 1, source: 0, offset: 0 }
    const low = { ...half, immediate: -1 }
    expect(wideImmediate(low, { ...half, code: 0, immediate: -2 })).toBe(0xfffffffeffffffffn)
    expect(wideImmediate(low, undefined)).toBe(0xffffffffn)
  })
})
