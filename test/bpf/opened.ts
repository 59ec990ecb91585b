import { expect } from 'vitest'
import { BpfMap } from '../../src/bpf/map.js'
import { listMaps } from '../../src/bpf/map-info.js'
import type { Kernel } from '../../src/kernel/kernel.js'
import { Problems } from '../../src/problems.js'
import type { KernelGuest } from '../support/kernel-guest.js'

/** The maps of a guest, and the kernel that holds them. */
export function open(guest: KernelGuest): { kernel: Kernel; maps: BpfMap[]; problems: string[] } {
  const problems = new Problems()
  const kernel = guest.kernel()
  const maps = listMaps(kernel, problems).map((info) => new BpfMap(kernel, info, problems))
  return { kernel, maps, problems: [...problems.sentences] }
}

/** The only map of a guest. */
export function openMap(guest: KernelGuest): BpfMap {
  const [map] = open(guest).maps
  if (map === undefined) throw new Error('the guest has no map')
  return map
}

interface Line {
  readonly key: { readonly hex: string }
  readonly value?: { readonly hex: string }
  readonly cpus?: readonly { readonly cpu: number; readonly hex: string }[]
}

/** Key and value of every entry as hexadecimal; values of several CPUs joined. */
export function read(map: BpfMap): { entries: [string, string][]; problems: string[] } {
  const problems = new Problems()
  const entries = [...map.entries(problems)].map(({ key, value, cpus }): [string, string] => {
    const values = cpus ?? (value === undefined ? [] : [value])
    return [hex(key.bytes), values.map(({ bytes }) => hex(bytes)).join(' ')]
  })
  // The same as JSON text, which is written without them.
  const lines = [...map.json(Number.POSITIVE_INFINITY, new Problems())].map(
    (line) => JSON.parse(line) as Line,
  )
  expect(
    lines.map(({ key, value, cpus }) => [
      key.hex,
      (cpus ?? [value ?? { hex: '' }]).map(({ hex }) => hex).join(' '),
    ]),
  ).toEqual(entries)
  for (const { cpus } of lines) if (cpus !== undefined) expect(cpus.map(({ cpu }) => cpu)).toEqual(map.cpus)
  return { entries, problems: problems.list.map(({ where, why }) => `${where}: ${why}`) }
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** A u32 as a key. */
export function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer)
}

/** `length` bytes that no other seed gives. */
export function bytesOf(seed: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (seed * 31 + i * 7 + (seed >> 8)) & 255)
}
