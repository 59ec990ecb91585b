import type { BpfMap } from '../bpf/map.js'
import { Problems } from '../problems.js'
import { hexOf } from '../value/bytes.js'
import { FrameColumn, NumberBuilder, TextBuilder } from './column.js'
import { RowFlattener } from './flatten.js'
import { Frame } from './frame.js'
import { type Leaf, leavesOf } from './leaves.js'

/**
 * Every entry of a map, `key` and `value` (or their members: `key.pid`, `value.runs`), per-CPU maps with a row for each `cpu`.
 * Maps without types have hexadecimal text. What could not be read is in the frame's `problems`.
 */
export function mapFrame(map: BpfMap): Frame {
  const problems = new Problems()
  return map.isPacked ? packed(map, problems) : entryByEntry(map, problems)
}

function packed(map: BpfMap, problems: Problems): Frame {
  const { keyType, valueType } = map.info
  let parts: { readonly keys: readonly Leaf[]; readonly values: readonly Leaf[] } | undefined
  const cpus = new NumberBuilder('integer')
  for (const batch of map.batches(problems)) {
    const { count, keySize, valueSize, valueStride, keys, values } = batch
    parts ??= {
      keys: keyType === undefined ? [hexLeaf('key', keySize)] : leavesOf(map.context, keyType, 'key'),
      values:
        valueType === undefined ? [hexLeaf('value', valueSize)] : leavesOf(map.context, valueType, 'value'),
    }
    const keyView = new DataView(keys.buffer, keys.byteOffset, keys.byteLength)
    const valueView = new DataView(values.buffer, values.byteOffset, values.byteLength)
    const cpuNumbers = map.perCpu ? map.cpus : [0]
    // Column by column: each loop does one thing, which the compiler keeps fast.
    for (const leaf of keySize === 0 ? [] : parts.keys) {
      for (let i = 0; i < count; i++) {
        for (let n = 0; n < cpuNumbers.length; n++) leaf.read(keyView, keys, i * keySize)
      }
    }
    for (const leaf of parts.values) {
      for (let i = 0; i < count; i++) {
        for (let n = 0; n < cpuNumbers.length; n++)
          leaf.read(valueView, values, i * valueStride + n * valueSize)
      }
    }
    if (map.perCpu) for (let i = 0; i < count; i++) for (const cpu of cpuNumbers) cpus.push(cpu)
  }
  const columns = new Map<string, FrameColumn>()
  for (const { path, finish } of parts?.keys ?? []) {
    const column = finish()
    if (column.length > 0 || parts === undefined) columns.set(path, column)
  }
  if (map.perCpu) columns.set('cpu', cpus.finish())
  for (const { path, finish } of parts?.values ?? []) columns.set(path, finish())
  if (columns.size === 0)
    for (const name of ['key', 'value']) columns.set(name, new FrameColumn('integer', new Float64Array(), 0))
  return new Frame(columns, { problems: problems.list })
}

function hexLeaf(path: string, size: number): Leaf {
  const column = new TextBuilder()
  return {
    path,
    read: (_, bytes, offset) => column.push(hexOf(bytes, offset, offset + size)),
    finish: () => column.finish(),
  }
}

function entryByEntry(map: BpfMap, problems: Problems): Frame {
  const rows = new RowFlattener()
  for (const { key, value, cpus } of map.entries(problems)) {
    const said = key.owner ?? key.json ?? key.bytes
    const shown = (one: typeof value) => one?.target ?? one?.value ?? one?.bytes ?? null
    if (cpus === undefined) rows.add({ key: said, value: shown(value) })
    else for (const one of cpus) rows.add({ key: said, cpu: one.cpu, value: shown(one) })
  }
  return new Frame(rows.finish(), { problems: problems.list, unreadable: rows.unreadable })
}
