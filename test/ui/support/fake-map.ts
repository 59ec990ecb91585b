import type { MapInfo } from '../../../src/bpf/map-info.js'
import type { Details } from '../../../src/contract/details.js'
import type { WrittenMap } from '../../../src/contract/maps.js'
import type { ListedMap } from '../../../src/present/columns/maps.js'

interface FakeOptions extends Partial<MapInfo> {
  /** Entries as JSON text; generated on demand, so that there can be very many. */
  readonly entries?: Iterable<string>
  readonly unsupported?: string
  readonly state?: Details
  /** Said while the entries are walked. */
  readonly trouble?: { readonly where: string; readonly why: string }
}

/** A map without a kernel behind it. */
export function fakeMap({
  entries = [],
  unsupported,
  state = {},
  trouble,
  ...changes
}: FakeOptions): ListedMap & WrittenMap {
  const info: MapInfo = {
    id: 1,
    name: 'fake',
    type: 'hash',
    keySize: 4,
    valueSize: 8,
    maxEntries: 16,
    flags: 0,
    mapExtra: 0n,
    frozen: false,
    address: 0xffff888000001000n,
    btfId: 0,
    keyType: undefined,
    valueType: undefined,
    problems: [],
    ...changes,
  }
  return {
    info,
    unsupported,
    state: () => state,
    toJSON: () => ({
      id: info.id,
      name: info.name,
      type: info.type,
      keySize: info.keySize,
      valueSize: info.valueSize,
      maxEntries: info.maxEntries,
      flags: info.flags,
      address: `0x${info.address.toString(16)}`,
      keyType: null,
      valueType: null,
    }),
    *json(limit = Number.POSITIVE_INFINITY, problems) {
      if (trouble !== undefined) problems?.add(trouble.where, trouble.why)
      let left = limit
      for (const entry of entries) {
        if (left-- <= 0) return
        yield entry
      }
    },
    entryJson: (key) => (key === 7 ? '{"key":{"hex":"07000000"},"value":{"hex":"00"}}' : undefined),
  }
}
