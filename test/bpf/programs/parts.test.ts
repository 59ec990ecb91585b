import { describe, expect, it } from 'vitest'
import { listPrograms } from '../../../src/bpf/program.js'
import { Program } from '../../../src/bpf/programs/program-object.js'
import { countsRuns } from '../../../src/bpf/programs/statistics.js'
import { Problems, whole } from '../../../src/problems.js'
import { BtfBuilder } from '../../btf/builder.js'
import { addBtf, addProgram, type ProgramSpec } from '../../support/bpf-objects.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { addTable } from '../../support/program-objects.js'

const wild = 0xffff800000001000n

function program(guest: KernelGuest, spec: Partial<ProgramSpec> = {}): Program {
  addProgram(guest, { id: 7, ...spec })
  const kernel = guest.kernel()
  const [info] = listPrograms(kernel, new Problems())
  if (info === undefined) throw new Error('the program is not there')
  return new Program(kernel, info)
}

/** Machine code of two functions, in memory of its own. */
function compiled(guest: KernelGuest, change: { jited_len?: number; second?: bigint } = {}) {
  const { objects } = guest
  const code = guest.alloc(32)
  guest.write(
    code,
    Uint8Array.from({ length: 32 }, (_, i) => i),
  )
  const aux = objects.make('bpf_prog_aux', { 'ksym.name': 'bpf_prog_00ff_helper' })
  const parts = [
    objects.make('bpf_prog', { bpf_func: code, jited_len: 20, aux }),
    objects.make('bpf_prog', {
      bpf_func: change.second ?? code + 20n,
      jited_len: change.jited_len ?? 12,
      aux,
    }),
  ]
  const func = guest.alloc(16)
  for (const [i, part] of parts.entries()) guest.u64(func + BigInt(i * 8), part)
  return { code, func }
}

describe('the machine code of a program', () => {
  it('comes by function, with the lines that its parts were made of', () => {
    const guest = new KernelGuest()
    const { code, func } = compiled(guest)
    const b = new BtfBuilder()
    const type = b.function('helper', b.prototype(0))
    const text = b.string('return 1;')
    const addresses = guest.alloc(16)
    guest.u64(addresses, code + 4n)
    guest.u64(addresses + 8n, code + 24n)
    const line = { line_off: text, file_name_off: text, line_col: 3 << 10 }
    const one = program(guest, {
      program: { jited: 1, bpf_func: code },
      aux: {
        func,
        func_cnt: 2,
        btf: addBtf(guest, 3, b.build()),
        func_info: addTable(guest, 'bpf_func_info', [{ type_id: 0 }, { insn_off: 2, type_id: type }]),
        func_info_cnt: 2,
        linfo: addTable(guest, 'bpf_line_info', [line, { ...line, insn_off: 2 }]),
        nr_linfo: 2,
        jited_linfo: addresses,
      },
    })
    const functions = one.jited
    expect(one.problems).toEqual([])
    expect(functions.map(({ address, name, symbol }) => [address, name, symbol])).toEqual([
      [code, undefined, 'bpf_prog_00ff_helper'],
      [code + 20n, 'helper', 'bpf_prog_00ff_helper'],
    ])
    expect([...(functions[1]?.bytes ?? [])]).toEqual(Array.from({ length: 12 }, (_, i) => 20 + i))
    expect(functions.map(({ lines }) => lines.map(({ offset }) => offset))).toEqual([[4], [4]])
    expect(functions[1]?.lines[0]?.line).toMatchObject({ text: 'return 1;', line: 3, instruction: 2 })
  })

  it('is none when the program is interpreted', () => {
    expect(program(new KernelGuest()).jited).toEqual([])
  })

  it.each([
    ['is too long to be', { jited_len: 0x7fffffff }, /claims 2147483647 bytes/],
    ['is nowhere', { second: wild }, /page not present/],
  ])('is empty where it %s, and the rest is there', (_, change, why) => {
    const guest = new KernelGuest()
    const { code, func } = compiled(guest, change)
    const one = program(guest, { program: { jited: 1, bpf_func: code }, aux: { func, func_cnt: 2 } })
    expect(one.jited.map(({ bytes }) => bytes.length)).toEqual([20, 0])
    expect(one.problems).toEqual([{ where: 'machine code', why: expect.stringMatching(why) }])
  })

  it('is that of the main function where the others cannot be', () => {
    const guest = new KernelGuest()
    const { code } = compiled(guest)
    const jited = { jited: 1, bpf_func: code, jited_len: 20 }
    const one = program(guest, { program: jited, aux: { func: wild, func_cnt: 5000 } })
    expect(one.jited.map(({ bytes }) => bytes.length)).toEqual([20])
    expect(one.problems[0]?.why).toContain('claims 5000 functions')
  })
})

describe('the streams of a program', () => {
  /** Elements of a list, the first one first; `size` lies about the length of the last. */
  function chain(guest: KernelGuest, texts: readonly string[], size?: number): bigint {
    const { objects } = guest
    let next = 0n
    for (const [i, text] of [...texts].reverse().entries()) {
      const total_len = i === 0 ? (size ?? text.length) : text.length
      const at = objects.make('bpf_stream_elem', { total_len }, { extra: text.length })
      objects.set('bpf_stream_elem', at, {
        str: Buffer.from(text),
        consumed_len: text.startsWith('>') ? 1 : 0,
      })
      const node = at + BigInt(objects.offsetOf('bpf_stream_elem', 'node'))
      guest.u64(node, next)
      next = node
    }
    return next
  }

  it('are the backlog in order, then the log, of which the newest is first', () => {
    const guest = new KernelGuest()
    const one = program(guest, {
      aux: {
        'stream[0].backlog_head': chain(guest, ['>one ', 'two ']),
        'stream[0].log': chain(guest, ['four', 'three ']),
        'stream[1].log': chain(guest, ['oops\n']),
      },
    })
    expect(one.streams).toEqual({ stdout: whole('one two three four'), stderr: whole('oops\n') })
    expect(one.problems).toEqual([])
  })

  it('end where they loop, lie about their length, or are nowhere', () => {
    const guest = new KernelGuest()
    const loop = chain(guest, ['round '])
    guest.u64(loop, loop)
    const one = program(guest, {
      aux: {
        'stream[0].log': loop,
        'stream[1].backlog_head': chain(guest, ['a', 'b'], 0x7fffffff),
        'stream[1].log': wild,
      },
    })
    expect(one.streams).toMatchObject({
      stdout: { whole: false, atLeast: 'round ' },
      stderr: { whole: false, atLeast: 'a' },
    })
    expect(one.problems.map(({ where, why }) => [where, why.replace(/ at .*| after.*/, '')])).toEqual([
      ['stdout', 'llist loops'],
      ['stderr', 'llist breaks'],
      ['stderr', expect.any(String)],
    ])
  })
})

describe('the statistics of a program', () => {
  it('give time per run and the share of missed runs', () => {
    const guest = new KernelGuest()
    const one = program(guest, {
      stats: [
        [3n, 10n, 1n],
        [0n, 5n, 0n],
      ],
    })
    expect(one).toMatchObject({ runCount: 3n, runTime: 15n, timePerRun: 5, missRate: 0.25 })
  })

  it('give nothing before the first run', () => {
    expect(program(new KernelGuest())).toMatchObject({ timePerRun: undefined, missRate: undefined })
  })

  it.each([
    [1, true],
    [0, false],
  ])('are kept or not: the key is %d', (enabled, expected) => {
    const guest = new KernelGuest()
    const key = guest.global('bpf_stats_enabled_key', 16)
    guest.objects.set('static_key', key, { enabled })
    expect(countsRuns(guest.kernel())).toBe(expected)
  })

  it('do not say so where there is no key', () => {
    expect(countsRuns(new KernelGuest().kernel())).toBeUndefined()
  })
})
