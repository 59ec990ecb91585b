import type { ContextItem } from '../session/task-context.js'
import { type Address, hexAddress } from './json.js'
import { valueJson } from './values.js'

/** One thing that BPF keeps of a task. */
export interface ContextItemJson {
  readonly kind: ContextItem['kind']
  /** Name of the map or arena; null for a DSQ. */
  readonly map: string | null
  readonly mapId: number | null
  /** Null where the value lies nowhere of its own. */
  readonly address: Address | null
  readonly how: string
  /** Of entries whose keys are chosen by programs. */
  readonly key?: { readonly hex: string; readonly value?: unknown }
  /** The C value; `{ hex }` where there is no type, `{ cpus }` of per-CPU maps; null where it cannot be read. */
  readonly value: unknown
}

export function contextItemJson(item: ContextItem): ContextItemJson {
  const { kind, map, mapId, address, how, key } = item
  return {
    kind,
    map: map ?? null,
    mapId: mapId ?? null,
    address: address === undefined || address === 0n ? null : hexAddress(address),
    how,
    ...(kind !== 'map_entry' || key === undefined
      ? {}
      : { key: { hex: hexOf(key.bytes), ...(key.json === undefined ? {} : { value: key.json }) } }),
    value: itemValue(item),
  }
}

function itemValue({ kind, value, bytes, cpus, queue, position }: ContextItem): unknown {
  if (kind === 'dsq') return queue === undefined ? null : queueSummary(queue, position)
  if (cpus !== undefined)
    return { cpus: cpus.map((each) => ({ cpu: each.cpu, value: typedOrBytes(each.value, each.bytes) })) }
  return typedOrBytes(value, bytes)
}

function typedOrBytes(value: ContextItem['value'], bytes: Uint8Array | undefined): unknown {
  if (value !== undefined) return valueJson(value)
  return bytes === undefined ? null : { hex: hexOf(bytes) }
}

function queueSummary(
  { id, name, kind, cpu, node, depth, scheduler }: NonNullable<ContextItem['queue']>,
  position: number | undefined,
): unknown {
  return {
    id: hexAddress(id),
    name,
    kind,
    cpu: cpu ?? null,
    node: node ?? null,
    scheduler: scheduler === undefined ? null : hexAddress(scheduler),
    depth,
    position: position ?? null,
  }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}
