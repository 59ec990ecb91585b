import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeInstructions } from '../../../src/bpf/programs/instruction.js'
import { listInstructions } from '../../../src/bpf/programs/listing.js'
import { listingLines } from '../../../src/bpf/programs/listing-text.js'
import type { Kernel } from '../../../src/kernel/kernel.js'
import { Problems } from '../../../src/problems.js'
import { BtfBuilder } from '../../btf/builder.js'
import { addArray, addBtf } from '../../support/bpf-objects.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { kernelTypes } from '../../support/kernel-types.js'
import type { MemberValues } from '../../support/object-writer.js'
import { addCode, addTable, instruction } from '../../support/program-objects.js'

const wild = 0xffff800000001000n
const exit = instruction(0x95)

function list(kernel: Kernel, address: bigint) {
  const problems = new Problems()
  const listing = listInstructions(kernel, address, problems)
  return { texts: listing.map(({ text }) => text), listing, problems: problems.list }
}

/** Two functions, main at 0 and helper at 3, with a line each. */
function described(guest: KernelGuest): MemberValues {
  const b = new BtfBuilder()
  const int = b.int('int', 4, { signed: true })
  const context = b.pointer(0)
  const main = b.function('main_function', b.prototype(int, [{ name: 'ctx', type: context }]))
  const helper = b.function('helper', b.prototype(0))
  const file = b.string('demo.bpf.c')
  const lines = ['  return helper(ctx);', 'int x\x1b[2J;'].map((text) => b.string(text))
  const functions = [
    { insn_off: 0, type_id: main },
    { insn_off: 3, type_id: helper },
  ]
  const info = lines.map((line_off, i) => ({
    insn_off: i * 3,
    file_name_off: file,
    line_off,
    line_col: ((10 + i) << 10) | 7,
  }))
  return {
    btf: addBtf(guest, 3, b.build()),
    func_info: addTable(guest, 'bpf_func_info', functions),
    func_info_cnt: functions.length,
    linfo: addTable(guest, 'bpf_line_info', info),
    nr_linfo: info.length,
  }
}

describe('the instructions of a program', () => {
  it('name functions, lines, helpers and the kernel’s functions', () => {
    const guest = new KernelGuest()
    const base = guest.symbol('__bpf_call_base', guest.image(64), 'T')
    guest.symbol('bpf_ktime_get_ns', base + 32n, 'T')
    const address = addCode(
      guest,
      [
        instruction(0x85, { immediate: 32 }),
        instruction(0x85, { immediate: 1 }),
        exit,
        instruction(0x85, { immediate: 33, source: 2 }),
        exit,
      ],
      { aux: described(guest) },
    )
    const { listing, problems } = list(guest.kernel(), address)
    expect(problems).toEqual([])
    expect([...listingLines(listing, { lineNumbers: true })]).toEqual([
      'int main_function(void * ctx):',
      '; return helper(ctx); [file:demo.bpf.c line_num:10 line_col:7]',
      '   0: (85) call bpf_ktime_get_ns#32',
      '   1: (85) call bpf_map_lookup_elem#1',
      '   2: (95) exit',
      'void helper():',
      '; int x\\x1b[2J; [file:demo.bpf.c line_num:11 line_col:7]',
      `   3: (85) call 0x${(base + 33n).toString(16)}#33`,
      '   4: (95) exit',
    ])
  })

  it('name functions of the kernel that are called by their BTF id, and none of its modules', () => {
    const guest = new KernelGuest()
    const base = guest.symbol('__bpf_call_base', guest.image(64), 'T')
    const id = kernelTypes.find('bpf_of_this_kernel', 'function')?.id ?? 0
    const struct = kernelTypes.find('bpf_map', 'struct')?.id ?? 0
    const calls = [
      { immediate: id, source: 2 },
      { immediate: id, source: 2, offset: 1 },
      { immediate: id, source: 3 },
      { immediate: struct, source: 2 },
      { immediate: kernelTypes.typeCount, source: 2 },
    ]
    const address = addCode(
      guest,
      calls.map((call) => instruction(0x85, call)),
    )
    const target = (distance: number) => `0x${(base + BigInt(distance)).toString(16)}`
    expect(list(guest.kernel(), address).texts.map((text) => text.replace(/#.*/, ''))).toEqual([
      '(85) call bpf_of_this_kernel',
      `(85) call ${target(id)}`,
      `(85) call ${target(id)}`,
      `(85) call ${target(struct)}`,
      `(85) call ${target(kernelTypes.typeCount)}`,
    ])
  })

  it('have ids in place of the addresses of maps', () => {
    const guest = new KernelGuest()
    const { objects } = guest
    const ops = objects.make('bpf_map_ops', { map_direct_value_meta: 0xffffffff81000000n })
    const data = addArray(guest, { id: 40, name: 'demo.bss', valueSize: 64, maxEntries: 1, members: { ops } })
    const many = addArray(guest, { id: 41, name: 'many', valueSize: 64, maxEntries: 2, members: { ops } })
    const value = (map: bigint): bigint => map + BigInt(objects.offsetOf('bpf_array', 'value'))
    const load = (number: bigint) => [
      instruction(0x18, { destination: 1, immediate: Number(BigInt.asIntN(32, number)) }),
      instruction(0, { immediate: Number(BigInt.asIntN(32, number >> 32n)) }),
    ]
    const variable = guest.symbol('jiffies', guest.image(8))
    const targets = [many, value(data) + 12n, value(data) - 8n, value(many), variable]
    const address = addCode(guest, targets.flatMap(load), { maps: [data, many] })
    const { texts, listing, problems } = list(guest.kernel(), address)
    const hex = (number: bigint): string => `(18) r1 = 0x${number.toString(16)}`
    expect(texts).toEqual([
      '(18) r1 = map[id:41]',
      '(18) r1 = map[id:40][0]+12',
      hex(value(data) - 8n),
      hex(value(many)),
      hex(variable),
    ])
    expect(problems).toEqual([])
    expect(listing[1]?.map).toEqual({ id: 40, name: 'demo.bss', offset: 12 })
    const lines = [...listingLines(listing, { names: true, opcodes: true })]
    expect(lines[0]).toBe('   0: (18) r1 = map[id:41]  // many')
    expect(lines[1]).toBe('       18 11 00 00 29 00 00 00 00 00 00 00 00 00 00 00')
    expect(lines[2]).toBe('   2: (18) r1 = map[id:40][0]+12  // demo.bss+0xc')
    expect(lines.at(-2)).toMatch(/ {2}\/\/ jiffies$/)
  })

  it('hide what only the kernel knows of loads and calls', () => {
    const guest = new KernelGuest()
    const address = addCode(guest, [
      instruction(0x39, { destination: 1, source: 2 }),
      instruction(0xb9, { destination: 1, source: 2 }),
      instruction(0xa3, { destination: 1, source: 2 }),
      instruction(0xb2, { destination: 1, immediate: 5 }),
      instruction(0xf5),
    ])
    expect(list(guest.kernel(), address).texts).toEqual([
      '(79) r1 = *(u64 *)(r2 +0)',
      '(79) r1 = *(u64 *)(r2 +0)',
      '(63) *(u32 *)(r1 +0) = r2',
      '(72) *(u8 *)(r1 +0) = 5',
      '(85) call bpf_tail_call#12',
    ])
  })

  it.each([
    ['older kernels', { offset: 2, immediate: 1 }],
    ['newer kernels', { offset: 1, immediate: 2 }],
  ])('are handed out alike where %s keep index and distance of a call', (_, call) => {
    const guest = new KernelGuest()
    // The call at 0 goes to 3.
    const code = [instruction(0x85, { source: 1, ...call }), exit, exit, exit]
    const parts = [0, 1].map((i) =>
      guest.objects.make('bpf_prog', { bpf_func: 0xffffffffc0001000n + BigInt(i * 64) }),
    )
    const func = guest.alloc(16)
    for (const [i, part] of parts.entries()) guest.u64(func + BigInt(i * 8), part)
    const address = addCode(guest, code, {
      aux: { ...described(guest), func, func_cnt: 2 },
      program: { jited: 1 },
    })
    const { texts, listing } = list(guest.kernel(), address)
    expect(texts[0]).toBe('(85) call pc+2#0xffffffffc0001040')
    expect(Buffer.from(listing[0]?.bytes ?? []).toString('hex')).toBe('8510020001000000')
  })

  it('say why they are not described, and are there all the same', () => {
    const guest = new KernelGuest()
    const address = addCode(guest, [exit], {
      aux: {
        btf: wild,
        func_info: wild,
        func_info_cnt: 3,
        linfo: wild,
        nr_linfo: 0x7fffffff,
        used_maps: wild,
        used_map_cnt: 2,
      },
    })
    const { texts, problems } = list(guest.kernel(), address)
    expect(texts).toEqual(['(95) exit'])
    expect(problems.map(({ where }) => where)).toEqual(
      expect.arrayContaining(['functions', 'lines', 'used_maps[0] to [1] of program 7']),
    )
    expect(problems.some(({ why }) => why.includes('claims 2147483647 records'))).toBe(true)
  })

  it.each([
    ['claims more than there can be', 0xffffffff, /^it claims 4294967295, which cannot be$/],
    ['claims more than there is memory', 1_900_000, /^after 0 of 1900000: .* more than this memory holds/],
    ['runs out of its memory', 100_000, /^after \d+ of 100000: page not present/],
  ])('end where it %s', (_, len, why) => {
    const guest = new KernelGuest()
    const address = addCode(guest, [exit], { program: { len } })
    const { listing, problems } = list(guest.kernel(), address)
    expect(listing.length).toBeLessThan(100_000)
    expect(problems).toEqual([{ where: 'instructions', why: expect.stringMatching(why) }])
  })

  it('never throw on what instructions there are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 80 }), (random) => {
        const guest = new KernelGuest()
        const address = addCode(guest, decodeInstructions(random), { aux: described(guest) })
        const { listing } = list(guest.kernel(), address)
        const bytes = listing.reduce((sum, one) => sum + one.bytes.length, 0)
        expect(bytes).toBe(random.length - (random.length % 8))
        expect([...listingLines(listing, { names: true })].join('\n')).not.toContain('undefined')
      }),
      { numRuns: 40 },
    )
  })
})
