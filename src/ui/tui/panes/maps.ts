import type { BpfMap, EntryValue, MapEntry } from '../../../bpf/map.js'
import type { NamedObject } from '../../../bpf/maps/objects/named-object.js'
import { detailsJson } from '../../../contract/details.js'
import { CryoscopeError } from '../../../errors.js'
import { isSection, keyText } from '../../../present/columns/map-entries.js'
import { mapColumns } from '../../../present/columns/maps.js'
import { objectText, plainLines } from '../../../present/columns/object-text.js'
import { noneFound } from '../../../present/none-found.js'
import { Problems } from '../../../problems.js'
import { escapeText } from '../../../text.js'
import type { Desk } from '../model/desk.js'
import { ArrayRows, type Content, type Row } from '../model/row.js'
import type { Target } from '../model/target.js'
import { type TreeNode, TreeRows } from '../model/tree.js'
import type { View } from '../model/view.js'
import { MapRows, ownerText } from './map-rows.js'
import { tableContent, tableRows } from './table-content.js'
import { factNode, partsOf, problemNode, valueColumns } from './value-tree.js'

/** Maps with more entries than this are not compared between stops unless somebody looks. */
const mostCompared = 256

export function mapsView(desk: Desk): View {
  return {
    title: 'Maps',
    load: () =>
      tableContent(
        mapColumns,
        desk.vm.maps,
        mapRow,
        noneFound(
          desk.vm.problems,
          'BPF map',
          'This kernel holds no BPF map: load a program that has some, and freeze again.',
        ),
      ),
    detail: (row, opened) => {
      if (row.target?.kind !== 'map') return undefined
      const map = desk.vm.map(row.target.id)
      return { title: escapeText(`${map.name} (${map.type})`), content: factsContent(desk, map, opened) }
    },
  }
}

function mapRow(map: BpfMap): Omit<Row, 'cells' | 'sort'> {
  return {
    id: `maps/${map.id}`,
    name: `map ${escapeText(map.name)}`,
    target: { kind: 'map', id: map.id },
    value: () => map,
    copy: map.name,
  }
}

/** What a map is, and what its reader says beyond entries. */
function factsContent(desk: Desk, map: BpfMap, opened: Set<string>): Content {
  const id = `map:${map.id}`
  const problems = new Problems()
  const { address, flags, keySize, valueSize, maxEntries } = map.info
  const users = desk.vm.progs.filter(({ mapIds }) => mapIds.includes(map.id))
  const nodes: TreeNode[] = [
    factNode(
      `${id}/size`,
      'holds',
      `${capacity(maxEntries)}; keys of ${keySize}, values of ${valueSize} bytes`,
    ),
    ...users.map(({ id: program, name }) =>
      factNode(`${id}/used-by-${program}`, 'used by', escapeText(name), {
        target: { kind: 'program', id: program },
        tones: [undefined, 'pointer'],
      }),
    ),
    ...Object.entries(detailsJson(map.state(problems))).flatMap(([name, value]) =>
      plainLines(value).map((line, i) =>
        factNode(`${id}/state.${name}[${i}]`, i === 0 ? escapeText(name) : '', line),
      ),
    ),
    factNode(`${id}/flags`, 'flags', `0x${flags.toString(16)}`),
    factNode(`${id}/address`, 'struct bpf_map', `0x${address.toString(16)}`, {
      target: {
        kind: 'value',
        title: `bpf_map of ${map.name}`,
        id: `${id}/struct`,
        read: () => desk.vm.at(address, 'struct bpf_map'),
      },
      tones: [undefined, 'pointer'],
    }),
    ...problems.list.map(({ where, why }, i) => problemNode(`${id}/problem-${i}`, `${where}: ${why}`)),
  ]
  return { columns: valueColumns, rows: new TreeRows(nodes, opened), empty: '', untitled: true }
}

function capacity(entries: number): string {
  if (entries === 0) return 'as many entries as its owners have'
  return `at most ${entries === 1 ? '1 entry' : `${entries.toLocaleString('en')} entries`}`
}

/** The entries of a map; a section of variables is one value, shown as its tree. */
export function mapView(desk: Desk, id: number): View {
  const target: Target = { kind: 'map', id }
  const { name, type } = desk.vm.map(id)
  const title = escapeText(name === '' ? `map ${id}` : name)
  let rows: MapRows | undefined
  return {
    title,
    target,
    load(opened) {
      const map = desk.vm.map(id)
      if (map.unsupported !== undefined) throw new CryoscopeError('unreadable', map.unsupported)
      if (isSection(map)) {
        const variables = map.variables
        const root = `map:${id}/0 ${title}`
        return {
          columns: valueColumns,
          rows: new TreeRows(variables === undefined ? [] : partsOf(desk, root, variables), opened),
          empty: 'The variables of this section cannot be read.',
        }
      }
      rows = new MapRows(map, desk.vm.kernel.cpus.possible.length)
      // The first rows are walked to now, so that a map whose structures are broken says so.
      rows.reach(0)
      return {
        columns: rows.columns,
        rows,
        empty: `${title} is empty${type === 'ringbuf' ? ': everything in it was consumed' : ''}. Let the guest run (a) and look again.`,
        problems: rows.problems.list.map(({ where, why }) => `${where}: ${why}`),
      }
    },
    detail(row, opened) {
      if (row.target?.kind !== 'entry' || row.target.map !== id) return undefined
      const map = desk.vm.map(id)
      const entry = rows === undefined ? undefined : entryOf(map, row, rows)
      if (entry === undefined) return undefined
      return { title: row.target.name, content: entryContent(desk, map, entry, opened) }
    },
  }
}

/** Entries that cannot be looked up by their key are found by their place in the list. */
function entryOf(map: BpfMap, row: Row, rows: MapRows): MapEntry | undefined {
  if (row.target?.kind !== 'entry') return undefined
  const place = /#(\d+)/.exec(row.id)?.[1]
  return place === undefined ? map.entry(row.target.key) : rows.entry(Number(place))
}

/** One entry as a page of its own. */
export function entryView(desk: Desk, target: Extract<Target, { kind: 'entry' }>): View {
  return {
    title: target.name,
    target,
    load(opened) {
      const map = desk.vm.map(target.map)
      const entry = map.entry(target.key)
      if (entry === undefined)
        throw new CryoscopeError('not-found', `${target.name} is not in the map any more`)
      return entryContent(desk, map, entry, opened)
    },
  }
}

function entryContent(desk: Desk, map: BpfMap, entry: MapEntry, opened: Set<string>): Content {
  const id = `map:${map.id}/${Buffer.from(entry.key.bytes).toString('hex')} ${entryName(map, entry)}`
  const nodes: TreeNode[] = [...ownerNodes(id, entry)]
  if (entry.cpus === undefined) nodes.push(...valueNodes(desk, id, entry.value))
  else {
    for (const value of entry.cpus) {
      nodes.push({
        row: { id: `${id}@${value.cpu}.`, cells: [`CPU ${value.cpu}`, '', ''], tone: 'heading', inert: true },
        parts: () => valueNodes(desk, `${id}@${value.cpu}`, value),
        open: true,
      })
    }
  }
  for (const [name, value] of Object.entries(entry.notes === undefined ? {} : detailsJson(entry.notes))) {
    for (const line of plainLines(value)) nodes.push(factNode(`${id}/note.${name}`, escapeText(name), line))
  }
  return { columns: valueColumns, rows: new TreeRows(nodes, opened), empty: 'Nothing in this entry.' }
}

/** "pid_stats[228]" */
function entryName(map: BpfMap, entry: MapEntry): string {
  return `${escapeText(map.name)}[${ownerText(entry) ?? keyText(entry)}]`
}

function ownerNodes(id: string, { key }: MapEntry): TreeNode[] {
  if (key.owner === undefined) return []
  const target = targetOfObject(key.owner)
  return [
    factNode(`${id}/owner`, 'owner', objectText(key.owner), {
      tones: ['dim', 'pointer'],
      ...(target === undefined ? {} : { target }),
    }),
  ]
}

function valueNodes(desk: Desk, id: string, value: EntryValue | undefined): readonly TreeNode[] {
  if (value === undefined) return []
  const nodes: TreeNode[] = []
  if (value.target !== undefined) {
    const target = targetOfObject(value.target)
    nodes.push(
      factNode(`${id}.target`, 'points at', objectText(value.target), {
        tones: ['dim', 'pointer'],
        ...(target === undefined ? {} : { target }),
      }),
    )
  }
  if (value.value !== undefined) nodes.push(...partsOf(desk, id, value.value))
  else if (value.target === undefined) nodes.push(...byteNodes(id, value.bytes))
  return nodes
}

function byteNodes(id: string, bytes: Uint8Array): TreeNode[] {
  const nodes: TreeNode[] = []
  for (let at = 0; at < bytes.length; at += 16) {
    const part = bytes.subarray(at, at + 16)
    const hex = Buffer.from(part)
      .toString('hex')
      .replace(/..(?=.)/g, '$& ')
    const text = [...part]
      .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'))
      .join('')
    nodes.push(factNode(`${id}+${at}`, `+0x${at.toString(16)}`, `${hex.padEnd(48)} ${escapeText(text)}`))
  }
  return nodes
}

/** Where an object that a map points at, or that owns a value, can be looked at. */
export function targetOfObject(object: NamedObject): Target | undefined {
  const { kind, address } = object
  if (kind === 'task') return { kind: 'task', pid: -1, address }
  if (kind === 'map' && 'id' in object) return { kind: 'map', id: Number(object.id) }
  if (kind === 'program' && 'id' in object) return { kind: 'program', id: Number(object.id) }
  return address === 0n ? undefined : { kind: 'address', address }
}

/** Rows of all maps, and of the entries of small ones, to compare stops. */
export const mapRecorders = [
  { group: 'maps', rows: (desk: Desk): Iterable<Row> => tableRows(mapColumns, desk.vm.maps, mapRow) },
]

export function* entryRowsOf(desk: Desk, map: BpfMap): Generator<Row> {
  if (map.unsupported !== undefined || isSection(map)) return
  const rows = new MapRows(map, desk.vm.kernel.cpus.possible.length)
  for (let index = 0; index < mostCompared; index++) {
    const row = rows.at(index)
    if (row === undefined) return
    yield row
  }
}

/** An empty list, for what is not there. */
export function nothing(sentence: string): Content {
  return { columns: [{ title: '' }], rows: new ArrayRows([]), empty: sentence, untitled: true }
}
