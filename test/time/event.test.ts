import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeEvent, encodeEvent, type RawEvent } from '../../src/time/engine/event.js'

const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const place = {
  time: count,
  ns: count,
  pc: word,
  task: word,
  index: fc.nat({ max: 65535 }),
  cpu: fc.nat({ max: 255 }),
  pid: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  comm: fc.string({ maxLength: 15, unit: fc.constantFrom(...'abcdefghij/:-_0123') }),
}
const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 })
const event: fc.Arbitrary<RawEvent> = fc.oneof(
  fc
    .record({
      ...place,
      kind: fc.constant('store' as const),
      virtual: word,
      offset: count,
      size: fc.constantFrom(1, 2, 4, 8, 16, 32),
      before: bytes,
      after: bytes,
    })
    .map((store) => {
      const kept = Math.min(16, store.size)
      return { ...store, before: store.before.slice(0, kept), after: store.after.slice(0, kept) }
    }),
  fc.record({
    ...place,
    kind: fc.constant('call' as const),
    registers: fc.array(word, { minLength: 6, maxLength: 6 }),
    rsp: word,
    returnsTo: word,
  }),
  fc.record({ ...place, kind: fc.constant('return' as const), value: word, rsp: word, called: count }),
  fc.record({ ...place, kind: fc.constant('block' as const), length: fc.nat({ max: 512 }) }),
)

it('is read as it was written', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 5 }), (events) => {
      const kept = Buffer.concat(events.map(encodeEvent))
      expect(events.map((_, index) => decodeEvent(kept, 128 * index))).toEqual(events)
    }),
  )
})
