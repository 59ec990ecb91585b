import { describe, expect, it } from 'vitest'
import { listPrograms } from '../../../src/bpf/program.js'
import { readFunctions, readLines } from '../../../src/bpf/programs/functions.js'
import { readJited } from '../../../src/bpf/programs/jited.js'
import { missRate, timePerRun } from '../../../src/bpf/programs/statistics.js'
import { readStreams } from '../../../src/bpf/programs/streams.js'
import { Problems, whole } from '../../../src/problems.js'
import { BtfBuilder } from '../../btf/builder.js'
import { addBtf, addProgram, type ProgramSpec } from '../../support/bpf-objects.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import type { MemberValues } from '../../support/object-writer.js'
import { addTable } from '../../support/program-objects.js'

const wild = 0xffff800000001000n

/** What a reader says of a program, and what it could not read. */
function read<T>(
  spec: (guest: KernelGuest) => Partial<ProgramSpec>,
  reader: (
    kernel: ReturnType<KernelGuest['kernel']>,
    at: { address: bigint; aux: bigint },
    problems: Problems,
  ) => T,
  guest = new KernelGuest(),
) {
  const at = addProgram(guest, { id: 7, ...spec(guest) })
  const problems = new Problems()
  const found = reader(guest.kernel(), at, problems)
  return { found, problems: problems.sentences }
}

describe('what a program claims to have is bounded', () => {
  const claimed = (aux: MemberValues, reader: typeof readFunctions | typeof readLines) =>
    read(
      (guest) => ({ aux: { btf: addBtf(guest, 3, new BtfBuilder().build()), ...aux } }),
      (kernel, { aux: at }, problems) => (reader as typeof readFunctions)(kernel, at, problems),
    )

  it.each([
    ['func_info', 'func_info_cnt', 4096, 'functions', readFunctions],
    ['linfo', 'nr_linfo', 1_000_000, 'lines', readLines],
  ] as const)('by %s', (pointer, count, most, where, reader) => {
    expect(claimed({ [pointer]: wild, [count]: most + 1 }, reader).problems).toEqual([
      `${where}: it claims ${most + 1} records, which cannot be`,
    ])
    // As many may be: they are looked for.
    expect(claimed({ [pointer]: wild, [count]: most }, reader).problems[0]).toMatch(
      new RegExp(`^${where}: (page not present|.* more than this memory holds)`),
    )
    expect(claimed({ [pointer]: wild, [count]: 0 }, reader)).toEqual({ found: [], problems: [] })
    expect(claimed({ [pointer]: 0n, [count]: 3 }, reader)).toEqual({ found: [], problems: [] })
    expect(claimed({ [pointer]: wild, [count]: 3, btf: 0n }, reader)).toEqual({ found: [], problems: [] })
  })

  it('by its functions and maps', () => {
    const list = (aux: MemberValues) =>
      read(
        () => ({ aux }),
        (kernel, _, problems) => listPrograms(kernel, problems),
      )
    expect(list({ func: wild, func_cnt: 4097 }).problems).toEqual([
      'functions of program 7: it claims 4097 functions, which cannot be',
    ])
    expect(list({ func: wild, func_cnt: 4096 }).problems[0]).toMatch(
      /^functions of program 7: page not present/,
    )
    expect(list({ used_maps: wild, used_map_cnt: 4097 }).problems).toEqual([
      'program 7: it claims to use 4097 maps, which cannot be',
    ])
    expect(list({ used_maps: wild, used_map_cnt: 4096 }).problems[0]).toMatch(
      /^used_maps\[0\] to \[4095\] of program 7: page not present/,
    )
  })

  it('by its machine code', () => {
    const code = (jited_len: number) =>
      read(
        () => ({ program: { jited: 1, bpf_func: wild, jited_len } }),
        (kernel, { address }, problems) => readJited(kernel, address, problems),
      ).problems
    expect(code(16 * 2 ** 20 + 1)).toEqual(['machine code: it claims 16777217 bytes, which cannot be'])
    expect(code(16 * 2 ** 20)[0]).not.toContain('it claims')
    expect(code(16 * 2 ** 20)).toHaveLength(1)
  })
})

describe('functions and lines', () => {
  const types = () => {
    const b = new BtfBuilder()
    const id = b.function('main', b.prototype(0))
    return { b, id }
  }

  it('of types that are no functions, or are not there, have no name', () => {
    const { found, problems } = read(
      (guest) => {
        const { b, id } = types()
        const bytes = b.build()
        const records = [id, 1, id + 1, 0xffff].map((type_id, n) => ({ insn_off: n * 3, type_id }))
        return {
          aux: {
            btf: addBtf(guest, 3, bytes),
            func_info: addTable(guest, 'bpf_func_info', records),
            func_info_cnt: records.length,
          },
        }
      },
      (kernel, { aux }, problems) => readFunctions(kernel, aux, problems),
    )
    expect(found.map(({ start, name }) => [start, name])).toEqual([
      [0, 'main'],
      [3, undefined],
      [6, undefined],
      [9, undefined],
    ])
    expect(problems).toEqual([])
  })

  it('have a line in 22 bits and a column in 10', () => {
    const { found } = read(
      (guest) => {
        const { b } = types()
        const [file, text] = [b.string('f.c'), b.string('\t  return;')]
        const line = { file_name_off: file, line_off: text, insn_off: 9, line_col: 0xffffffff }
        const btf = addBtf(guest, 3, b.build())
        return { aux: { btf, linfo: addTable(guest, 'bpf_line_info', [line]), nr_linfo: 1 } }
      },
      (kernel, { aux }, problems) => readLines(kernel, aux, problems),
    )
    expect(found).toEqual([{ instruction: 9, file: 'f.c', text: 'return;', line: 0x3fffff, column: 0x3ff }])
  })
})

describe('machine code', () => {
  function jited(symbols: (guest: KernelGuest, code: bigint) => void, ksym: string) {
    const guest = new KernelGuest()
    const code = guest.image(64)
    symbols(guest, code)
    return read(
      () => ({ program: { jited: 1, bpf_func: code, jited_len: 32 }, aux: { 'ksym.name': ksym } }),
      (kernel, { address }, problems) => readJited(kernel, address, problems)[0]?.symbol,
      guest,
    ).found
  }

  it('has the name of the symbol that starts with it, or the one that the program keeps, or none', () => {
    expect(jited((guest, code) => guest.symbol('bpf_prog_one', code, 't'), 'kept')).toBe('bpf_prog_one')
    expect(jited((guest, code) => guest.symbol('around', code - 8n, 't'), 'kept')).toBe('kept')
    expect(jited(() => undefined, '')).toBeUndefined()
  })

  /** Lines at these distances from the start of a function of 32 bytes. */
  const lines = (distances: readonly bigint[], placed = true) =>
    read(
      (guest) => {
        const b = new BtfBuilder()
        const record = { file_name_off: b.string('f.c'), line_off: b.string('x'), line_col: 1 << 10 }
        const code = guest.alloc(64)
        const table = guest.alloc(distances.length * 8)
        for (const [i, distance] of distances.entries()) guest.u64(table + BigInt(i * 8), code + distance)
        return {
          program: { jited: 1, bpf_func: code, jited_len: 32 },
          aux: {
            btf: addBtf(guest, 3, b.build()),
            linfo: addTable(
              guest,
              'bpf_line_info',
              distances.map(() => record),
            ),
            nr_linfo: distances.length,
            jited_linfo: placed ? table : 0n,
          },
        }
      },
      (kernel, { address }, problems) =>
        readJited(kernel, address, problems)[0]?.lines.map(({ offset }) => offset),
    )

  it('has the lines from its first byte to its last', () => {
    expect(lines([0n, 31n, 32n, -1n])).toEqual({ found: [0, 31], problems: [] })
    expect(lines([0n], false)).toEqual({ found: [], problems: [] })
  })
})

describe('a stream', () => {
  /** Elements of so many bytes, of which so many were read before. */
  const stream = (elements: readonly { total: number; consumed?: number }[]) =>
    read(
      (guest) => {
        const { objects } = guest
        let next = 0n
        for (const { total, consumed = 0 } of [...elements].reverse()) {
          const at = objects.make(
            'bpf_stream_elem',
            { total_len: total, consumed_len: consumed },
            { extra: total },
          )
          const str = at + BigInt(objects.offsetOf('bpf_stream_elem', 'str'))
          guest.write(str, Buffer.from(Array.from({ length: total }, (_, n) => String(n % 10)).join('')))
          const node = at + BigInt(objects.offsetOf('bpf_stream_elem', 'node'))
          guest.u64(node, next)
          next = node
        }
        return { aux: { 'stream[0].backlog_head': next } }
      },
      (kernel, { aux }, problems) => readStreams(kernel, aux, problems)?.stdout,
    )

  it('begins behind what was read, and has nothing of what was read whole', () => {
    expect(stream([{ total: 5, consumed: 2 }, { total: 3 }]).found).toEqual(whole('234012'))
    expect(
      stream([
        { total: 5, consumed: 4 },
        { total: 5, consumed: 5 },
        { total: 5, consumed: 6 },
      ]).found,
    ).toEqual(whole('4'))
    expect(stream([{ total: 5, consumed: -1 }, { total: 2 }]).found).toEqual(whole('01'))
  })

  it('holds 100,000 bytes at most', () => {
    const full = stream([{ total: 60_000 }, { total: 40_000 }])
    expect(full.problems).toEqual([])
    expect(full.found).toMatchObject({ whole: true })
    expect(stream([{ total: 100_000 }]).problems).toEqual([])
    const most = stream([{ total: 60_000 }, { total: 40_001 }, { total: 1 }])
    expect(most.problems).toEqual(['stdout: it holds more than the 100000 bytes that the kernel allows'])
    expect(most.found).toMatchObject({ whole: false, atLeast: expect.stringMatching(/^\d{60000}$/) })
  })

  it('is none on kernels that have none', () => {
    const without = { struct: () => ({ has: () => false }) } as unknown as Parameters<typeof readStreams>[0]
    expect(readStreams(without, 0n, new Problems())).toBeUndefined()
  })
})

describe('figures of runs', () => {
  const program = (runCount?: bigint, runTime?: bigint, recursionMisses?: bigint) =>
    ({ runCount, runTime, recursionMisses }) as Parameters<typeof timePerRun>[0]

  it('are none where a counter is not known or nothing was counted', () => {
    expect(timePerRun(program(2n, 9n))).toBe(4.5)
    for (const none of [program(undefined, 9n), program(2n, undefined), program(0n, 9n)])
      expect(timePerRun(none)).toBeUndefined()
    expect(missRate(program(3n, 0n, 1n))).toBe(0.25)
    expect(missRate(program(0n, 0n, 1n))).toBe(1)
    for (const none of [program(undefined, 0n, 1n), program(3n, 0n, undefined), program(0n, 0n, 0n)])
      expect(missRate(none)).toBeUndefined()
  })
})

it('a name of less than 15 characters is whole', () => {
  const named = (name: string) =>
    read(
      (guest) => {
        const b = new BtfBuilder()
        const type_id = b.function(`${name}_and_more`, b.prototype(0))
        const btf = addBtf(guest, 3, b.build())
        return { name, aux: { btf, func_info: addTable(guest, 'bpf_func_info', [{ type_id }]) } }
      },
      (kernel, _, problems) => listPrograms(kernel, problems)[0]?.name,
    ).found
  expect(named('fourteen_chars')).toBe('fourteen_chars')
  expect(named('fifteen_charact')).toBe('fifteen_charact_and_more')
})
