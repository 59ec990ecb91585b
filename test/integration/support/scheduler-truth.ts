import { expect } from 'vitest'
import { Problems } from '../../../src/problems.js'
import type { Session } from '../../../src/session/session.js'
import type { StructValue } from '../../../src/value/types.js'
import { maskedHex } from './compare.js'

/** Map types that bpftool can dump and whose bytes are compared. */
const dumpedTypes = ['array', 'percpu_array', 'hash']

/** What rises and falls with the processes that look: the same at two moments, it may differ between. By the variables that keep it. */
const gauges: Readonly<Record<string, readonly string[]>> = {
  scx_central: ['nr_queued', 'cpu_gimme_task', 'cpu_started_at'],
  scx_pair: ['cgrp_q_len'],
  scx_sdt: ['active_allocs'],
  scx_userland: ['nr_queued', 'nr_scheduled', 'usersched_needed'],
}

/** Whose turn it is (scx_pair's active and preempted CPUs): that it is the same at two moments says nothing of one between. */
const turns = 'pair_ctx'

/** Entries by key: the value, or that of each CPU. */
type Entries = ReadonlyMap<string, readonly string[]>

/** What is read of one scheduler at a stop. */
export interface Seen {
  readonly scheduler: string | undefined
  readonly maps: ReadonlyMap<
    number,
    {
      readonly name: string
      readonly type: string
      readonly entries: Entries
      /** Bytes of it that are a gauge: from, and up to. */
      readonly gauges: readonly (readonly [number, number])[]
    }
  >
  readonly programs: readonly unknown[]
  /** Of the scheduler that runs: its programs and maps, as they belong to it. */
  readonly object: { readonly programIds: readonly number[]; readonly mapIds: readonly number[] } | undefined
  readonly links: readonly string[]
  /** Global variables, and what the map `stats` holds, by name. */
  readonly numbers: Readonly<Record<string, bigint>>
  /** Elements that are handed out by the allocator of sdt_alloc.h, where there is one. */
  readonly liveElements: readonly number[]
  readonly queues: readonly {
    readonly name: string
    readonly depth: number
    readonly listed: number
    readonly changing: boolean
  }[]
  readonly problems: readonly unknown[]
}

export function whatIsSeen(vm: Session, name: string): Seen {
  const problems = new Problems()
  const maps = vm.maps.map((map) => {
    const entries = new Map<string, readonly string[]>()
    if (dumpedTypes.includes(map.type))
      for (const text of map.json(Number.POSITIVE_INFINITY, problems)) {
        const entry = JSON.parse(text) as {
          key: { hex: string }
          value?: { hex: string }
          cpus?: { hex: string }[]
        }
        const values = entry.cpus?.map(({ hex }) => hex) ?? [entry.value?.hex ?? '']
        // What the kernel shows no user: timers, locks, pointers to its own objects.
        entries.set(
          entry.key.hex,
          values.map((hex) => maskedHex(vm, map, hex)),
        )
      }
    const section = map.type === 'array' && /\.(bss|data)/.test(map.name) ? map.get(0) : undefined
    const places = (gauges[name] ?? []).flatMap((gauge) => placesOf(section, gauge))
    return [map.id, { name: map.name, type: map.type, entries, gauges: places }] as const
  })
  const [object] = vm.sched.objects.filter(({ isActive }) => isActive)
  const { queues, problems: schedProblems, schedulers } = vm.sched.snapshot()
  return {
    scheduler: schedulers[0]?.name,
    maps: new Map(maps),
    programs: vm.progs.map(({ id, name, type, tag, mapIds }) => ({
      id,
      name,
      type,
      tag,
      bytes: vm.prog(id).xlatedBytes.length,
      maps: mapIds.toSorted((a, b) => a - b),
    })),
    object,
    links: vm.links.map(({ id, type }) => `${id} ${type}`),
    numbers: numbersOf(vm),
    liveElements: vm.allocators.filter(({ kind }) => kind === 'sdt').map(({ live }) => live.length),
    queues: queues.map(({ name, depth, tasks, changing }) => ({
      name,
      depth,
      listed: tasks.length,
      changing,
    })),
    problems: [...problems.list, ...schedProblems],
  }
}

/** Where in a section the variables and members of that name are: bytes from its start. */
function placesOf(section: unknown, name: string): [number, number][] {
  const found: [number, number][] = []
  const search = (value: unknown, start: bigint): void => {
    if ((value as StructValue | undefined)?.$kind !== 'struct') return
    const struct = value as StructValue
    for (const key of struct.$members) {
      const member = struct.$member(key)
      const at = Number(member.$address - start)
      if (key === name) found.push([at, at + member.$size])
      else search(member, start)
    }
  }
  if (section !== undefined) search(section, (section as StructValue).$address)
  return found
}

function numbersOf(vm: Session): Record<string, bigint> {
  const found: Record<string, bigint> = {}
  for (const map of vm.maps) {
    if (map.name.endsWith('.bss') || map.name.endsWith('.data'))
      gather(JSON.parse(JSON.stringify(map.get(0) ?? {})), found)
    if (map.name === 'stats' && map.type === 'percpu_array')
      for (const entry of map.entries()) {
        const index = Buffer.from(entry.key.bytes).readUInt32LE()
        found[`stats[${index}]`] = (entry.cpus ?? []).reduce(
          (sum, { bytes }) => sum + Buffer.from(bytes ?? new Uint8Array(8)).readBigUInt64LE(),
          0n,
        )
      }
  }
  return found
}

/** Numbers by the names of members; of those that several have the last. */
function gather(value: unknown, into: Record<string, bigint>): void {
  if (typeof value !== 'object' || value === null) return
  for (const [name, member] of Object.entries(value)) {
    if (typeof member === 'number' && Number.isInteger(member)) into[name] = BigInt(member)
    else if (typeof member === 'string' && /^-?\d+$/.test(member)) into[name] = BigInt(member)
    else gather(member, into)
  }
}

interface ToolMap {
  readonly id: number
  readonly name?: string
  readonly type: string | number
}
interface ToolProgram {
  readonly id: number
  readonly name?: string
  readonly type: string
  readonly tag: string
  readonly bytes_xlated: number
  readonly map_ids?: readonly number[]
}
interface ToolEntry {
  readonly key: readonly string[]
  readonly value?: readonly string[]
  readonly values?: readonly { readonly value: readonly string[] }[]
}
type Commands = readonly { readonly command: readonly string[]; readonly output: unknown }[]

/** What each prints, and where that is kept. Each only grows. */
const statistics: Readonly<Record<string, readonly (readonly [printed: RegExp, kept: string])[]>> = {
  scx_simple: [
    [/local=(\d+) global/, 'stats[0]'],
    [/global=(\d+)/, 'stats[1]'],
  ],
  scx_cpu0: [
    [/local=(\d+) cpu0/, 'stats[0]'],
    [/cpu0=(\d+)/, 'stats[1]'],
  ],
  scx_central: [
    [/total +: *(\d+)/, 'nr_total'],
    [/local: *(\d+)/, 'nr_locals'],
    [/timer +: *(\d+)/, 'nr_timers'],
    [/dispatch: *(\d+)/, 'nr_dispatches'],
  ],
  scx_pair: [
    [/total: *(\d+)/, 'nr_total'],
    [/dispatch: *(\d+)/, 'nr_dispatched'],
    [/kicks: *(\d+)/, 'nr_kicks'],
  ],
  scx_userland: [
    [/kern: *(\d+)/, 'nr_kernel_enqueues'],
    [/user: *(\d+)/, 'nr_user_enqueues'],
  ],
  scx_sdt: [
    [/enqueues=(\d+)/, 'stat_enqueue'],
    [/inits=(\d+)/, 'stat_init'],
    [/exits=(\d+)/, 'stat_exit'],
    [/alloc_ops=(\d+)/, 'alloc_ops'],
    [/free_ops=(\d+)/, 'free_ops'],
  ],
}

/** The guest's own word: what bpftool and the schedulers said, in sections "== NAME PHASE WHAT". */
export function toolAnswers(text: string) {
  const sections = new Map<string, string>()
  for (const part of text.split(/^== /m)) {
    const end = part.indexOf('\n')
    if (end > 0) sections.set(part.slice(0, end), part.slice(end + 1))
  }
  const section = (...words: string[]): string => sections.get(words.join(' ')) ?? ''
  const commands = (name: string, phase: string): Commands =>
    JSON.parse(section(name, phase, 'bpftool')) as Commands

  return {
    output: (name: string, phase: string): string => section(name, phase, 'output'),

    /** What the kernel wrote when it was asked who is ready. */
    dump: (name: string): string => section(name, 'during', 'dump'),

    /** Why a scheduler could not be loaded, in the words of the kernel or of libbpf. */
    refusal(name: string): string {
      const lines = section(name, 'end', 'output')
        .split('\n')
        .map((line) => line.trim())
      const pattern =
        /incompatible|not found|fail|invalid|unsupported|not supported|denied|EXIT|Error|SCX_BUG/i
      const first =
        lines.find((line) => pattern.test(line)) ?? lines.filter((line) => line !== '').at(-1) ?? ''
      // The verifier's last word stands before its count of instructions.
      const end = lines.findIndex((line) => /^processed \d+ insns/.test(line))
      const verdict = lines.slice(0, Math.max(0, end)).findLast((line) => line !== '')
      return verdict === undefined ? first : `${first}: ${verdict}`
    },

    /** Holds what was read to what was said before and after: what did not change meanwhile is equal, what grew lies between. */
    compare(name: string, seen: Seen): void {
      const [before, after] = [commands(name, 'before'), commands(name, 'after')]
      const answer = (all: Commands, command: string): unknown =>
        all.find((each) => each.command.join(' ') === command)?.output
      expect(seen.problems, name).toEqual([])
      expect(seen.scheduler).toMatch(new RegExp(`^${name.replace('scx_', '')}`))

      const toolMaps = answer(before, 'map list') as ToolMap[]
      expect([...seen.maps].map(([id, map]) => [id, map.name])).toEqual(
        toolMaps.map((map) => [map.id, map.name ?? '']),
      )
      const programs = (answer(before, 'prog list') as ToolProgram[]).map((program) => ({
        id: program.id,
        name: program.name ?? '',
        type: program.type,
        tag: program.tag,
        bytes: program.bytes_xlated,
        maps: (program.map_ids ?? []).toSorted((a, b) => a - b),
      }))
      expect(seen.programs).toEqual(programs)
      expect(seen.links).toEqual(
        (answer(before, 'link list') as ToolMap[]).map(({ id, type }) => `${id} ${type}`),
      )

      // Nothing else is loaded in this guest.
      const members = programs.filter(({ type }) => type === 'struct_ops')
      expect(seen.object?.programIds).toEqual(expect.arrayContaining(members.map(({ id }) => id)))
      expect(seen.object?.mapIds).toEqual(
        expect.arrayContaining([...new Set(members.flatMap(({ maps }) => maps))]),
      )

      let compared = 0
      for (const [id, { entries, type, name: map, gauges: places }] of seen.maps) {
        if (!dumpedTypes.includes(type) || map === turns) continue
        const [first, then] = [before, after].map((all) => toolEntries(answer(all, `map dump id ${id}`)))
        for (const [key, values] of first ?? [])
          for (const [i, value] of values.entries()) {
            const later = then?.get(key)?.[i]
            if (later === undefined) continue
            const found = entries.get(key)?.[i] ?? ''
            expect(found.length, `${map}[${key}]`).toBe(value.length)
            for (let word = 0; word < value.length; word += 16) {
              const [was, is, willBe] = [value, found, later].map((hex) => hex.slice(word, word + 16))
              if (was !== willBe) continue
              const isGauge = places.some(([from, to]) => from < word / 2 + 8 && word / 2 < to)
              if (!isGauge) expect(is, `${map}[${key}] at ${word / 2}`).toBe(was)
              compared++
            }
          }
      }
      expect(compared, 'words that did not change').toBeGreaterThan(4)

      const [printed, printedThen] = [
        section(name, 'before', 'output'),
        section(name, 'after', 'output-then'),
      ]
      for (const [pattern, kept] of statistics[name] ?? []) {
        const [low, high] = [printed, printedThen].map((text) => {
          const all = [...text.matchAll(new RegExp(pattern, 'g'))]
          return BigInt(all.at(-1)?.[1] ?? -1)
        })
        const number = seen.numbers[kept] ?? -2n
        expect(low, `${kept} as ${name} prints it`).toBeGreaterThanOrEqual(0n)
        expect(
          number >= (low ?? 0n) && number <= (high ?? 0n),
          `${kept}: ${low} <= ${number} <= ${high}`,
        ).toBe(true)
      }
      for (const { name: queue, depth, listed, changing } of seen.queues)
        if (!changing) expect(listed, queue).toBe(depth)
      if (name === 'scx_sdt') expect(seen.liveElements.map(BigInt)).toEqual([seen.numbers.active_allocs])
    },
  }
}

export type ToolAnswers = ReturnType<typeof toolAnswers>

function toolEntries(output: unknown): Entries {
  const hex = (bytes: readonly string[]): string => bytes.map((byte) => byte.slice(2)).join('')
  const found = new Map<string, readonly string[]>()
  for (const { key, value, values } of Array.isArray(output) ? (output as ToolEntry[]) : [])
    found.set(hex(key), values?.map((cpu) => hex(cpu.value)) ?? [hex(value ?? [])])
  return found
}
