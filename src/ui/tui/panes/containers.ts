import type { Container } from '../../../bpf/containers/container.js'
import type { ContainerEntry } from '../../../bpf/containers/reading.js'
import { terminalCells } from '../../../present/columns/column.js'
import { countText, entryColumns, originText, stateText } from '../../../present/columns/containers.js'
import { problemText } from '../../../problems.js'
import { escapeText } from '../../../text.js'
import type { Desk } from '../model/desk.js'
import type { Content, Row, RowSource } from '../model/row.js'
import type { Target } from '../model/target.js'
import { type TreeNode, TreeRows } from '../model/tree.js'
import type { View } from '../model/view.js'
import { factNode, partsOf, problemNode, valueColumns } from './value-tree.js'

/** A container with its entries in their own order; its state and what is odd about it beside an entry. */
export function containerView(desk: Desk, target: Extract<Target, { kind: 'container' }>): View {
  const find = (): Container => desk.vm.container(`${target.arena}/${target.name}`)
  const title = escapeText(target.name)
  return {
    title,
    target,
    load(opened) {
      const container = find()
      if (container.entries.length === 0)
        return { columns: valueColumns, rows: new TreeRows(factNodes(container), opened), empty: '' }
      const columns = entryColumns[container.kind]
      return {
        columns: columns.map(({ title: heading, align, rigid }) => ({ title: heading, align, rigid })),
        rows: new EntryRows(container),
        empty: '',
      }
    },
    detail(row, opened) {
      const container = find()
      const index = Number(/#(\d+)$/.exec(row.id)?.[1] ?? -1)
      const entry = container.entries[index]
      return (
        entry && { title: `${title}, entry ${index}`, content: entryContent(desk, container, entry, opened) }
      )
    },
  }
}

/** Entries, read when they are shown. */
class EntryRows implements RowSource {
  readonly complete = true
  readonly #container: Container

  constructor(container: Container) {
    this.#container = container
  }

  get length(): number {
    return this.#container.entries.length
  }

  at(position: number): Row | undefined {
    const entry = this.#container.entries[position]
    if (entry === undefined) return undefined
    const columns = entryColumns[this.#container.kind]
    return {
      id: idOf(this.#container, entry),
      cells: terminalCells(columns, entry),
      ...targetOf(this.#container, entry),
      value: () => entry.value ?? entry.key,
    }
  }
}

function idOf(container: Container, { index }: ContainerEntry): string {
  return `container:${container.arena.id}/${container.name}#${index}`
}

/** Enter leads to what a value points at, else to where the entry is kept. */
function targetOf(container: Container, { value, object, address }: ContainerEntry): { target?: Target } {
  const isPointer = typeof value === 'object' && '$kind' in value && value.$kind === 'pointer'
  if (isPointer) return { target: { kind: 'address', address: value.$value } }
  if (typeof value === 'bigint' && object !== undefined)
    return { target: { kind: 'address', address: value } }
  const place = address === undefined ? -1 : container.arena.window.placeOf(address)
  return place < 0 ? {} : { target: { kind: 'arena-place', arena: container.arena.id, place } }
}

function factNodes(container: Container): TreeNode[] {
  const id = `container:${container.arena.id}/${container.name}`
  const state = stateText(container)
  return [
    factNode(`${id}/found`, 'found', escapeText(originText(container)), { tones: ['dim'] }),
    factNode(`${id}/count`, 'holds', countText(container), { tones: ['dim'] }),
    ...(state === '' ? [] : [factNode(`${id}/state`, 'state', escapeText(state), { tones: ['dim'] })]),
    ...container.problems.map((problem, n) => problemNode(`${id}/problem-${n}`, problemText(problem))),
  ]
}

function entryContent(desk: Desk, container: Container, entry: ContainerEntry, opened: Set<string>): Content {
  const id = idOf(container, entry)
  const { key, value, object, address } = entry
  const nodes: TreeNode[] = [
    ...factNodes(container),
    ...(key === undefined ? [] : [factNode(`${id}/key`, 'key', String(key), { tones: ['dim'] })]),
    ...(object === undefined ? [] : [factNode(`${id}/object`, 'in', escapeText(object), { tones: ['dim'] })]),
    ...(address === undefined
      ? []
      : [
          factNode(`${id}/address`, 'kept at', `0x${address.toString(16)}`, {
            tones: ['dim', 'pointer'],
            target: { kind: 'bytes', address },
          }),
        ]),
    ...(value === undefined ? [] : partsOf(desk, id, value)),
  ]
  return { columns: valueColumns, rows: new TreeRows(nodes, opened), empty: '' }
}
