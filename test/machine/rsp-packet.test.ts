import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodePacket, RspDecoder, type RspItem } from '../../src/machine/rsp-packet.js'

const packets = (items: readonly RspItem[]) =>
  items.flatMap((item) => (item.kind === 'packet' ? [item.payload.toString('latin1')] : []))

/** Run-length encoding as a stub may send it, written here anew to check the decoder. */
function compress(bytes: readonly number[]): string {
  let out = ''
  for (let at = 0; at < bytes.length; ) {
    const character = String.fromCharCode(bytes[at] ?? 0)
    let run = 1
    while (run < 97 && bytes[at + run] === bytes[at]) run++
    // '#' and '$' may not stand for a count: 6 and 7 repeats.
    while (run > 3 && (run - 1 === 6 || run - 1 === 7)) run--
    out += run > 3 ? `${character}*${String.fromCharCode(run - 1 + 29)}` : character.repeat(run)
    at += run
  }
  const sum = [...out].reduce((total, character) => (total + character.charCodeAt(0)) & 0xff, 0)
  return `$${out}#${sum.toString(16).padStart(2, '0')}`
}

describe('RSP packets', () => {
  it('carry a checksum', () => {
    expect(encodePacket('OK').toString()).toBe('$OK#9a')
    expect(encodePacket('').toString()).toBe('$#00')
    expect(encodePacket('a}b').toString('latin1')).toBe('$a}]b#9d')
  })

  it('come back whole, in whatever pieces they travel', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 50 })),
        (payloads, sizes) => {
          const wire = Buffer.concat(payloads.map((payload) => encodePacket(payload)))
          const decoder = new RspDecoder()
          const items: RspItem[] = []
          for (let at = 0; at < wire.length; ) {
            const size = sizes.next().value ?? 1
            items.push(...decoder.push(wire.subarray(at, at + size)))
            at += size
          }
          expect(packets(items)).toEqual(payloads.map((payload) => Buffer.from(payload).toString('latin1')))
        },
      ),
    )
  })

  it('are expanded when run-length encoded', () => {
    expect(packets(new RspDecoder().push(Buffer.from('$0* #7a')))).toEqual(['0000'])
    const plain = fc.array(fc.constantFrom(0x30, 0x31, 0x78), { maxLength: 400 })
    fc.assert(
      fc.property(plain, (bytes) => {
        const [text] = packets(new RspDecoder().push(Buffer.from(compress(bytes), 'latin1')))
        expect(text).toBe(Buffer.from(bytes).toString('latin1'))
      }),
    )
  })

  it('are told apart from acknowledgements and noise', () => {
    const items = new RspDecoder().push(Buffer.from('+-noise$OK#9a+'))
    expect(items.map(({ kind }) => kind)).toEqual(['ack', 'nack', 'packet', 'ack'])
  })

  it('are reported when damaged', () => {
    for (const text of ['$OK#00', '$*!#4b', '$a}#de', '$a*\x1c#a7']) {
      expect(new RspDecoder().push(Buffer.from(text, 'latin1')), text).toEqual([{ kind: 'damaged' }])
    }
  })

  it('do not grow without end', () => {
    const decoder = new RspDecoder()
    decoder.push(Buffer.from('$'))
    expect(() => {
      for (let count = 0; count < 64; count++) decoder.push(Buffer.alloc(64 * 1024, 0x30))
    }).toThrow(RangeError)
  })

  it('survive any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const { kind } of new RspDecoder().push(bytes)) expect(kind).toMatch(/packet|damaged|ack|nack/)
      }),
    )
  })
})
