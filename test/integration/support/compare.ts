import { expect } from 'vitest'
import type { BpfMap } from '../../../src/bpf/map.js'
import { specialFields } from '../../../src/bpf/special-fields.js'
import { figureJson, Problems } from '../../../src/problems.js'
import type { Session } from '../../../src/session/session.js'
import type { Comparison, Truth } from './demo-guest.js'

/** Lists of maps and programs, arrays and hashes, symbols, types. */
export const basicComparisons: readonly Comparison[] = [
  ['lists the maps that bpftool lists', compareMapList],
  ['reads every entry as bpftool does', compareMapContents],
  ['lists the programs that bpftool lists', comparePrograms],
  ['reads kallsyms as /proc/kallsyms shows it', compareSymbols],
  ['reads BTF as /sys/kernel/btf shows it', (guest) => void compareTypes(guest)],
]

interface ToolMap {
  readonly id: number
  readonly name?: string
  /** A number where the type is newer than bpftool. */
  readonly type: string | number
  readonly flags: number
  readonly bytes_key: number
  readonly bytes_value: number
  readonly max_entries: number
  readonly frozen: number
  readonly btf_id?: number
}

interface ToolProgram {
  readonly id: number
  readonly name?: string
  readonly type: string
  readonly tag: string
  readonly bytes_xlated: number
  readonly bytes_jited?: number
  readonly map_ids?: readonly number[]
  readonly btf_id?: number
}

interface ToolEntry {
  readonly key: readonly string[]
  readonly value?: readonly string[]
  readonly values?: readonly { readonly cpu: number; readonly value: readonly string[] }[]
}

/** Map types whose entries are read, and compared byte for byte. */
const readTypes = ['array', 'percpu_array', 'hash', 'lru_hash', 'percpu_hash', 'lru_percpu_hash']

/** enum bpf_map_type, where bpftool ends. */
const newTypes: Readonly<Record<number, string>> = { 34: 'insn_array', 35: 'rhash' }

/** `maps` against bpftool map list. */
function compareMapList({ session, truth }: Truth): void {
  const expected = truth.json<ToolMap[]>('maps.json').map((map) => ({
    id: map.id,
    name: map.name ?? '',
    type: typeof map.type === 'string' ? map.type : newTypes[map.type],
    flags: map.flags,
    keySize: map.bytes_key,
    valueSize: map.bytes_value,
    maxEntries: map.max_entries,
    frozen: map.frozen !== 0,
  }))
  const found = session.maps.map(({ info }) => ({
    id: info.id,
    name: info.name,
    type: info.type,
    flags: info.flags,
    keySize: info.keySize,
    valueSize: info.valueSize,
    maxEntries: info.maxEntries,
    frozen: info.frozen,
  }))
  expect(found).toEqual(expected)
  expect(session.maps.flatMap(({ info }) => info.problems)).toEqual([])
  expect(session.problems).toEqual([])
  for (const map of truth.json<ToolMap[]>('maps.json')) {
    // From 6.18 on the kernel keeps what the caller's buffer held, and bpftool shows the previous map's BTF for maps
    // that have none.
    const btfId = session.map(map.id).info.btfId
    if (btfId !== 0) expect({ id: map.id, btfId }).toEqual({ id: map.id, btfId: map.btf_id ?? 0 })
  }
}

/** `map` against bpftool map dump, for every map that is read. */
function compareMapContents({ session, truth }: Truth): void {
  const compared = new Map<string, number>()
  for (const map of session.maps) {
    if (!readTypes.includes(map.type)) continue
    const expected = new Map<string, string>()
    for (const entry of truth.json<ToolEntry[]>(`map/${map.id}.json`)) {
      const values = entry.values?.map(({ value }) => masked(session, map, value)) ?? [
        masked(session, map, entry.value ?? []),
      ]
      expected.set(hexOf(entry.key), values.join())
    }
    const problems = new Problems()
    const found = new Map<string, string>()
    for (const text of map.json(Number.POSITIVE_INFINITY, problems)) {
      const entry = JSON.parse(text) as {
        key: { hex: string }
        value?: { hex: string }
        cpus?: { cpu: number; hex: string }[]
      }
      const values = entry.cpus?.map(({ hex }) => hex) ?? [entry.value?.hex ?? '']
      expect(found.has(entry.key.hex)).toBe(false)
      found.set(entry.key.hex, values.map((hex) => maskedHex(session, map, hex)).join())
    }
    expect(problems.list, `map ${map.id} ${map.name}`).toEqual([])
    expect(Object.fromEntries(found), `map ${map.id} ${map.name} (${map.type})`).toEqual(
      Object.fromEntries(expected),
    )
    compared.set(map.type, (compared.get(map.type) ?? 0) + found.size)
  }
  expect([...compared.keys()].sort()).toEqual([...readTypes].sort())
  for (const [type, entries] of compared) expect({ type, some: entries > 0 }).toEqual({ type, some: true })
}

/** `progs` against bpftool prog list; counters of programs that ran meanwhile may only be larger. */
function comparePrograms({ session, truth }: Truth): void {
  const expected = truth.json<ToolProgram[]>('progs.json').map((program) => ({
    id: program.id,
    name: program.name ?? '',
    type: program.type,
    tag: program.tag,
    xlatedSize: program.bytes_xlated,
    jitedSize: program.bytes_jited ?? 0,
    mapIds: [...(program.map_ids ?? [])],
    btfId: program.btf_id ?? 0,
  }))
  const found = session.progs.map((program) => ({
    id: program.id,
    name: program.name,
    type: program.type,
    tag: program.tag,
    xlatedSize: program.xlatedSize,
    jitedSize: figureJson(program.jitedSize),
    mapIds: [...program.mapIds],
    btfId: program.btfId,
  }))
  expect(found).toEqual(expected)
}

/** kallsyms against /proc/kallsyms: addresses, types, names, order, and the lines of modules and BPF programs. */
function compareSymbols({ session, truth }: Truth): void {
  const { kernel } = session
  let text = ''
  const line = (address: bigint, type: string, name: string): string =>
    `${address.toString(16).padStart(16, '0')} ${type} ${name}`
  for (const { address, type, name } of kernel.symbols) text += `${line(address, type, name)}\n`
  for (const { address, type, name, group } of kernel.symbolizer.dynamic()) {
    text += `${line(address, type, name)}\t[${group}]\n`
  }
  const expected = truth.text('kallsyms')
  // One comparison: a diff of 180,000 lines helps nobody.
  if (text !== expected) {
    const ours = text.split('\n')
    const theirs = expected.split('\n')
    const at = ours.findIndex((entry, i) => entry !== theirs[i])
    expect({ line: at, text: ours[at], lines: ours.length }).toEqual({
      line: at,
      text: theirs[at],
      lines: theirs.length,
    })
  }
}

/** BTF of vmlinux and of modules against /sys/kernel/btf, byte for byte. Gives the modules that were compared. */
export function compareTypes({ session, truth }: Truth): string[] {
  expect(Buffer.compare(Buffer.from(session.kernel.types.bytes), truth.bytes('btf'))).toBe(0)
  const modules = [...session.kernel.btfObjects.all(session.kernel.problems)].filter(
    ({ isKernel, name }) => isKernel && name !== 'vmlinux',
  )
  expect(modules.map(({ name }) => name).sort()).toEqual(truth.list('btf.d').sort())
  for (const { address, name } of modules) {
    const types = session.kernel.btfObjects.types(address)
    expect(types.problems.list).toEqual([])
    expect(Buffer.compare(Buffer.from(types.bytes), truth.bytes(`btf.d/${name}`))).toBe(0)
    expect(types.base).toBe(session.kernel.types)
  }
  return modules.map(({ name }) => name)
}

function hexOf(bytes: readonly string[]): string {
  return bytes.map((byte) => byte.slice(2)).join('')
}

function masked(session: Session, map: BpfMap, bytes: readonly string[]): string {
  return maskedHex(session, map, hexOf(bytes))
}

/** The kernel hands out spin locks, timers, kptrs and the like as zeros; in memory they are what they are. */
export function maskedHex(session: Session, map: BpfMap, hex: string): string {
  let out = hex
  for (const { offset, size } of specialFields(session.kernel, map.address)) {
    out = out.slice(0, offset * 2) + '0'.repeat(size * 2) + out.slice((offset + size) * 2)
  }
  return out
}
