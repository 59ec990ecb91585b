import { escapeText } from '../../../text.js'
import type { ArrayValue, PointerValue, Reference, Scalar, StructValue, Value } from '../../../value/types.js'
import { isUnreadable } from '../../../value/unreadable.js'
import type { Desk } from '../model/desk.js'
import { jsonText } from '../model/editing.js'
import type { Content, Row, Written } from '../model/row.js'
import type { Target } from '../model/target.js'
import { type TreeNode, TreeRows } from '../model/tree.js'
import type { Tone } from '../style/theme.js'
import { arenaHolding, isKernelAddress, targetAt } from './places.js'

/** Larger structs are not written out on the line of their name. */
const inlineSize = 256
const longestInline = 200
/** Elements of an array shown at once; the rest is below a row of its own. */
const elementsShown = 100

export const valueColumns = [
  { title: 'FIELD', tone: 'name' },
  { title: 'VALUE' },
  { title: 'TYPE', tone: 'type' },
] as const

/** A value as a tree: members below structs, elements below arrays; Enter on a pointer follows it. */
export function valueContent(
  desk: Desk,
  id: string,
  value: Value,
  opened: Set<string>,
  before: readonly TreeNode[] = [],
): Content {
  const nodes = [...before, ...partsOf(desk, id, value)]
  return { columns: valueColumns, rows: new TreeRows(nodes, opened), empty: 'This value has no parts.' }
}

/** A struct of the kernel that is opened: `name` is its tag. */
export function kernelStructNode(desk: Desk, owner: string, name: string, address: bigint): TreeNode {
  const id = `${owner}/struct`
  const type = `struct ${name}`
  return {
    row: { id, cells: [name, `0x${address.toString(16)}`, type], tones: ['dim'], inert: true },
    parts: () => partsOf(desk, owner, desk.vm.at(address, type)),
    open: true,
  }
}

/** What is below a value: its members or elements; itself when it has none. */
export function partsOf(desk: Desk, id: string, value: Value): readonly TreeNode[] {
  if (isUnreadable(value)) return [problemNode(id, `cannot be read: ${value.$reason}`)]
  if (typeof value !== 'object' || !('$kind' in value)) return [plainNode(id, value)]
  switch (value.$kind) {
    case 'struct':
      return memberNodes(desk, id, value)
    case 'array':
      return elementNodes(desk, id, value, 0)
    default:
      return [referenceNode(desk, id, 'value', value)]
  }
}

/** A fact that is no field: how an object was found, what it belongs to. */
export function factNode(id: string, name: string, text: string, more: Partial<Row> = {}): TreeNode {
  return { row: { id, cells: [name, text, ''], ...more } }
}

export function problemNode(id: string, sentence: string): TreeNode {
  return { row: { id, cells: ['', escapeText(sentence), ''], tone: 'problem', inert: true } }
}

function plainNode(id: string, value: Value): TreeNode {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return { row: { id, cells: ['value', escapeText(text), ''], value: () => value } }
}

function memberNodes(desk: Desk, id: string, struct: StructValue): readonly TreeNode[] {
  return struct.$members.map((name) => referenceNode(desk, `${id}.${name}`, name, struct.$member(name)))
}

function elementNodes(desk: Desk, id: string, array: ArrayValue, from: number): readonly TreeNode[] {
  const end = Math.min(array.length, from + elementsShown)
  const nodes: TreeNode[] = []
  for (let n = from; n < end; n++) nodes.push(referenceNode(desk, `${id}[${n}]`, `[${n}]`, array.$element(n)))
  if (end < array.length) {
    nodes.push({
      row: {
        id: `${id}[${end}…]`,
        cells: ['…', `${array.length - end} more: Enter shows them`, ''],
        tone: 'dim',
        inert: true,
      },
      parts: () => elementNodes(desk, id, array, end),
    })
  }
  return nodes
}

/** One value that has a place in memory, with its name. */
export function referenceNode(desk: Desk, id: string, name: string, reference: Reference): TreeNode {
  const label = escapeText(name)
  if (isUnreadable(reference)) {
    return {
      row: { id, cells: [label, `<${escapeText(reference.$reason)}>`, ''], tones: [undefined, 'problem'] },
    }
  }
  const common = {
    id,
    place: { address: reference.$address, size: reference.$size, name: label },
    ...(reference.$kind === 'scalar' || reference.$kind === 'pointer'
      ? { write: writer(desk, label, reference) }
      : {}),
  }
  const type = escapeText(reference.$type)
  switch (reference.$kind) {
    case 'scalar': {
      const target = targetOfScalar(desk, name, reference)
      return {
        row: {
          ...common,
          cells: [label, scalarText(desk, reference, target), type],
          tones: [undefined, target === undefined ? undefined : 'pointer'],
          sort: [label, sortable(reference.$value), type],
          value: () => reference.$value,
          ...(target === undefined ? {} : { target }),
        },
      }
    }
    case 'pointer':
      return pointerNode(desk, common, label, type, reference)
    case 'struct':
      return structNode(desk, common, label, type, reference)
    case 'array':
      return arrayNode(desk, common, label, type, reference)
    default:
      return { row: { ...common, cells: [label, reference.$format(), type], tones: [undefined, 'dim'] } }
  }
}

const writer =
  ({ vm }: Desk, name: string, reference: Reference) =>
  (value: unknown): Written => {
    const { before, after } = vm.write(reference, value)
    return { name, before: escapeText(jsonText(before)), after: escapeText(jsonText(after)) }
  }

type CommonRow = Pick<Row, 'id' | 'place' | 'write'>

function pointerNode(
  desk: Desk,
  common: CommonRow,
  label: string,
  type: string,
  pointer: PointerValue,
): TreeNode {
  const text = oneLine(pointer.$format({ columns: longestInline * 2 }), pointer.$type)
  const base = { ...common, value: () => pointer, copy: `0x${pointer.$value.toString(16)}` }
  if (pointer.$isNull) return { row: { ...base, cells: [label, 'NULL', type], tones: [undefined, 'dim'] } }
  if (pointer.$tags.includes('percpu')) {
    return {
      row: { ...base, cells: [label, text, type], tones: [undefined, 'pointer' as Tone] },
      parts: () =>
        pointer.$cpus.map(({ cpu, value }) => ({
          row: {
            id: `${common.id}@${cpu}`,
            cells: [`CPU ${cpu}`, summary(value), ''],
            value: () => value,
            target: {
              kind: 'value',
              title: `${label} of CPU ${cpu}`,
              id: `${common.id}@${cpu}`,
              read: () => value,
            },
          },
        })),
    }
  }
  return {
    row: {
      ...base,
      cells: [label, text, type],
      tones: [undefined, 'pointer' as Tone],
      target: targetOfPointer(desk, common.id, label, pointer),
    },
  }
}

function structNode(
  desk: Desk,
  common: CommonRow,
  label: string,
  type: string,
  struct: StructValue,
): TreeNode {
  const cpus = struct.$members.includes('cpus') ? undefined : struct.cpus
  const isMask = Array.isArray(cpus)
  const inline =
    struct.$size <= inlineSize ? oneLine(struct.$format({ columns: 4096, depth: 1 }), struct.$type) : '{ … }'
  const text = isMask ? `{${String(struct)}}` : inline.length > longestInline ? '{ … }' : inline
  return {
    row: {
      ...common,
      cells: [label, text, type],
      tones: [undefined, isMask ? undefined : 'dim'],
      value: () => struct,
    },
    ...(isMask ? {} : { parts: () => memberNodes(desk, common.id, struct) }),
  }
}

function arrayNode(desk: Desk, common: CommonRow, label: string, type: string, array: ArrayValue): TreeNode {
  const isText = /^(const )?(unsigned |signed )?char ?\[/.test(array.$type)
  const whole =
    array.$size <= 4096
      ? oneLine(array.$format({ columns: 4096, depth: 1, elements: 16 }), array.$type)
      : `[${array.length} elements]`
  const text = whole.length > longestInline && !isText ? `[${array.length} elements]` : whole
  const row: Row = {
    ...common,
    cells: [label, text, type],
    value: () => array,
    tones: [undefined, isText ? undefined : 'dim'],
  }
  return isText || array.length === 0
    ? { row }
    : { row, parts: () => elementNodes(desk, common.id, array, 0) }
}

/** The text without the type that stands before it in a line of its own column. */
function oneLine(text: string, type: string): string {
  const line = text.replace(/\s*\n\s*/g, ' ')
  for (const prefix of [`(${type}) `, `${type} `])
    if (line.startsWith(prefix)) return line.slice(prefix.length)
  return line
}

/** A value in a few words. */
export function summary(value: Value): string {
  if (isUnreadable(value)) return `<${escapeText(value.$reason)}>`
  if (typeof value !== 'object' || !('$format' in value)) return escapeText(String(value))
  const text = oneLine(value.$format({ columns: 4096, depth: 1 }), value.$type)
  return text.length > longestInline ? '{ … }' : text
}

function sortable(value: Value): string | number | bigint | undefined {
  return typeof value === 'number' || typeof value === 'bigint' ? value : String(value)
}

/** An address says what lies there; any other number is as C has it. */
function scalarText(desk: Desk, scalar: Scalar, target: Target | undefined): string {
  if (target?.kind !== 'address') return scalar.$format()
  const hex = scalar.$format({ hex: true })
  const { text } = targetAt(desk, target.address)
  return text.startsWith('0x') ? hex : `${hex} <${escapeText(text.replace(/\+0x0$/, ''))}>`
}

const pidName = /(^|_)t?g?pid$/
const queueName = /(^|_)dsq(_id)?$/

/** Where an integer leads that is a pid, an id or an address by its name or its value. */
function targetOfScalar(desk: Desk, name: string, { $value, $size }: Scalar): Target | undefined {
  if (typeof $value === 'number' && $size === 4 && $value > 0 && pidName.test(name))
    return { kind: 'task', pid: $value }
  if (typeof $value !== 'bigint' || $size !== 8) return undefined
  const word = BigInt.asUintN(64, $value)
  if (queueName.test(name) && word !== 0n) return { kind: 'queue', id: word }
  if (isKernelAddress(desk, word) || arenaHolding(desk, word) !== undefined)
    return { kind: 'address', address: word }
  return undefined
}

/** Structs that have a page of their own; any other pointer opens what it points at. */
function targetOfPointer(desk: Desk, id: string, label: string, pointer: PointerValue): Target {
  const address = pointer.$value
  const pointed = /^(?:const )?(?:volatile )?(struct \w+) (?:__\w+ )*\*$/.exec(pointer.$type)?.[1]
  if (pointed === 'struct task_struct') return { kind: 'task', pid: -1, address }
  if (pointed === 'struct scx_dispatch_q') return { kind: 'queue', address }
  if (arenaHolding(desk, address) !== undefined) return { kind: 'address', address }
  if (/\bvoid\b/.test(pointer.$type) || /\(/.test(pointer.$type)) return { kind: 'address', address }
  return { kind: 'value', title: label, id: `${id}->`, read: () => pointer.$target }
}
