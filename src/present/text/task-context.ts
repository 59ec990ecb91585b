import { jsonLine } from '../../contract/json.js'
import type { ContextItem } from '../../session/task-context.js'
import { escapeText } from '../../text.js'
import type { Value } from '../../value/types.js'

const kinds = { task_storage: 'task storage', map_entry: 'map entry', arena: 'arena', dsq: 'DSQ' } as const

/** "task storage scx_task_map (12)", "map entry pid_stats (7), key 42". */
export function contextHeading({ kind, map, mapId, key, queue }: ContextItem): string {
  if (kind === 'dsq') return escapeText(`DSQ ${queue?.name ?? 'of unknown name'}`)
  const shown = kind === 'map_entry' && key !== undefined ? `, key ${keyText(key)}` : ''
  return escapeText(`${kinds[kind]} ${map} (${mapId})${shown}`)
}

function keyText({ json, bytes }: NonNullable<ContextItem['key']>): string {
  return json === undefined ? Buffer.from(bytes).toString('hex') : jsonLine(json)
}

/** The value as C would write it, CPUs one below the other, bytes where there is no type; safe for a terminal. */
export function contextValueText(item: ContextItem, columns: number): string {
  const { kind, queue, position, cpus, value, bytes } = item
  if (kind === 'dsq') {
    if (queue === undefined) return 'it could not be read'
    const place =
      position === undefined ? '' : `, this one ${position === 0 ? 'first' : `behind ${position}`}`
    return escapeText(`${queue.kind}, ${queue.depth} tasks${place}`)
  }
  if (cpus === undefined) return valueText(value, bytes, columns)
  return cpus.map((each) => `CPU ${each.cpu}: ${valueText(each.value, each.bytes, columns)}`).join('\n')
}

function valueText(value: Value | undefined, bytes: Uint8Array | undefined, columns: number): string {
  if (value === undefined)
    return bytes === undefined ? 'it could not be read' : Buffer.from(bytes).toString('hex')
  const isObject = typeof value === 'object' && '$format' in value
  return isObject ? String(value.$format({ columns, showZero: true })) : escapeText(String(value))
}
