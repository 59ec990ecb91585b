import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Timeline, TimeSpan } from '../../src/history/timeline.js'
import { Problems } from '../../src/problems.js'
import { writePerfetto } from '../../src/ui/perfetto.js'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cryoscope-perfetto-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

/** A message by the encoding's own rules (protobuf.dev/programming-guides/encoding), without any schema. */
type Message = Map<number, (bigint | Buffer)[]>

function read(bytes: Buffer): Message {
  const found: Message = new Map()
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] as number
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const tag = varint()
    const kind = Number(tag & 7n)
    let value: bigint | Buffer
    if (kind === 0) value = varint()
    else if (kind === 1) {
      value = bytes.readBigUInt64LE(at)
      at += 8
    } else if (kind === 2) {
      const length = Number(varint())
      value = bytes.subarray(at, at + length)
      at += length
    } else throw new Error(`wire type ${kind}`)
    const field = Number(tag >> 3n)
    found.set(field, [...(found.get(field) ?? []), value])
  }
  return found
}

const number = (message: Message, field: number): number | undefined =>
  message.has(field) ? Number(message.get(field)?.[0]) : undefined
const text = (message: Message, field: number): string | undefined =>
  message.get(field)?.[0]?.toString() ?? undefined
const inner = (message: Message, field: number): Message | undefined => {
  const bytes = message.get(field)?.[0]
  return bytes instanceof Buffer ? read(bytes) : undefined
}

function span(name: string, from: number, to: number, more: Partial<TimeSpan> = {}): TimeSpan {
  return { name, from, to, details: {}, starts: [], ends: [], ...more }
}

async function written(timeline: Partial<Timeline>) {
  const file = join(directory, 'a.pftrace')
  const whole = {
    isExact: true,
    how: 'made up',
    from: 0,
    to: 100,
    cpus: [],
    counters: [],
    problems: new Problems(),
  }
  await writePerfetto({ ...whole, ...timeline }, 'test', file)
  const packets = (read(readFileSync(file)).get(1) ?? []).map((packet) => read(packet as Buffer))
  const tracks = new Map<number, string>()
  const events: { track: string; at: number; type: number; message: Message }[] = []
  for (const packet of packets) {
    const track = inner(packet, 60)
    if (track !== undefined) tracks.set(number(track, 1) ?? -1, text(track, 2) ?? '')
    const message = inner(packet, 11)
    if (message === undefined) continue
    const name = tracks.get(number(message, 11) ?? -1) ?? 'a track that was not declared'
    events.push({ track: name, at: number(packet, 8) ?? -1, type: number(message, 9) ?? -1, message })
  }
  return { packets, tracks: [...tracks.values()], events }
}

it('writes slices with their flows and details, in tracks that are declared before', async () => {
  const { packets, tracks, events } = await written({
    cpus: [
      {
        cpu: 0,
        tasks: [span('worker (7)', 10, 20, { ends: [1, 2], details: { task: '0xffff', runs: 3 } })],
        programs: [span('enqueue', 2, 6), span('insert', 3, 4, { starts: [1] })],
      },
    ],
  })
  expect(tracks).toEqual(['test: made up', 'CPU 0', 'CPU 0: BPF'])
  // The first says that the writer depends on nothing before.
  expect(number(packets[0] as Message, 13)).toBe(1)
  expect(new Set(packets.map((packet) => number(packet, 10)))).toEqual(new Set([1]))
  expect(events.map(({ track, at, type, message }) => [track, at, type, text(message, 23)])).toEqual([
    ['CPU 0', 10, 1, 'worker (7)'],
    ['CPU 0', 20, 2, undefined],
    ['CPU 0: BPF', 2, 1, 'enqueue'],
    ['CPU 0: BPF', 3, 1, 'insert'],
    ['CPU 0: BPF', 4, 2, undefined],
    ['CPU 0: BPF', 6, 2, undefined],
  ])
  expect(events[0]?.message.get(48)).toEqual([1n, 2n])
  expect(events[3]?.message.get(47)).toEqual([1n])
  const details = (events[0]?.message.get(4) ?? []).map((bytes) => read(bytes as Buffer))
  expect(details.map((each) => [text(each, 10), text(each, 6), number(each, 3)])).toEqual([
    ['task', '0xffff', undefined],
    ['runs', undefined, 3],
  ])
})

it('puts slices that cross on tracks of their own: an end closes what began last', async () => {
  const { events } = await written({
    cpus: [
      {
        cpu: 1,
        tasks: [],
        programs: [span('a', 0, 10), span('b', 5, 15), span('c', 6, 9), span('d', 12, 13)],
      },
    ],
  })
  expect(events.map(({ track, at, type, message }) => [track, at, type, text(message, 23)])).toEqual([
    ['CPU 1: BPF', 0, 1, 'a'],
    ['CPU 1: BPF', 6, 1, 'c'],
    ['CPU 1: BPF', 9, 2, undefined],
    ['CPU 1: BPF', 10, 2, undefined],
    ['CPU 1: BPF', 12, 1, 'd'],
    ['CPU 1: BPF', 13, 2, undefined],
    ['CPU 1: BPF (2)', 5, 1, 'b'],
    ['CPU 1: BPF (2)', 15, 2, undefined],
  ])
})

it('writes counters, and times beyond 32 bits whole', async () => {
  const { events } = await written({
    counters: [
      {
        name: 'DSQ 0x77',
        samples: [
          { ns: 2 ** 40 + 1, value: 3 },
          { ns: 2 ** 40 + 9, value: 0 },
        ],
      },
    ],
  })
  expect(events.map(({ track, at, type, message }) => [track, at, type, number(message, 30)])).toEqual([
    ['DSQ 0x77', 2 ** 40 + 1, 4, 3],
    ['DSQ 0x77', 2 ** 40 + 9, 4, 0],
  ])
})

it('writes a thousand packets and more as one trace', async () => {
  const samples = Array.from({ length: 2500 }, (_, ns) => ({ ns, value: ns % 7 }))
  const { events } = await written({ counters: [{ name: 'n', samples }] })
  expect(events.map(({ at }) => at)).toEqual(samples.map(({ ns }) => ns))
})
