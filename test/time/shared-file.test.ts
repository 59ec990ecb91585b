import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { RawEvent } from '../../src/time/engine/event.js'
import {
  eventSlots,
  eventsAt,
  layoutNumber,
  milestonesAt,
  mostFunctions,
  mostLoaded,
  mostPieces,
  words,
} from '../../src/time/engine/layout.js'
import { SharedFile } from '../../src/time/engine/shared-file.js'

let directory: string
let shared: SharedFile
let plugin: number

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cryoscope-shared-'))
  shared = new SharedFile(join(directory, 'shared'))
  plugin = openSync(shared.path, 'r+')
})
afterEach(() => {
  shared.close()
  closeSync(plugin)
  rmSync(directory, { recursive: true })
})

/** Writes as the plugin does. */
function put(at: number, ...values: readonly bigint[]): void {
  const bytes = Buffer.alloc(8 * values.length)
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(value, 8 * index)
  writeSync(plugin, bytes, 0, bytes.length, at)
}

/** A call event as engine/shared.h lays it out. */
function putCall(slot: number, time: bigint, pc: bigint, known = 6): void {
  const bytes = Buffer.alloc(128)
  bytes.writeBigUInt64LE(time, 0)
  bytes.writeBigUInt64LE(pc, 8)
  bytes.writeInt32LE(42, 24)
  bytes.writeUInt8(2, 30)
  bytes.writeUInt8(3, 31)
  bytes.write('worker', 32)
  for (let index = 0; index < 8; index++) bytes.writeBigUInt64LE(BigInt(100 + index), 48 + 8 * index)
  bytes.writeBigUInt64LE(BigInt(known), 112)
  writeSync(plugin, bytes, 0, 128, eventsAt + 128 * (slot % eventSlots))
}

it('takes events in order, across the end of the ring, once', () => {
  const first = eventSlots - 2
  shared.set('tail', first)
  for (let index = 0; index < 5; index++) putCall(first + index, BigInt(1000 + index), 0xffffffff81000000n)
  put(words.head, BigInt(first + 5))
  const events: RawEvent[] = []
  expect(shared.drain((event) => events.push(event))).toBe(5)
  expect(events.map(({ time }) => time)).toEqual([1000, 1001, 1002, 1003, 1004])
  expect(events[0]).toMatchObject({
    kind: 'call',
    pid: 42,
    cpu: 3,
    comm: 'worker',
    registers: [100n, 101n, 102n, 103n, 104n, 105n],
    rsp: 106n,
    returnsTo: 107n,
  })
  expect(shared.drain(() => {})).toBe(0)
})

it('gives of the arguments of a call those that could be read', () => {
  putCall(0, 1n, 0xffffffff81000000n, 2)
  put(words.head, 1n)
  const events: RawEvent[] = []
  shared.drain((event) => events.push(event))
  expect(events).toMatchObject([{ kind: 'call', registers: [100n, 101n] }])
})

it('tells the registers that vCPUs go on with, in the order of their encoding', () => {
  shared.tellRegisters(1, { rax: 2n, r15: 2n ** 64n - 1n })
  shared.tellRegisters(0, { rax: 1n, rsp: 5n })
  shared.tellRegisters(mostLoaded, { rax: 9n })
  const bytes = readFileSync(shared.path)
  const word = (vcpu: number, register: number): bigint =>
    bytes.readBigUInt64LE(words.loadedRegisters + 128 * vcpu + 8 * register)
  expect([word(0, 0), word(0, 4), word(0, 15), word(1, 0), word(1, 15)]).toEqual([
    1n,
    5n,
    0n,
    2n,
    2n ** 64n - 1n,
  ])
  expect(shared.get('loaded')).toBe(2)
})

it('marks the functions whose arguments lie in memory', () => {
  shared.watch([], [0x1000n, 0x2000n, 0x3000n], false, [0x3000n, 0x1000n])
  const word = Buffer.alloc(8)
  readSync(plugin, word, 0, 8, words.contexts)
  expect(word.readBigUInt64LE()).toBe(0b101n)
})

it('gives the bytes of a store before and after, and no more than were kept', () => {
  const bytes = Buffer.alloc(128)
  bytes.writeUInt8(1, 30)
  bytes.writeUInt16LE(7, 28)
  bytes.writeBigUInt64LE(0xffff888000001000n, 48)
  bytes.writeBigUInt64LE(0x1000n, 56)
  bytes.writeBigUInt64LE(4n, 64)
  bytes.write('abcdefgh', 72)
  bytes.write('ABCDEFGH', 88)
  writeSync(plugin, bytes, 0, 128, eventsAt)
  put(words.head, 1n)
  const events: RawEvent[] = []
  shared.drain((event) => events.push(event))
  expect(events).toMatchObject([{ kind: 'store', index: 7, offset: 0x1000, size: 4 }])
  const [store] = events
  if (store?.kind !== 'store') throw new Error('no store')
  expect(Buffer.from(store.before).toString()).toBe('abcd')
  expect(Buffer.from(store.after).toString()).toBe('ABCD')
})

it('gives the milestones that were passed, without those that a block jumped over', () => {
  put(milestonesAt, 5n, 6n, 0n, 8n)
  put(words.milestones, 4n)
  expect([...shared.milestones(1)]).toEqual([
    [1, 6n],
    [3, 8n],
  ])
})

it('lays down pieces by their offset, as the plugin looks for them', () => {
  shared.watch(
    [
      { offset: 0x5008, length: 4 },
      { offset: 0x1000, length: 16 },
    ],
    [0xffffffff81000000n],
    true,
  )
  const bytes = readFileSync(shared.path)
  const word = (at: number): number => Number(bytes.readBigUInt64LE(at))
  expect([0, 8, 16, 24].map((at) => word(words.piece + at))).toEqual([0x1000, 16, 0x5008, 4])
  expect([shared.get('pieces'), shared.get('functions'), shared.get('returns')]).toEqual([2, 1, 1])
  expect(shared.get('generation')).toBe(1)
})

it('agrees with the header that the plugin is built from', () => {
  const header = readFileSync(new URL('../../engine/shared.h', import.meta.url), 'utf8')
  const value = (name: string): number => Number(new RegExp(`#define ${name} (\\d+)`).exec(header)?.[1])
  expect(value('MILESTONES_AT')).toBe(milestonesAt)
  expect(value('EVENTS')).toBe(eventSlots)
  expect(value('LAYOUT')).toBe(layoutNumber)
  expect(value('MOST_PIECES')).toBe(mostPieces)
  expect(value('MOST_FUNCTIONS')).toBe(mostFunctions)
  expect(value('MOST_LOADED')).toBe(mostLoaded)
  // Members in the order of the words that we write.
  const control = header.slice(header.indexOf('struct control {'), header.indexOf('enum { STORE'))
  const order = [...control.matchAll(/^\tuint64_t ([^;]*);/gm)].flatMap(([, names = '']) =>
    names.split(',').map((name) => name.trim().replace(/[[ ].*/, '')),
  )
  const ours = Object.entries(words).sort(([, a], [, b]) => a - b)
  const camel = (name: string): string => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
  const known = order.map(camel).map((name) => ({ regs: 'registers' })[name] ?? name)
  const inHeader = known.filter((name) => name in words)
  expect(inHeader).toEqual(ours.map(([name]) => name).filter((name) => name !== 'piece'))
})
