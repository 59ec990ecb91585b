import { describe, expect, it } from 'vitest'
import { type BpfProgram, listPrograms } from '../../src/bpf/program.js'
import { Problems, whole } from '../../src/problems.js'
import { BtfBuilder } from '../btf/builder.js'
import { addArray, addBtf, addProgram, type ProgramSpec } from '../support/bpf-objects.js'
import { KernelGuest } from '../support/kernel-guest.js'

const wild = 0xffff800000001000n

function read(guest: KernelGuest): { programs: BpfProgram[]; problems: string[] } {
  const problems = new Problems()
  return { programs: listPrograms(guest.kernel(), problems), problems: [...problems.sentences] }
}

/** The one program of a guest that has nothing else. */
function one(
  spec: Partial<ProgramSpec>,
  change: (guest: KernelGuest) => Partial<ProgramSpec> = () => ({}),
): { program: BpfProgram | undefined; problems: string[] } {
  const guest = new KernelGuest({ cpus: [0, 1, 4] })
  addProgram(guest, { id: 7, ...spec, ...change(guest) })
  const { programs, problems } = read(guest)
  return { program: programs[0], problems }
}

describe('the list of programs', () => {
  it('holds what the kernel knows of each, in the order of ids', () => {
    const guest = new KernelGuest()
    const maps = [
      addArray(guest, { id: 30, valueSize: 8, maxEntries: 1 }),
      addArray(guest, { id: 4, valueSize: 8, maxEntries: 1 }),
    ]
    const { address } = addProgram(guest, {
      id: 12,
      name: 'demo_enqueue',
      program: {
        type: 27,
        len: 55,
        jited: 1,
        jited_len: 314,
        tag: Uint8Array.of(0xde, 0xad, 0, 1, 2, 3, 4, 0xff),
        bpf_func: 0xffffffffc0001000n,
      },
      aux: { verified_insns: 1234, load_time: 5_000_000_000n },
      maps,
      stats: [
        [2n ** 63n, 100n, 1n],
        [5n, 23n, 0n],
      ],
    })
    addProgram(guest, { id: 2, name: 'tracer', program: { type: 26, bpf_func: 0xffffffffc0002000n } })
    const { programs, problems } = read(guest)
    expect(problems).toEqual([])
    expect(programs.map(({ id, name, type }) => [id, name, type])).toEqual([
      [2, 'tracer', 'tracing'],
      [12, 'demo_enqueue', 'struct_ops'],
    ])
    expect(programs[1]).toEqual({
      id: 12,
      name: 'demo_enqueue',
      type: 'struct_ops',
      tag: 'dead0001020304ff',
      verifiedInstructions: 1234,
      xlatedSize: 440,
      jitedSize: whole(314),
      runCount: 2n ** 63n + 5n,
      runTime: 123n,
      recursionMisses: 1n,
      mapIds: [30, 4],
      btfId: 0,
      loadTime: 5_000_000_000n,
      address,
      jitedAddress: 0xffffffffc0001000n,
    })
    // What is not jited is interpreted by a function of the kernel.
    expect(programs[0]).toMatchObject({ jitedAddress: 0n, mapIds: [] })
  })

  it('sums the counters of every CPU', () => {
    const { program } = one({
      stats: [
        [1n, 10n, 100n],
        [2n, 20n, 200n],
        [4n, 40n, 400n],
      ],
    })
    expect(program).toMatchObject({ runCount: 7n, runTime: 70n, recursionMisses: 700n })
  })

  it('has no counts where there are no counters, which is not 0', () => {
    const none = { runCount: undefined, runTime: undefined, recursionMisses: undefined }
    expect(one({ stats: [[0n, 0n, 0n]] }).program).toMatchObject({ runCount: 0n, recursionMisses: 0n })
    expect(one({ program: { stats: 0n } })).toMatchObject({ program: none, problems: [] })
    expect(one({ program: { stats: 1n } })).toMatchObject({
      program: none,
      problems: [expect.stringMatching(/^counters of program 7 on CPU 0: page not present/)],
    })
  })

  it('goes on behind a program that is unreadable, and says so', () => {
    const guest = new KernelGuest()
    guest.programs.set(1, wild)
    addProgram(guest, { id: 2, program: { aux: wild } })
    addProgram(guest, { id: 3 })
    const { programs, problems } = read(guest)
    expect(programs.map(({ id }) => id)).toEqual([3])
    expect(problems.map((problem) => problem.slice(0, 10))).toEqual(['program 1:', 'program 2:'])
  })

  it('counts the machine code of sub-programs', () => {
    const { program, problems } = one({ program: { jited_len: 314 } }, (guest) => {
      const parts = [314, 1000, 742].map((jited_len) => guest.objects.make('bpf_prog', { jited_len }))
      const func = guest.alloc(24)
      for (const [i, part] of parts.entries()) guest.u64(func + BigInt(i * 8), part)
      return { aux: { func, func_cnt: 3 } }
    })
    expect(problems).toEqual([])
    expect(program?.jitedSize).toEqual(whole(2056))
  })

  it('takes the length of the main function where there are no sub-programs', () => {
    const { program, problems } = one({ program: { jited_len: 314 }, aux: { func_cnt: 3 } })
    expect(program?.jitedSize).toEqual(whole(314))
    expect(problems).toEqual([])
  })

  it('gives at least what could be read where sub-programs are nowhere, never a part as the sum', () => {
    const { program } = one({ program: { jited_len: 892 } }, (guest) => {
      const parts = [892, 1830].map((jited_len) => guest.objects.make('bpf_prog', { jited_len }))
      const func = guest.alloc(24)
      for (const [i, part] of [...parts, wild].entries()) guest.u64(func + BigInt(i * 8), part)
      return { aux: { func, func_cnt: 3 } }
    })
    expect(program?.jitedSize).toMatchObject({ whole: false, atLeast: 2722 })
    for (const [aux, why] of [
      [{ func: wild, func_cnt: 2 }, 'page not present'],
      [{ func: wild, func_cnt: 5000 }, 'claims 5000 functions'],
    ] as const) {
      const { program: lost, problems } = one({ program: { jited_len: 314 }, aux })
      expect(lost?.jitedSize).toMatchObject({ whole: false, atLeast: 314 })
      expect(problems[0]).toContain(why)
    }
  })
})

describe('the maps of a program', () => {
  it('are none where the count cannot be', () => {
    const { program, problems } = one({}, (guest) => ({
      maps: [addArray(guest, { valueSize: 8, maxEntries: 1 })],
      aux: { used_map_cnt: 0xffffffff },
    }))
    expect(program?.mapIds).toEqual([])
    expect(problems).toEqual(['program 7: it claims to use 4294967295 maps, which cannot be'])
  })

  it('are those that can be read, and the rest is said', () => {
    const { program, problems } = one({}, (guest) => ({
      maps: [addArray(guest, { id: 9, valueSize: 8, maxEntries: 1 }), wild],
    }))
    expect(program?.mapIds).toEqual([9])
    expect(problems).toEqual([
      expect.stringMatching(/^map at 0xffff800000001000 of program 7: page not present/),
    ])
  })

  it('are none while the kernel frees them', () => {
    expect(one({ aux: { used_maps: 0, used_map_cnt: 3 } })).toMatchObject({
      program: { mapIds: [] },
      problems: [],
    })
    expect(
      one({}, (guest) => ({ maps: [0n, addArray(guest, { id: 5, valueSize: 8, maxEntries: 1 })] })),
    ).toMatchObject({
      program: { mapIds: [5] },
    })
  })
})

describe('the name of a program', () => {
  const b = new BtfBuilder()
  const prototype = b.prototype(0)
  const long = b.function('demo_select_cpu_of_task', prototype)
  const other = b.function('another_function', prototype)
  const bytes = b.build()
  const cut = 'demo_select_cpu'

  const named = (name: string, typeId: number, aux: Record<string, bigint> = {}): string | undefined =>
    one({ name }, (guest) => ({
      aux: {
        btf: addBtf(guest, 3, bytes),
        func_info: guest.objects.make('bpf_func_info', { type_id: typeId }),
        ...aux,
      },
    })).program?.name

  it('is completed from its BTF where the kernel cut it', () => {
    expect(cut).toHaveLength(15)
    expect(named(cut, long)).toBe('demo_select_cpu_of_task')
  })

  it.each<[string, string, number, Record<string, bigint>]>([
    ['is short enough to be whole', 'demo_select', long, {}],
    ['belongs to another function', cut, other, {}],
    ['has a type that is no function', cut, prototype, {}],
    ['has a type that is not there', cut, 0xffffffff, {}],
    ['has no function info', cut, long, { func_info: 0n }],
    ['has function info that is nowhere', cut, long, { func_info: wild }],
    ['has no BTF', cut, long, { btf: 0n }],
    ['has BTF that is nowhere', cut, long, { btf: wild }],
  ])('is what the kernel keeps when it %s', (_, name, typeId, aux) => {
    expect(named(name, typeId, aux)).toBe(name)
  })

  it('comes with the id of its BTF', () => {
    const found = one({}, (guest) => ({ aux: { btf: addBtf(guest, 33, bytes) } }))
    expect(found.program?.btfId).toBe(33)
    const lost = one({ aux: { btf: wild } })
    expect(lost.program?.btfId).toBeUndefined()
    expect(lost.problems).toEqual([expect.stringMatching(/^types of program 7: page not present/)])
  })
})
