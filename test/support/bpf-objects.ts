import type { KernelGuest } from './kernel-guest.js'
import type { MemberValues } from './object-writer.js'
import { referenceJhash } from './reference-jhash.js'
import { nullsMarker, writeChain } from './structures.js'

/** Makes BPF maps and programs in a guest and enters them in map_idr and prog_idr. */

export interface MapSpec {
  readonly id?: number
  readonly name?: string
  readonly keySize?: number
  readonly valueSize: number
  readonly maxEntries: number
  /** More members of struct bpf_map. */
  readonly members?: MemberValues
}

type MapType = 'hash' | 'array' | 'percpu_hash' | 'percpu_array' | 'lru_hash' | 'lru_percpu_hash' | 'ringbuf'

const typeNumbers: Readonly<Record<MapType, number>> = {
  hash: 1,
  array: 2,
  percpu_hash: 5,
  percpu_array: 6,
  lru_hash: 9,
  lru_percpu_hash: 10,
  ringbuf: 27,
}

/** struct bpf_map, at the start of every map. */
export function setMap(guest: KernelGuest, address: bigint, type: MapType, spec: MapSpec): void {
  const { id = guest.maps.size + 1, name = `map_${id}`, keySize = 4, valueSize, maxEntries } = spec
  guest.objects.set('bpf_map', address, {
    id,
    name,
    map_type: typeNumbers[type],
    key_size: keySize,
    value_size: valueSize,
    max_entries: maxEntries,
    ...spec.members,
  })
  guest.maps.set(id, address)
}

/** An array map with these values; the rest are zero. */
export function addArray(guest: KernelGuest, spec: MapSpec, values: readonly Uint8Array[] = []): bigint {
  const stride = Math.ceil(spec.valueSize / 8) * 8
  const map = guest.objects.make('bpf_array', { elem_size: stride }, { extra: stride * spec.maxEntries })
  setMap(guest, map, 'array', spec)
  for (const [i, value] of values.entries()) guest.write(elementAt(guest, map, i, spec.valueSize), value)
  return map
}

/** Address of element `index` of an array map. */
export function elementAt(guest: KernelGuest, map: bigint, index: number, valueSize: number): bigint {
  const stride = Math.ceil(valueSize / 8) * 8
  return map + BigInt(guest.objects.offsetOf('bpf_array', 'value') + index * stride)
}

/** A per-CPU array: for each element, one value for each CPU of the guest in order. */
export function addPerCpuArray(
  guest: KernelGuest,
  spec: MapSpec,
  elements: readonly (readonly Uint8Array[])[],
): bigint {
  const map = guest.objects.make('bpf_array', {}, { extra: 8 * spec.maxEntries })
  setMap(guest, map, 'percpu_array', spec)
  for (let i = 0; i < spec.maxEntries; i++) {
    guest.u64(perCpuSlot(guest, map, i), writePerCpu(guest, spec.valueSize, elements[i] ?? []))
  }
  return map
}

/** Where the pointer to the per-CPU values of element `index` is. */
export function perCpuSlot(guest: KernelGuest, map: bigint, index: number): bigint {
  return map + BigInt(guest.objects.offsetOf('bpf_array', 'pptrs') + index * 8)
}

function writePerCpu(guest: KernelGuest, size: number, values: readonly Uint8Array[]): bigint {
  const pointer = guest.allocPerCpu(size)
  for (const [place, cpu] of guest.cpus.entries()) {
    const value = values[place]
    if (value !== undefined) guest.write(guest.perCpu(pointer, cpu), value)
  }
  return pointer
}

export interface HashSpec extends MapSpec {
  readonly type?: 'hash' | 'lru_hash' | 'percpu_hash' | 'lru_percpu_hash'
  /** A power of two; 4 unless told. */
  readonly buckets?: number
  readonly seed?: number
}

export interface HashEntry {
  readonly key: Uint8Array
  /** One value, or one for each CPU of the guest in order. */
  readonly value: Uint8Array | readonly Uint8Array[]
}

/** A hash map and where its parts are, for tests that break it. */
export interface HashMap {
  readonly address: bigint
  /** Addresses of the bucket heads. */
  readonly buckets: readonly bigint[]
  /** Elements by bucket, in the order of the chain. */
  readonly chains: readonly (readonly bigint[])[]
}

/** A hash map with these entries, each in the bucket that its hash names. */
export function addHash(guest: KernelGuest, spec: HashSpec, entries: readonly HashEntry[]): HashMap {
  const { type = 'hash', buckets: count = 4, seed = 0x1234567, keySize = 4, valueSize } = spec
  const stride = guest.objects.sizeOf('bucket', 'head')
  const table = guest.alloc(count * stride)
  const address = guest.objects.make('bpf_htab', { buckets: table, n_buckets: count, hashrnd: seed })
  setMap(guest, address, type, { ...spec, keySize })

  const keyAt = guest.objects.offsetOf('htab_elem', 'key')
  const valueAt = keyAt + Math.ceil(keySize / 8) * 8
  const chains: bigint[][] = Array.from({ length: count }, () => [])
  for (const { key, value } of entries) {
    const perCpu = Array.isArray(value)
    const hash = referenceJhash(key, seed)
    const extra = valueAt - keyAt + (perCpu ? 8 : valueSize)
    const element = guest.objects.make('htab_elem', { hash }, { extra })
    guest.write(element + BigInt(keyAt), key)
    if (value instanceof Uint8Array) guest.write(element + BigInt(valueAt), value)
    else guest.u64(element + BigInt(valueAt), writePerCpu(guest, valueSize, value))
    chains[hash & (count - 1)]?.push(element)
  }
  const heads = chains.map((_, n) => table + BigInt(n * stride))
  for (const [n, chain] of chains.entries()) writeChain(guest, heads[n] as bigint, chain, nullsMarker(n))
  return { address, buckets: heads, chains }
}

/** Where the value, or the pointer to per-CPU values, of an element is. */
export function hashValueAt(guest: KernelGuest, element: bigint, keySize: number): bigint {
  return element + BigInt(guest.objects.offsetOf('htab_elem', 'key') + Math.ceil(keySize / 8) * 8)
}

export interface ProgramSpec {
  readonly id: number
  readonly name?: string
  /** Members of struct bpf_prog. */
  readonly program?: MemberValues
  /** Members of struct bpf_prog_aux. */
  readonly aux?: MemberValues
  /** Addresses of maps. */
  readonly maps?: readonly bigint[]
  /** Runs, nanoseconds and misses of each CPU of the guest in order. */
  readonly stats?: readonly (readonly [bigint, bigint, bigint])[]
}

/** A program; where it and its bpf_prog_aux are. */
export function addProgram(guest: KernelGuest, spec: ProgramSpec): { address: bigint; aux: bigint } {
  const { id, name = `prog_${id}`, maps = [], stats } = spec
  const used = maps.length === 0 ? 0n : guest.alloc(maps.length * 8)
  for (const [i, map] of maps.entries()) guest.u64(used + BigInt(i * 8), map)
  const aux = guest.objects.make('bpf_prog_aux', {
    id,
    name,
    used_maps: used,
    used_map_cnt: maps.length,
    ...spec.aux,
  })
  let counters = 0n
  if (stats !== undefined) {
    counters = guest.allocPerCpu(guest.objects.sizeOf('bpf_prog_stats'))
    for (const [place, cpu] of guest.cpus.entries()) {
      const [cnt = 0n, nsecs = 0n, misses = 0n] = stats[place] ?? []
      guest.objects.set('bpf_prog_stats', guest.perCpu(counters, cpu), { cnt, nsecs, misses })
    }
  }
  const address = guest.objects.make('bpf_prog', { aux, type: 27, stats: counters, ...spec.program })
  guest.programs.set(id, address)
  return { address, aux }
}

/** A BTF object; `members` overrides what struct btf says. */
export function addBtf(guest: KernelGuest, id: number, data: Uint8Array, members: MemberValues = {}): bigint {
  const at = guest.alloc(data.length)
  guest.write(at, data)
  const btf = guest.objects.make('btf', { data: at, data_size: data.length, id, ...members })
  guest.btfs.set(id, btf)
  return btf
}
