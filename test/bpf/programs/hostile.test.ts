import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { listMaps } from '../../../src/bpf/map-info.js'
import { listPrograms } from '../../../src/bpf/program.js'
import { listLinks } from '../../../src/bpf/programs/links.js'
import { listingLines } from '../../../src/bpf/programs/listing-text.js'
import { Program } from '../../../src/bpf/programs/program-object.js'
import { schedulerObjects } from '../../../src/bpf/programs/scheduler-objects.js'
import { CryoscopeError } from '../../../src/errors.js'
import { Problems, whole } from '../../../src/problems.js'
import { BtfBuilder } from '../../btf/builder.js'
import { addArray, addBtf } from '../../support/bpf-objects.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { addCode, addTable, addText, instruction, Links } from '../../support/program-objects.js'
import { ruinsOf } from '../../support/ruin.js'

/** A program with functions, lines, machine code, maps, streams, links and a place in struct_ops: all that is walked from one. */
function build() {
  const guest = new KernelGuest({ memory: 8 * 2 ** 20 })
  const { objects } = guest
  const b = new BtfBuilder()
  const main = b.function('main_function', b.prototype(0))
  const helper = b.function('helper', b.prototype(0))
  const line = { line_off: b.string('return 1;'), file_name_off: b.string('a.c'), line_col: 3 << 10 }
  const code = guest.alloc(64)
  const parts = [0n, 32n].map((offset) =>
    objects.make('bpf_prog', {
      bpf_func: code + offset,
      jited_len: 32,
      aux: objects.make('bpf_prog_aux', { 'ksym.name': 'bpf_prog_part' }),
    }),
  )
  const func = guest.alloc(16)
  const lineAddresses = guest.alloc(16)
  for (const [i, part] of parts.entries()) {
    guest.u64(func + BigInt(i * 8), part)
    guest.u64(lineAddresses + BigInt(i * 8), code + BigInt(i * 32))
  }
  const element = (text: string, next: bigint): bigint => {
    const at = objects.make('bpf_stream_elem', { total_len: text.length }, { extra: text.length })
    objects.set('bpf_stream_elem', at, { str: Buffer.from(text) })
    const node = at + BigInt(objects.offsetOf('bpf_stream_elem', 'node'))
    guest.u64(node, next)
    return node
  }
  const map = addArray(guest, { id: 30, name: 'ops', valueSize: 8, maxEntries: 1 })
  const usedMaps = guest.alloc(8)
  guest.u64(usedMaps, map)
  const address = addCode(
    guest,
    [
      instruction(0x85, { immediate: 1, source: 1 }),
      instruction(0x95),
      instruction(0x18),
      instruction(0),
      instruction(0x95),
    ],
    {
      id: 7,
      program: { jited: 1, bpf_func: code, jited_len: 32 },
      aux: {
        func,
        func_cnt: 2,
        btf: addBtf(guest, 3, b.build()),
        func_info: addTable(guest, 'bpf_func_info', [{ type_id: main }, { insn_off: 2, type_id: helper }]),
        func_info_cnt: 2,
        linfo: addTable(guest, 'bpf_line_info', [line, { ...line, insn_off: 2 }]),
        nr_linfo: 2,
        jited_linfo: lineAddresses,
        used_maps: usedMaps,
        used_map_cnt: 1,
        'stream[0].backlog_head': element('one', element('two', 0n)),
        'stream[1].log': element('oops', 0n),
      },
    },
  )
  const links = new Links(guest)
  const link = { prog: address }
  links.add('struct_ops', 'bpf_struct_ops_link', { map }, { link })
  const tp = objects.make('tracepoint', { name: addText(guest, 'sched_switch') })
  links.add('raw_tracepoint', 'bpf_raw_tp_link', { btp: objects.make('bpf_raw_event_map', { tp }) }, { link })
  const node = objects.make('kernfs_node', { id: 77, name: addText(guest, 'group') })
  links.add('cgroup', 'bpf_cgroup_link', { cgroup: objects.make('cgroup', { kn: node }) }, { link })
  links.add('xdp', 'bpf_xdp_link', { dev: objects.make('net_device', { name: 'lo' }) }, { link })
  const reg_info = objects.make('bpf_iter_reg', { target: addText(guest, 'task') })
  links.add('iter', 'bpf_iter_link', { tinfo: objects.make('bpf_iter_target_info', { reg_info }) }, { link })
  links.finish()
  return { guest, address }
}

const { guest, address } = build()
const { kernel, damage, near, ruin } = ruinsOf(guest)
const aux = kernel.struct('bpf_prog', address).pointer('aux')

/** Asks for everything; gives how much there was. */
function readAll(): number {
  const problems = new Problems()
  const more = new Problems()
  let count = 0
  const attempt = (read: () => number): void => {
    try {
      count += read()
    } catch (error) {
      if (!(error instanceof CryoscopeError)) throw error
      expect(error.message.length).toBeGreaterThan(10)
    }
  }
  attempt(() => listLinks(kernel, problems).length)
  let programs: ReturnType<typeof listPrograms> = []
  attempt(() => {
    programs = listPrograms(kernel, problems)
    return programs.length
  })
  attempt(() => schedulerObjects(kernel, listMaps(kernel, problems), programs, more).length)
  for (const info of programs) {
    const program = new Program(kernel, info)
    attempt(() => program.xlated.length)
    attempt(() => [...listingLines(program.xlated, { opcodes: true, lineNumbers: true, names: true })].length)
    attempt(() => program.xlatedBytes.length)
    attempt(() => program.jited.reduce((sum, { bytes, lines }) => sum + bytes.length + lines.length, 0))
    attempt(() => program.links.length + program.structOps.length)
    attempt(() => JSON.stringify(program.streams ?? null).length)
    void [program.timePerRun, program.missRate, program.countsRuns]
  }
  for (const { why } of problems.list) expect(why.length).toBeGreaterThan(10)
  return count
}

describe('programs and links in ruined memory', () => {
  it('are read in full when nothing is ruined', () => {
    ruin([])
    const [info] = listPrograms(kernel, new Problems())
    if (info === undefined) throw new Error('no program')
    const program = new Program(kernel, info)
    expect(program.xlated).toHaveLength(4)
    expect(program.jited.map(({ bytes }) => bytes.length)).toEqual([32, 32])
    expect(program.streams).toEqual({ stdout: whole('onetwo'), stderr: whole('oops') })
    expect(program.links).toHaveLength(5)
    expect(program.problems).toEqual([])
    expect(readAll()).toBeGreaterThan(100)
  })

  it.each([
    ['anywhere', undefined],
    ['in the program', address],
    ['in what belongs to it', aux],
  ])('end, with reasons: %s', (_, place) => {
    fc.assert(
      fc.property(damage, near(place ?? address), (far, close) => {
        ruin([...far, ...(place === undefined ? [] : close)])
        readAll()
      }),
      { numRuns: 60, endOnFailure: true },
    )
  })
})
