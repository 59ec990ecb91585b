import type { Allocation, Allocator } from '../../../bpf/allocators/allocator.js'
import { typeName } from '../../../btf/type-name.js'
import { detailsJson } from '../../../contract/details.js'
import { CryoscopeError } from '../../../errors.js'
import { allocatorColumns } from '../../../present/columns/allocators.js'
import { detailsText } from '../../../present/columns/object-text.js'
import { noneFound } from '../../../present/none-found.js'
import { figureText } from '../../../problems.js'
import { escapeText } from '../../../text.js'
import type { Desk } from '../model/desk.js'
import type { Content, Row, RowSource } from '../model/row.js'
import type { Target } from '../model/target.js'
import { type TreeNode, TreeRows } from '../model/tree.js'
import type { View } from '../model/view.js'
import { tableContent, tableRows } from './table-content.js'
import { factNode, partsOf, problemNode, summary, valueColumns } from './value-tree.js'

const barWidth = 24
/** Slots below one branch of the tree: as many as a leaf of sdt_alloc's has (lib/sdt_alloc.h). */
const slotsPerChunk = 512

export function allocatorsView(desk: Desk): View {
  return {
    title: 'Allocators',
    load: () =>
      tableContent(
        allocatorColumns,
        desk.vm.allocators,
        allocatorRow,
        noneFound(
          desk.vm.problems,
          'allocator',
          'No allocator: they live in BPF arenas, and this kernel has none in use.',
        ),
      ),
    detail(row, opened) {
      if (row.target?.kind !== 'allocator') return undefined
      const allocator = desk.vm.allocator(row.target.name)
      return { title: escapeText(allocator.name), content: factsContent(allocator, opened) }
    },
  }
}

function allocatorRow(allocator: Allocator): Omit<Row, 'cells' | 'sort'> {
  const { name } = allocator
  return {
    id: `allocators/${name}`,
    name: `allocator ${escapeText(name)}`,
    target: { kind: 'allocator', name },
    value: () => allocator,
    copy: escapeText(name),
    tone: allocator.dangling.length > 0 || allocator.problems.length > 0 ? 'warning' : undefined,
  }
}

export function allocatorRecords(desk: Desk): Iterable<Row> {
  return tableRows(allocatorColumns, desk.vm.allocators, allocatorRow)
}

function factsContent(allocator: Allocator, opened: Set<string>): Content {
  return {
    columns: valueColumns,
    rows: new TreeRows(factNodes(allocator), opened),
    empty: '',
    untitled: true,
  }
}

function factNodes(allocator: Allocator): TreeNode[] {
  const id = `allocator:${allocator.name}`
  const { reading, payload, leaks, dangling, problems, unreadRoots } = allocator
  const { slots, regions } = reading
  const live = slots.count('live')
  const share = live.whole ? bar(live.value / slots.length) : ''
  const nodes: TreeNode[] = []
  if (slots.length > 0) {
    nodes.push(
      factNode(
        `${id}/live`,
        'live',
        `${share} ${figureText(live)} of ${figureText(slots.total)} slots`.trim(),
        {
          tones: ['dim', 'pointer'],
          target: { kind: 'allocator', name: allocator.name },
        },
      ),
    )
  }
  for (const { name, used, length } of regions) {
    if (used === undefined) continue
    nodes.push(
      factNode(
        `${id}/region-${name}`,
        escapeText(name),
        `${bar(used / Math.max(1, length))} ${used} of ${length} bytes`,
        { tones: ['dim'] },
      ),
    )
  }
  const { type, certainty, evidence } = payload
  nodes.push(
    factNode(
      `${id}/payload`,
      'elements',
      escapeText(`${type === undefined ? 'of unknown type' : typeName(type)} (${certainty}: ${evidence})`),
      { tones: ['dim'] },
    ),
  )
  const state = detailsText(detailsJson(reading.state))
  if (state !== '') nodes.push(factNode(`${id}/state`, 'state', state, { tones: ['dim'] }))
  for (const { index, address } of leaks.slice(0, 50)) {
    nodes.push(
      factNode(
        `${id}/leak-${index}`,
        'leaked',
        `[${index}] at 0x${(address ?? 0n).toString(16)}: live, and nothing refers to it`,
        {
          tones: ['warning', 'pointer'],
          target: { kind: 'slot', allocator: allocator.name, index },
        },
      ),
    )
  }
  for (const [i, { from, place, why }] of dangling.slice(0, 50).entries()) {
    nodes.push(
      factNode(`${id}/dangling-${i}`, 'dangling', escapeText(`${from}: ${why}`), {
        tones: ['problem'],
        target: { kind: 'arena-place', arena: allocator.arena.id, place },
      }),
    )
  }
  for (const [i, root] of unreadRoots.entries())
    nodes.push(problemNode(`${id}/unread-${i}`, `could not be searched for references: ${root}`))
  for (const [i, { where, why }] of problems.entries())
    nodes.push(problemNode(`${id}/problem-${i}`, `${where}: ${why}`))
  return nodes
}

/** "######........" */
export function bar(share: number): string {
  const filled = Math.max(0, Math.min(barWidth, Math.round(share * barWidth)))
  return `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}]`
}

/** The slots of an allocator by chunks, opened one by one; objects in regions that keep no slots. */
export function allocatorView(desk: Desk, target: Extract<Target, { kind: 'allocator' }>): View {
  const title = escapeText(target.name)
  return {
    title,
    target,
    load(opened) {
      const allocator = desk.vm.allocator(target.name)
      const { slots } = allocator.reading
      if (slots.length <= slotsPerChunk && slots.length > 0) {
        return {
          columns: slotColumns,
          rows: new SlotRows(allocator),
          empty: `${title} has handed out nothing yet.`,
        }
      }
      const nodes = [...factNodes(allocator), ...chunkNodes(allocator), ...objectNodes(desk, allocator)]
      return {
        columns: valueColumns,
        rows: new TreeRows(nodes, opened),
        empty: `${title} has handed out nothing yet.`,
      }
    },
    detail(row, opened) {
      const slot = row.target
      if (slot?.kind !== 'slot') return undefined
      const allocator = desk.vm.allocator(target.name)
      const allocation = allocator.at(slot.index)
      if (allocation === undefined) return undefined
      return { title: `${title}[${slot.index}]`, content: slotContent(desk, allocator, allocation, opened) }
    },
  }
}

const slotColumns = [
  { title: 'INDEX', align: 'right', rigid: true, identifies: true },
  { title: 'STATE', rigid: true },
  { title: 'ADDRESS', rigid: true, tone: 'dim' },
  { title: 'GEN', align: 'right', rigid: true, tone: 'dim' },
  { title: 'VALUE' },
] as const

/** Slots that were ever handed out, read when they are shown. */
class SlotRows implements RowSource {
  readonly complete = true
  readonly #allocator: Allocator
  readonly #indexes: readonly number[]

  constructor(allocator: Allocator) {
    this.#allocator = allocator
    const { slots } = allocator.reading
    this.#indexes = slots.indexes.filter((_, slot) => slots.states[slot] !== 'reserved')
  }

  get length(): number {
    return this.#indexes.length
  }

  at(position: number): Row | undefined {
    const index = this.#indexes[position]
    const allocation = index === undefined ? undefined : this.#allocator.at(index)
    return allocation === undefined ? undefined : slotRow(this.#allocator, allocation)
  }
}

function slotRow(allocator: Allocator, { index, state, address, generation, value }: Allocation): Row {
  return {
    id: `slots:${allocator.name}/${index}`,
    name: `${escapeText(allocator.name)}[${index}]`,
    cells: [
      String(index),
      state,
      address === undefined ? '-' : `0x${address.toString(16)}`,
      String(generation),
      value === undefined || state !== 'live' ? '-' : summary(value),
    ],
    tones: [
      undefined,
      state === 'live' ? 'good' : state === 'torn' || state === 'unreadable' ? 'problem' : 'dim',
    ],
    target: { kind: 'slot', allocator: allocator.name, index },
    value: () => value,
  }
}

function chunkNodes(allocator: Allocator): TreeNode[] {
  const { slots } = allocator.reading
  const chunks = new Map<number, { live: number; slots: number[] }>()
  for (let slot = 0; slot < slots.length; slot++) {
    const index = slots.indexes[slot] as number
    const chunk = Math.floor(index / slotsPerChunk)
    let found = chunks.get(chunk)
    if (found === undefined) {
      found = { live: 0, slots: [] }
      chunks.set(chunk, found)
    }
    if (slots.states[slot] === 'live') found.live++
    found.slots.push(index)
  }
  return [...chunks].map(([chunk, { live, slots: indexes }]) => ({
    row: {
      id: `allocator:${allocator.name}/chunk-${chunk}`,
      cells: [
        `[${chunk * slotsPerChunk}…]`,
        `${bar(live / indexes.length)} ${live} of ${indexes.length} live`,
        '',
      ],
    },
    parts: () => indexes.map((index) => slotNode(allocator, index)),
  }))
}

function slotNode(allocator: Allocator, index: number): TreeNode {
  const allocation = allocator.at(index)
  const state = allocation?.state ?? 'free'
  const text = state === 'live' && allocation?.value !== undefined ? summary(allocation.value) : state
  return {
    row: {
      id: `slots:${allocator.name}/${index}`,
      name: `${escapeText(allocator.name)}[${index}]`,
      cells: [`[${index}]`, text, ''],
      tones: [undefined, state === 'live' ? 'pointer' : 'dim'],
      target: { kind: 'slot', allocator: allocator.name, index },
    },
  }
}

function objectNodes(desk: Desk, allocator: Allocator): TreeNode[] {
  return allocator.objects.map(({ address, type, certainty, from, value }) => ({
    row: {
      id: `object:${address.toString(16)}`,
      cells: [`0x${address.toString(16)}`, `${certainty}: found by ${escapeText(from)}`, typeName(type)],
      tones: ['pointer', 'dim'],
      inert: true,
    },
    parts: () => partsOf(desk, `object:${address.toString(16)}`, value),
  }))
}

/** One slot as a page. */
export function slotView(desk: Desk, target: Extract<Target, { kind: 'slot' }>): View {
  const find = (): { allocator: Allocator; allocation: Allocation } => {
    const allocator = desk.vm.allocator(target.allocator)
    const allocation = allocator.at(target.index)
    if (allocation !== undefined) return { allocator, allocation }
    throw new CryoscopeError('not-found', `${target.allocator} has no slot ${target.index}`)
  }
  return {
    title: escapeText(`${target.allocator}[${target.index}]`),
    target,
    load(opened) {
      const { allocator, allocation } = find()
      return slotContent(desk, allocator, allocation, opened)
    },
  }
}

function slotContent(desk: Desk, allocator: Allocator, allocation: Allocation, opened: Set<string>): Content {
  const { index, state, address, generation, size, value, bytes } = allocation
  const id = `slot:${allocator.name}/${index} ${escapeText(allocator.name)}[${index}]`
  const nodes: TreeNode[] = [
    factNode(`${id}/allocator`, 'allocator', `${escapeText(allocator.name)}: ${allocator.kind}`, {
      tones: ['dim', 'pointer'],
      target: { kind: 'allocator', name: allocator.name },
    }),
    factNode(`${id}/state`, 'state', `${state}, ${size} bytes, given back ${generation} times`, {
      tones: ['dim'],
    }),
  ]
  if (address !== undefined) {
    nodes.push(
      factNode(`${id}/address`, 'address', `0x${address.toString(16)}`, {
        tones: ['dim', 'pointer'],
        target: { kind: 'bytes', address },
      }),
    )
  }
  if (value !== undefined) nodes.push(...partsOf(desk, id, value))
  else if (bytes !== undefined)
    nodes.push(factNode(`${id}/bytes`, 'bytes', Buffer.from(bytes.subarray(0, 64)).toString('hex')))
  return { columns: valueColumns, rows: new TreeRows(nodes, opened), empty: '', untitled: false }
}
