import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KernelGuest } from '../../support/kernel-guest.js'
import { addMap, memberOf, readAgain, readWhole } from '../../support/map-objects.js'

const size = 4096
const busy = 2 ** 31
const discarded = 2 ** 30

interface Record {
  readonly payload: Uint8Array
  readonly flags?: number
}

/** A ring with these records from position `start` on, written byte by byte modulo its size. */
function ring(records: readonly Record[], start = 0, type: 'ringbuf' | 'user_ringbuf' = 'ringbuf') {
  const guest = new KernelGuest()
  const rb = guest.alloc(guest.objects.sizeOf('bpf_ringbuf') + size, 4096)
  const data = memberOf(guest, 'bpf_ringbuf', rb, 'data')
  let at = start
  const put = (position: number, bytes: Uint8Array): void => {
    for (const [i, byte] of bytes.entries()) {
      guest.write(data + BigInt((position + i) % size), Uint8Array.of(byte))
    }
  }
  for (const { payload, flags = 0 } of records) {
    const pages = (data + BigInt(at % size) - rb) >> 12n
    const header = new Uint8Array(
      Uint32Array.of(payload.length + flags, type === 'ringbuf' ? Number(pages) : 0).buffer,
    )
    put(at, header)
    put(at + 8, payload)
    at += Math.ceil((8 + payload.length) / 8) * 8
  }
  guest.objects.set('bpf_ringbuf', rb, {
    mask: size - 1,
    consumer_pos: start,
    producer_pos: at,
    pending_pos: at,
  })
  const map = addMap(guest, type, 'bpf_ringbuf_map', {
    keySize: 0,
    valueSize: 0,
    maxEntries: size,
    members: { rb },
  })
  return { guest, map, rb, data, end: at }
}

describe.each(['ringbuf', 'user_ringbuf'] as const)('a %s', (type) => {
  it('gives back any records, wherever they lie', () => {
    const record = fc.record({
      payload: fc.uint8Array({ maxLength: 60 }),
      flags: fc.constantFrom(0, busy, discarded),
    })
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 50 }),
        fc.integer({ min: 0, max: 3 * 512 }),
        (records, eighth) => {
          const start = eighth * 8
          const { guest, map, end } = ring(records, start, type)
          const { entries, state, problems } = readWhole(guest, map)
          expect(problems).toEqual([])
          expect(entries.map(({ value }) => value?.hex)).toEqual(
            records.map(({ payload }) => Buffer.from(payload).toString('hex')),
          )
          expect(entries.map(({ notes }) => [notes?.busy, notes?.discarded])).toEqual(
            records.map(({ flags }) => [flags === busy, flags === discarded]),
          )
          expect(state).toMatchObject({
            size,
            consumerPosition: start,
            producerPosition: end,
            unconsumed: end - start,
          })
          const edges = entries.filter(({ notes }) => notes?.wrapped === true)
          expect(edges.length).toBeLessThanOrEqual(1)
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('a ring', () => {
  const three = [1, 2, 3].map((n) => ({ payload: new Uint8Array(8).fill(n) }))

  it.each([
    [
      { consumer_pos: 3 },
      'ring: its positions are not multiples of 8: user space wrote a wrong consumer position',
    ],
    [{ consumer_pos: 4096 }, 'ring: a consumer at 4096 and a producer at 48 do not fit 4096 bytes'],
    [{ producer_pos: 2n ** 63n }, /^ring: a consumer at 0 and a producer at 9223372036854775808 do not fit/],
    [{ mask: 2n ** 64n - 1n }, /^ring: a ring of 18446744073709551616 bytes cannot be/],
    [{ mask: 4094 }, /^ring: a ring of 4095 bytes cannot be/],
  ])('with %o says what is wrong', (members, expected) => {
    const { guest, map, rb } = ring(three)
    guest.objects.set('bpf_ringbuf', rb, members)
    const { entries, problems } = readWhole(guest, map)
    expect(entries).toEqual([])
    expect(problems[0]).toEqual(typeof expected === 'string' ? expected : expect.stringMatching(expected))
  })

  it('stops at a record longer than what was written', () => {
    const { guest, map, data } = ring(three)
    guest.u32(data + 16n, 500)
    const { entries, problems } = readWhole(guest, map)
    expect(entries).toHaveLength(1)
    expect(problems).toEqual(['record at 16: it claims 500 bytes, more than the producer has written'])
  })

  it('names a header that belongs to no record', () => {
    const { guest, map, data } = ring(three)
    guest.u32(data + 20n, 77)
    const { entries, problems } = readWhole(guest, map)
    expect(entries).toHaveLength(3)
    expect(problems).toEqual(['record at 16: its header does not lead back to its ring'])
  })

  it('in overwrite mode starts behind what was dropped', () => {
    const { guest, map, rb } = ring(three)
    guest.objects.set('bpf_ringbuf', rb, { overwrite_mode: true, overwrite_pos: 16 })
    const { entries, state } = readWhole(guest, map)
    expect(entries.map(({ notes }) => notes?.position)).toEqual([16, 32])
    expect(state).toMatchObject({ overwritePosition: 16, unconsumed: 32 })
  })

  it('that never was says so', () => {
    const { guest, map } = ring(three)
    guest.objects.set('bpf_ringbuf_map', map, { rb: 0 })
    expect(readWhole(guest, map).problems[0]).toContain('it has no ring')
  })

  it('keeps what it can read when a page is missing', () => {
    const { guest, map, data } = ring(three)
    const kernel = guest.kernel()
    guest.unmap(data)
    kernel.invalidate()
    expect(readAgain(kernel, map).problems[0]).toMatch(/^record at 0: page not present/)
  })
})
