import { describe, expect, it } from 'vitest'
import { KernelGuest } from '../../support/kernel-guest.js'
import { addMap, memberOf, readAgain, readWhole } from '../../support/map-objects.js'

/** A ring of six u32, for up to five; element i holds 0x100 + i. */
function ring(type: 'queue' | 'stack', head: number, tail: number) {
  const guest = new KernelGuest()
  const map = addMap(guest, type, 'bpf_queue_stack', {
    keySize: 0,
    maxEntries: 5,
    members: { head, tail, size: 6 },
    extra: 24,
  })
  const elements = memberOf(guest, 'bpf_queue_stack', map, 'elements')
  for (let i = 0; i < 6; i++) guest.u32(elements + BigInt(i * 4), 0x100 + i)
  return { guest, map }
}

const numbers = (entries: readonly { value?: { hex: string } }[]) =>
  entries.map(({ value }) => Buffer.from(value?.hex ?? '', 'hex').readUInt32LE() - 0x100)

describe.each([
  ['queue', 4, 1, [1, 2, 3]],
  ['queue', 1, 4, [4, 5, 0]],
  ['queue', 2, 2, []],
  ['stack', 3, 0, [2, 1, 0]],
  ['stack', 1, 4, [0, 5, 4]],
  ['stack', 0, 0, []],
] as const)('a %s from %i back to %i', (type, head, tail, expected) => {
  it('gives what pop would, and keeps it', () => {
    const { guest, map } = ring(type, head, tail)
    const { kernel, entries, state, problems, map: opened } = readWhole(guest, map)
    expect(numbers(entries)).toEqual(expected)
    expect(state).toEqual({ length: expected.length, head, tail, size: 6 })
    expect(problems).toEqual([])
    expect(numbers(readAgain(kernel, map).entries)).toEqual(expected)
    const first = opened.entry()
    expect(first === undefined ? [] : numbers([{ value: { hex: hexOf(first.value?.bytes) } }])).toEqual(
      expected.slice(0, 1),
    )
  })
})

function hexOf(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex')
}

it.each([
  { head: 6, tail: 0 },
  { head: 0, tail: 0xffffffff },
  { head: 0, tail: 0, size: 2 ** 32 - 1 },
])('positions that do not fit the ring (%o) are refused', (members) => {
  const { guest, map } = ring('queue', 0, 0)
  guest.objects.set('bpf_queue_stack', map, members)
  const { entries, problems } = readWhole(guest, map)
  expect(entries).toEqual([])
  expect(problems[0]).toMatch(/^map: its head \d+ and tail \d+ do not fit/)
})
