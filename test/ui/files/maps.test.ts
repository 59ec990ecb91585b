import { describe, expect, it } from 'vitest'
import type { BpfMap } from '../../../src/bpf/map.js'
import type { EntryBatch } from '../../../src/bpf/maps/reader.js'
import { ContentCache } from '../../../src/ui/files/content.js'
import { mapsDirectory } from '../../../src/ui/files/maps.js'
import { nodeAt } from '../../../src/ui/files/node.js'
import type { View } from '../../../src/ui/files/view.js'

const bytes = (length: number, from: number): Uint8Array => Uint8Array.from({ length }, (_, i) => from + i)

/** Two batches in the same buffers, as a reader makes them: three entries and one. */
function* batches(): Generator<EntryBatch> {
  const buffers = { keys: new Uint8Array(12), values: new Uint8Array(48) }
  const places = { pages: new Float64Array(6), offsets: new Uint16Array(6) }
  for (const [count, from] of [
    [3, 1],
    [1, 100],
  ] as const) {
    buffers.keys.set(bytes(12, from))
    buffers.values.set(bytes(48, from + 12))
    yield { count, keySize: 4, valueSize: 8, valueStride: 16, ...buffers, ...places }
  }
}

function raw(kind: { perCpu: boolean; keys?: 'places' }): number[] {
  const map = {
    id: 1,
    name: 'map',
    type: 'hash',
    address: 0n,
    info: { problems: [], keySize: 4, maxEntries: 10 },
    state: () => ({}),
    isPacked: true,
    batches,
    ...kind,
  } as unknown as BpfMap
  const session = { maps: [map], problems: [] }
  const view = { session, cache: new ContentCache(), writable: false } as unknown as View
  const file = nodeAt(mapsDirectory(view), '/by-id/1/raw')
  if (file?.kind !== 'file') throw new Error('there is no such file')
  const target = new Uint8Array(1000)
  return [...target.subarray(0, file.open().read(target, 0))]
}

describe('the bytes of a map that comes in batches', () => {
  it('are each key and its value, and nothing of what lies between them', () => {
    expect(raw({ perCpu: false })).toEqual(
      [
        ...[bytes(4, 1), bytes(8, 13), bytes(4, 5), bytes(8, 29), bytes(4, 9), bytes(8, 45)],
        ...[bytes(4, 100), bytes(8, 112)],
      ].flatMap((part) => [...part]),
    )
  })

  it('have the values of all CPUs', () => {
    expect(raw({ perCpu: true }).slice(0, 40)).toEqual(
      [bytes(4, 1), bytes(16, 13), bytes(4, 5), bytes(16, 29)].flatMap((part) => [...part]),
    )
  })

  it('have no keys that are only places', () => {
    expect(raw({ perCpu: true, keys: 'places' }).slice(0, 32)).toEqual([...bytes(32, 13)])
  })
})
