import assert from 'node:assert/strict'
import { BpfMap } from '../../src/bpf/map.js'
import { readMap } from '../../src/bpf/map-info.js'
import { detailsJson } from '../../src/contract/details.js'
import type { Kernel } from '../../src/kernel/kernel.js'
import { Problems } from '../../src/problems.js'
import type { KernelGuest } from './kernel-guest.js'
import { mapTypes } from './map-structs.js'
import type { MemberValues } from './object-writer.js'

/** Makes maps of any type in a guest, and reads them. */

export interface AnyMapSpec {
  readonly keySize?: number
  readonly valueSize?: number
  readonly maxEntries?: number
  readonly flags?: number
  /** Members of the map's own struct. */
  readonly members?: MemberValues
  /** Bytes behind it: what a flexible array holds. */
  readonly extra?: number
  readonly align?: number
}

/** An object of `structure` that starts with, or holds, a struct bpf_map of that type. Gives its address. */
export function addMap(
  guest: KernelGuest,
  type: keyof typeof mapTypes,
  structure: string,
  spec: AnyMapSpec = {},
): bigint {
  const { objects } = guest
  const { keySize = 4, valueSize = 4, maxEntries = 4, flags = 0, members = {}, extra = 0, align = 8 } = spec
  const address = guest.alloc(objects.sizeOf(structure) + extra, align)
  objects.set(structure, address, members)
  objects.set('bpf_map', address, {
    id: guest.maps.size + 1,
    name: type.slice(0, 15),
    map_type: mapTypes[type],
    key_size: keySize,
    value_size: valueSize,
    max_entries: maxEntries,
    map_flags: flags,
  })
  guest.maps.set(guest.maps.size + 1, address)
  return address
}

/** Address of a member of an object. */
export function memberOf(guest: KernelGuest, structure: string, address: bigint, path: string): bigint {
  return address + BigInt(guest.objects.offsetOf(structure, path))
}

/** A table of words. */
export function addWords(guest: KernelGuest, words: readonly bigint[]): bigint {
  const at = guest.alloc(Math.max(8, words.length * 8))
  for (const [i, word] of words.entries()) guest.u64(at + BigInt(i * 8), word)
  return at
}

/** hlist: head and nodes are addresses of their pointers. */
export function linkHlist(guest: KernelGuest, head: bigint, nodes: readonly bigint[]): void {
  for (const [i, from] of [head, ...nodes].entries()) guest.u64(from, nodes[i] ?? 0n)
}

export interface ReadMap {
  readonly kernel: Kernel
  readonly map: BpfMap
  /** The contract's JSON of every entry. */
  readonly entries: readonly JsonEntry[]
  readonly state: Readonly<Record<string, unknown>>
  readonly problems: readonly string[]
}

interface JsonEntry {
  readonly key: { readonly hex: string; readonly owner?: Readonly<Record<string, unknown>> }
  readonly value?: { readonly hex: string; readonly target?: unknown; readonly special?: unknown }
  readonly cpus?: readonly { readonly cpu: number; readonly hex: string }[]
  readonly notes?: Readonly<Record<string, unknown>>
}

/** Finds the guest's kernel, and reads one map whole. */
export function readWhole(guest: KernelGuest, address: bigint): ReadMap {
  const kernel = guest.kernel()
  return { kernel, ...readAgain(kernel, address) }
}

export function readAgain(kernel: Kernel, address: bigint): Omit<ReadMap, 'kernel'> {
  const problems = new Problems()
  const map = new BpfMap(kernel, readMap(kernel, address), problems)
  const entries = [...map.json(Number.POSITIVE_INFINITY, problems)].map(
    (text) => JSON.parse(text) as JsonEntry,
  )
  if (problems.none) checkKeys(map, entries)
  const state = detailsJson(map.state(problems))
  return { map, entries, state, problems: problems.list.map(({ where, why }) => `${where}: ${why}`) }
}

/** What walking gives, a lookup gives too, and by no other key. */
function checkKeys(map: BpfMap, entries: readonly JsonEntry[]): void {
  for (const { key, value, cpus } of entries) {
    const bytes = Uint8Array.from(Buffer.from(key.hex, 'hex'))
    if (bytes.length === 0 || bytes.every((byte) => byte === 0)) continue
    const found = map.entry(bytes)
    assert.equal(found?.value && Buffer.from(found.value.bytes).toString('hex'), value?.hex)
    assert.deepEqual(
      found?.cpus?.map((one) => Buffer.from(one.bytes).toString('hex')),
      cpus?.map(({ hex }) => hex),
    )
    const other = bytes.map((byte) => byte ^ 0xff)
    const hex = Buffer.from(other).toString('hex')
    if (map.type !== 'lpm_trie' && !entries.some((each) => each.key.hex === hex))
      assert.equal(map.entry(other), undefined)
  }
}

/** Key and value of each entry. */
export function pairs(entries: readonly JsonEntry[]): [string, string | undefined][] {
  return entries.map(({ key, value }) => [key.hex, value?.hex])
}
