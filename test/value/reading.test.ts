import { describe, expect, test } from 'vitest'
import type { ReadResult, VirtualMemory } from '../../src/memory/types.js'
import { addressAt, extract, OverlaidMemory } from '../../src/value/reading.js'
import { base, FakeGuest } from './fake-guest.js'

const KiB = 1024

const numbers = Uint8Array.from({ length: 300 * KiB }, (_, n) => n % 251)

/** Memory whose bytes tell their place, up to an end. */
class Numbered implements VirtualMemory {
  readonly asked: [address: bigint, length: number][] = []
  readonly #end: bigint

  constructor(end: bigint) {
    this.#end = end
  }

  read(address: bigint, length: number): ReadResult {
    this.asked.push([address, length])
    const here = Number(address + BigInt(length) > this.#end ? this.#end - address : BigInt(length))
    const from = Number(address - base)
    const bytes = numbers.subarray(from, from + Math.max(0, here))
    if (here === length) return { ok: true, bytes }
    const problem = { kind: 'not-present', address: this.#end, level: 'pte' } as const
    return { ok: false, bytes, problem }
  }
}

describe('values are read', () => {
  test('at once up to 64 KiB', () => {
    const memory = new Numbered(base + 64n * 1024n)
    const { bytes, reason, problem } = extract(memory, base, 64 * KiB)
    expect([bytes.length, reason, problem]).toEqual([64 * KiB, undefined, undefined])
    expect(memory.asked).toEqual([[base, 64 * KiB]])
  })

  test('in pieces that grow with what is there beyond', () => {
    const memory = new Numbered(base + 2n ** 30n)
    const size = 300 * KiB
    const { bytes, reason } = extract(memory, base, size)
    expect(reason).toBeUndefined()
    expect(Buffer.compare(bytes, numbers)).toBe(0)
    expect(memory.asked).toEqual([
      [base, 64 * KiB],
      [base + 64n * 1024n, 64 * KiB],
      [base + 128n * 1024n, 128 * KiB],
      [base + 256n * 1024n, 44 * KiB],
    ])
  })

  test('as far as there is something, with the reason', () => {
    const memory = new Numbered(base + 100_000n)
    const { bytes, reason, problem } = extract(memory, base, 2 ** 40)
    expect(bytes).toHaveLength(100_000)
    expect(bytes[99_999]).toBe(99_999 % 251)
    expect(reason).toBe(`page not present at 0x${(base + 100_000n).toString(16)} (pte)`)
    expect(problem).toMatchObject({ kind: 'not-present' })
    expect(memory.asked).toHaveLength(2)
  })
})

test('addresses wrap around', () => {
  expect(addressAt(2n ** 64n - 8n, 16n)).toBe(8n)
  expect(addressAt(8n, -16n)).toBe(2n ** 64n - 8n)
  expect(addressAt(base, 1n)).toBe(base + 1n)
})

test('a copy stands for the memory that it was made of, where it holds all that is asked for', () => {
  const guest = new FakeGuest()
  guest.bytes.fill(7)
  const memory = new OverlaidMemory(guest, base + 16n, Uint8Array.of(1, 2, 3, 4))
  const read = (offset: number, length: number) => [...memory.read(base + BigInt(offset), length).bytes]
  expect(read(16, 4)).toEqual([1, 2, 3, 4])
  expect(read(17, 2)).toEqual([2, 3])
  expect(read(20, 0)).toEqual([])
  expect(read(17, 4)).toEqual([7, 7, 7, 7])
  expect(read(15, 2)).toEqual([7, 7])
  expect(read(20, 1)).toEqual([7])
  expect(guest.reads).toBe(3)
})
