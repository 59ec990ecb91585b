import { expect } from 'vitest'
import { listingLines } from '../../../src/bpf/programs/listing-text.js'
import { figureJson, whole } from '../../../src/problems.js'
import type { Comparison, Truth } from './demo-guest.js'

interface ToolProgram {
  readonly id: number
  readonly name: string
  readonly run_cnt?: number
  readonly run_time_ns?: number
  readonly recursion_misses?: number
}

interface ToolLink {
  readonly id: number
  readonly type: string
  readonly prog_id: number
  readonly map_id?: number
  readonly tp_name?: string
  readonly tracepoint?: string
  readonly attach_type?: string
  readonly target_obj_id?: number
  readonly target_btf_id?: number
}

/** Programs against bpftool and /proc/kallsyms. */
export const programComparisons: readonly Comparison[] = [
  ['have the instructions that bpftool dumps, byte for byte', instructions],
  ['read as bpftool prints them, with functions, source lines and names', listings],
  ['ran and missed runs as often as bpftool says', runCounts],
  ['are attached as bpftool lists their links', links],
  ['have machine code where /proc/kallsyms says, as long as bpftool says', machineCode],
  ['stand for the members of the struct_ops map that their names tell', membership],
  ['make up the active scheduler', activeScheduler],
  ['printed what one of them prints, where the kernel lets it', streams],
]

function instructions({ session, truth }: Truth): void {
  const compared = truth.list('prog').filter((name) => name.endsWith('.xlated'))
  expect(compared).toHaveLength(session.progs.length)
  for (const file of compared) {
    const program = session.prog(Number.parseInt(file, 10))
    expect({ program: program.name, hex: Buffer.from(program.xlatedBytes).toString('hex') }).toEqual({
      program: program.name,
      hex: truth.bytes(`prog/${file}`).toString('hex'),
    })
    expect(program.xlated.length).toBeGreaterThan(0)
    expect(program.problems).toEqual([])
  }
}

function listings({ session, truth }: Truth): void {
  for (const name of ['demo_init', 'demo_enqueue', 'gallery_redirect', 'trace_wakeup']) {
    const expected = truth.text(`prog/${name}.txt`).trimEnd().split('\n')
    const found = [...listingLines(session.prog(name).xlated, { opcodes: true, lineNumbers: true })]
    expect(found.length).toBeGreaterThan(20)
    // Instructions newer than bpftool are BUG_… there.
    expect(found.map((line, i) => (expected[i]?.includes(': BUG_') ? expected[i] : line))).toEqual(expected)
    expect(expected.filter((line) => line.includes(': BUG_')).length).toBeLessThan(found.length / 20)
  }
}

function runCounts({ session, truth }: Truth): void {
  // Counting ended just before bpftool looked.
  expect(session.progs.map(({ id }) => session.prog(id).countsRuns)).not.toContain(true)
  // bpftool leaves out what is 0.
  const expected = truth.json<ToolProgram[]>('progs.json').map((program) => ({
    name: program.name,
    runCount: BigInt(program.run_cnt ?? 0),
    runTime: BigInt(program.run_time_ns ?? 0),
  }))
  const found = session.progs.map(({ name, runCount, runTime }) => ({ name, runCount, runTime }))
  expect(found).toEqual(expected)
  expect(found.filter(({ runCount }) => (runCount ?? 0n) > 0n).length).toBeGreaterThan(10)
  // Misses are counted always. Nothing is deleted while the demo is paused; sleeps go on.
  for (const { name, id, recursion_misses = 0 } of truth.json<ToolProgram[]>('progs.json')) {
    const { recursionMisses } = session.prog(id)
    if (name === 'trace_sleep') expect(recursionMisses).toBeGreaterThanOrEqual(recursion_misses)
    else expect({ name, recursionMisses }).toEqual({ name, recursionMisses: BigInt(recursion_misses) })
    if (name === 'trace_delete') expect(recursionMisses).toBe(session.prog(id).runCount)
  }
  expect(session.prog('trace_delete').recursionMisses).toBeGreaterThan(0n)
}

function links({ session, truth }: Truth): void {
  const expected = truth.json<ToolLink[]>('links.json').map((link) => ({
    id: link.id,
    type: link.type,
    programId: link.prog_id,
    attachType: link.attach_type,
    mapId: link.map_id,
    name: link.tp_name ?? link.tracepoint,
    objectId: link.target_obj_id,
    btfId: link.target_btf_id,
  }))
  const found = session.links.map(({ id, type, programId, attachType, target }) => ({
    id,
    type,
    programId,
    attachType,
    mapId: target.mapId,
    name: type === 'raw_tracepoint' || type === 'perf_event' ? target.name : undefined,
    objectId: target.objectId,
    btfId: target.btfId,
  }))
  expect(found).toEqual(expected)
  expect(new Set(found.map(({ type }) => type)).size).toBeGreaterThan(3)
  expect(session.prog('trace_sleep').links.map(({ target }) => target.name)).toEqual(['hrtimer_nanosleep'])
}

function machineCode({ session, truth }: Truth): void {
  const symbols = new Map(
    [...truth.text('kallsyms').matchAll(/^(\w+) t (bpf_prog_\w+)\t\[bpf\]$/gm)].map(
      ([, address, name]) => [BigInt(`0x${address}`), name] as const,
    ),
  )
  for (const { id } of session.progs) {
    const program = session.prog(id)
    const { jited } = program
    expect(program.problems).toEqual([])
    expect(jited.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBe(figureJson(program.jitedSize))
    for (const { address, symbol, bytes, lines } of jited) {
      expect(symbols.get(address)).toBe(symbol)
      // Every function begins with endbr64 or with the five bytes that ftrace patches.
      expect(Buffer.from(bytes.subarray(0, 5)).toString('hex')).toMatch(/^(f30f1efa|0f1f440000|e8)/)
      const offsets = lines.map(({ offset }) => offset)
      expect(offsets).toEqual([...offsets].sort((a, b) => a - b))
    }
  }
}

function membership({ session }: Truth): void {
  const members = session.progs.flatMap(({ id, type }) =>
    type === 'struct_ops' ? session.prog(id).structOps : [],
  )
  expect(members.length).toBeGreaterThan(5)
  for (const { programId, member, mapId, trampoline, operations } of members) {
    expect(session.prog(programId).name).toBe(`demo_${member}`)
    expect([session.map(mapId).name, operations]).toEqual(['demo_ops', 'sched_ext_ops'])
    expect(session.kernel.symbolAt(trampoline)?.name).toBe(`bpf__sched_ext_ops_${member}`)
  }
}

function activeScheduler({ session }: Truth): void {
  const { sched } = session
  const { objects } = sched
  expect(sched.problems).toEqual([])
  expect(objects).toMatchObject([{ mapName: 'demo_ops', name: 'scx_demo', isActive: true }])
  expect(objects[0]?.evidence[0]).toMatch(/^the kernel calls (\d+) of its \1 functions$/)
  const names = objects[0]?.mapIds.map((id) => session.map(id).name)
  expect(names).toEqual(expect.arrayContaining(['control', 'demo_ops', 'scx_demo.bss']))
  expect(names).not.toContain('trace.bss')
}

/** fields.bpf.c prints when bpf_stream_vprintk() is as it knows it: 6.18 and newer. */
function streams({ session }: Truth): void {
  const [major = 0, minor = 0] = session.kernel.release.split('.').map(Number)
  const program = session.prog('fields_fill')
  const printed = {
    stdout: whole('fields filled, number 5\n'),
    stderr: whole('no task work for pid 0\n'),
  }
  const isOld = major === 6 && minor < 18
  const nothing = session.kernel.layouts.find('bpf_stream') && { stdout: whole(''), stderr: whole('') }
  expect(program.streams).toEqual(isOld ? nothing : printed)
  expect(program.problems).toEqual([])
}
