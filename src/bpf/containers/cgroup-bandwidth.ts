import { strip } from '../../btf/layout.js'
import type { CType, StructType } from '../../btf/types.js'
import type { Detail } from '../../contract/details.js'
import { counted, Problems } from '../../problems.js'
import { makeValue } from '../../value/value.js'
import type { MapInfo } from '../map-info.js'
import { readerFor } from '../maps/readers.js'
import { eachValue } from '../maps/values.js'
import {
  type ArenaWithContents,
  type ContainerEntry,
  type ContainerReading,
  follow,
  hasMembers,
  hex,
  listedAtMost,
  objectNamed,
  readerAt,
  type Subject,
  userAddress,
  wholeStruct,
} from './reading.js'

/** The library's own structs around the pointers that its maps hold (lib/cgroup_bw.bpf.c). */
const entryStruct = 'cbw_cgrp_entry'
const llcEntryStruct = 'cbw_llc_entry'
const contextStruct = 'scx_cgroup_ctx'
const llcContextStruct = 'scx_cgroup_llc_ctx'
/** CBW_RUNTUME_INF: a quota without a limit; as user space hands it over, all ones. */
const unlimited = new Set([2n ** 63n - 1n, 2n ** 64n - 1n])

/** Members that a table shows, where the release has them; nanoseconds unless said. */
const shown = ['quota', 'period', 'burst', 'nquota', 'nquota_ub', 'burst_remaining', 'period_budget'] as const
const alsoShown = ['budget_remaining', 'runtime_total_sloppy', 'runtime_total_last'] as const
/** Counted, or true and false. */
const plain = ['is_throttled', 'has_llcx', 'nr_throttled_periods', 'avg_consumption_rate'] as const

/** Whether a map is the table of cgroup bandwidth contexts: its values are the library's struct around a pointer to one. */
export function isBandwidthMap(map: MapInfo): boolean {
  const type = map.valueType === undefined ? undefined : strip(map.valueType)
  if (type?.kind !== 'struct') return false
  return type.name === entryStruct && hasMembers(type, { cgx: 'integer' }) && map.keySize === 8
}

/** The contexts that the library's maps lead to: cgroups, parents before their children. */
export function readBandwidth(
  subject: Pick<Subject, 'kernel' | 'arena'>,
  map: MapInfo,
  maps: readonly MapInfo[],
  problems: Problems,
): ContainerReading {
  const { kernel, arena } = subject
  const lost = problems.part()
  const type = contextType(arena, map)
  if (type === undefined) {
    lost.add(
      'contexts',
      `the program's types have no struct ${contextStruct} that is laid out as the library's`,
    )
    return { entries: [], count: counted(0, lost), state: {} }
  }
  const llcs = llcContexts(subject, map, maps, problems)
  const rows: Row[] = []
  for (const { key, pointer } of pointersIn(subject, map, lost)) {
    const id = key.getBigUint64(0, true)
    const where = `cgroup ${id}`
    const at = follow(arena, pointer)
    if (at === undefined || at === null) {
      lost.add(where, `its context at ${hex(pointer)} is ${at === null ? 'null' : 'outside the arena'}`)
      continue
    }
    const row = lost.attempt(where, () => {
      const reader = readerAt(kernel, type, at)
      const own = reader.unsigned('id')
      if (own !== id) problems.add(where, `its context says that it is of cgroup ${own}`)
      const details: Record<string, Detail> = {}
      for (const name of [...shown, ...alsoShown]) {
        if (!reader.has(name)) continue
        const value = reader.integer(name)
        details[name] = unlimited.has(BigInt.asUintN(64, value)) ? 'max' : value
      }
      for (const name of plain) {
        if (!reader.has(name)) continue
        const member = strip(reader.layout.place(name).type)
        const value = reader.integer(name)
        details[name] = member.kind === 'int' && member.encoding === 'bool' ? value !== 0n : value
      }
      return { id, at, parent: reader.has('parent_id') ? reader.integer('parent_id') : undefined, details }
    })
    if (row !== undefined) rows.push(row)
  }
  const entries = inPreorder(rows).map(({ row, depth }, index): ContainerEntry => {
    const own = llcs.get(row.id)
    return {
      index,
      key: row.id,
      depth,
      address: userAddress(arena, row.at),
      get value() {
        return makeValue(arena.context, type, row.at)
      },
      get object() {
        return objectNamed(arena, userAddress(arena, row.at))
      },
      details: {
        ...(row.parent !== undefined && { parent: row.parent }),
        ...row.details,
        ...(own && { llcs: own }),
      },
    }
  })
  return { entries, count: counted(entries.length, lost), state: { map: map.name, mapId: map.id } }
}

/** Kernel addresses of the queues in which throttled tasks wait, and the cgroup and cache that each is of. */
export function bandwidthQueues(
  subject: Pick<Subject, 'kernel' | 'arena'>,
  map: MapInfo,
  maps: readonly MapInfo[],
  problems: Problems,
): { readonly name: string; readonly type: StructType; readonly pointer: bigint }[] {
  const { kernel, arena } = subject
  const type = llcType(arena, map)
  const member = type?.member('btq')
  const pointer = member === undefined ? undefined : strip(member.type)
  const queue = pointer?.kind === 'pointer' ? wholeStruct(arena, pointer.target) : undefined
  if (type === undefined || queue === undefined) return []
  return llcPointers(subject, map, maps, problems).flatMap(({ cgroup, llc, pointer: context }) => {
    const at = follow(arena, context)
    if (at === undefined || at === null) return []
    const name = `${map.name}[${cgroup}].llc[${llc}].btq`
    const value = problems.attempt(name, () => readerAt(kernel, type, at).pointer('btq'))
    return value === undefined || value === 0n ? [] : [{ name, type: queue, pointer: value }]
  })
}

interface Row {
  readonly id: bigint
  readonly at: bigint
  readonly parent: bigint | undefined
  readonly details: Record<string, Detail>
}

/** Cgroups below their parents; those whose parent is not in the table, or is below themselves, stand at the top. */
function inPreorder(rows: readonly Row[]): { row: Row; depth: number }[] {
  const byId = new Map(rows.map((row) => [row.id, row]))
  const children = new Map<bigint | undefined, Row[]>()
  for (const row of rows) {
    const parent =
      row.parent !== undefined && row.parent !== row.id && byId.has(row.parent) ? row.parent : undefined
    children.set(parent, [...(children.get(parent) ?? []), row])
  }
  const byOrder = (a: Row, b: Row): number => Number(a.id - b.id)
  const found: { row: Row; depth: number }[] = []
  const seen = new Set<bigint>()
  const stack: { row: Row; depth: number }[] = []
  const push = (list: readonly Row[], depth: number): void => {
    for (const row of list.toSorted(byOrder).reverse()) stack.push({ row, depth })
  }
  push(children.get(undefined) ?? [], 0)
  for (;;) {
    const next = stack.pop()
    if (next === undefined) {
      const rest = rows.filter(({ id }) => !seen.has(id)).toSorted(byOrder)
      if (rest.length === 0) return found
      push(rest.slice(0, 1), 0)
      continue
    }
    if (seen.has(next.row.id)) continue
    seen.add(next.row.id)
    found.push(next)
    push(children.get(next.row.id) ?? [], next.depth + 1)
  }
}

/** Contexts for each last-level cache, by cgroup. */
function llcContexts(
  subject: Pick<Subject, 'kernel' | 'arena'>,
  map: MapInfo,
  maps: readonly MapInfo[],
  problems: Problems,
): Map<bigint, Detail[]> {
  const { kernel, arena } = subject
  const type = llcType(arena, map)
  const found = new Map<bigint, Detail[]>()
  for (const { cgroup, llc, pointer } of llcPointers(subject, map, maps, problems)) {
    const at = follow(arena, pointer)
    const where = `cgroup ${cgroup}, LLC ${llc}`
    if (at === undefined || at === null)
      problems.add(where, `its context at ${hex(pointer)} is ${at === null ? 'null' : 'outside the arena'}`)
    const runtime =
      type === undefined || typeof at !== 'bigint'
        ? undefined
        : problems.attempt(where, () => readerAt(kernel, type, at).integer('runtime_total'))
    const list = found.get(cgroup) ?? []
    list.push({ llc, address: `0x${pointer.toString(16)}`, runtimeTotal: runtime })
    found.set(cgroup, list)
  }
  for (const list of found.values()) list.sort((a, b) => llcOf(a) - llcOf(b))
  return found
}

function llcOf(detail: Detail): number {
  return (detail as { readonly llc: number }).llc
}

function llcPointers(
  subject: Pick<Subject, 'kernel' | 'arena'>,
  map: MapInfo,
  maps: readonly MapInfo[],
  problems: Problems,
): { readonly cgroup: bigint; readonly llc: number; readonly pointer: bigint }[] {
  const table = maps.find(({ btfId, valueType, keySize }) => {
    const type = valueType === undefined ? undefined : strip(valueType)
    return btfId === map.btfId && type?.name === llcEntryStruct && keySize === 12
  })
  if (table === undefined) return []
  return pointersIn(subject, table, problems).map(({ key, pointer }) => ({
    cgroup: key.getBigUint64(0, true),
    llc: key.getInt32(8, true),
    pointer,
  }))
}

/** What a map's values hold, which are one pointer each; of so many at most. */
export function pointersIn(
  { kernel }: Pick<Subject, 'kernel'>,
  map: MapInfo,
  problems: Problems,
  most = listedAtMost,
): { readonly key: DataView; readonly pointer: bigint }[] {
  const reader = readerFor(map.type)
  const found: { key: DataView; pointer: bigint }[] = []
  const where = `map ${map.name}`
  if (reader === undefined) {
    problems.add(where, `maps of type ${map.type} are not read`)
    return found
  }
  const own = new Problems()
  let left = 0
  eachValue(kernel, map, reader, own, (values, from, length, key) => {
    if (length < 8) return
    if (found.length >= most) {
      left++
      return
    }
    const bytes = key().slice()
    const pointer = new DataView(values.buffer, values.byteOffset + from).getBigUint64(0, true)
    found.push({ key: new DataView(bytes.buffer), pointer })
  })
  problems.addAll(own.list.map((one) => ({ where: `${where}, ${one.where}`, why: one.why })))
  if (left > 0) problems.add(where, `only the first ${most} of its entries are listed`)
  return found
}

function contextType(arena: ArenaWithContents, map: MapInfo): StructType | undefined {
  const type = structNamed(arena, map, contextStruct)
  return type !== undefined && hasMembers(type, { id: 'integer', quota: 'integer' }) ? type : undefined
}

/** Compilers leave the struct out of the types where nothing but integers leads to it. */
function llcType(arena: ArenaWithContents, map: MapInfo): StructType | undefined {
  const type = structNamed(arena, map, llcContextStruct)
  return type?.member('runtime_total') === undefined ? undefined : type
}

function structNamed(arena: ArenaWithContents, map: MapInfo, name: string): StructType | undefined {
  const own = (map.valueType as CType | undefined)?.btf.findStruct(name)
  return own ?? arena.types.map((types) => types.findStruct(name)).find((type) => type !== undefined)
}
