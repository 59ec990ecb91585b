import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMessage, encodeMessage, WireError } from '../../../../src/ui/jupyter/wire/message.js'

const frames = (extra = {}) =>
  encodeMessage('key', 'session', { type: 'comm_msg', content: { n: 12n, text: 'ü' }, ...extra })

describe('messages', () => {
  it('come back as they were sent, with their buffers', () => {
    const sent = frames({ ids: [Buffer.from('who')], buffers: [Uint8Array.of(0, 255)], metadata: { a: 1 } })
    const got = decodeMessage('key', sent)
    expect(got.ids.map(String)).toEqual(['who'])
    expect(got.header).toMatchObject({ msg_type: 'comm_msg', session: 'session', version: '5.3' })
    expect(got).toMatchObject({ content: { n: 12, text: 'ü' }, metadata: { a: 1 }, parent: {} })
    expect(got.buffers.map((buffer) => [...buffer])).toEqual([[0, 255]])
  })

  it('are refused when a signed part was changed, and accepted when a buffer was', () => {
    const sent = frames({ buffers: [Uint8Array.of(1)] })
    const start = sent.findIndex((frame) => frame.toString() === '<IDS|MSG>')
    for (let part = 1; part <= 5; part++) {
      const changed = sent.map((frame, at) => (at === start + part ? Buffer.from('{"a":1}') : frame))
      expect(() => decodeMessage('key', changed), `part ${part}`).toThrow(WireError)
    }
    const other = [...sent.slice(0, -1), Buffer.from([2])]
    expect(decodeMessage('key', other).buffers.map((buffer) => [...buffer])).toEqual([[2]])
    expect(() => decodeMessage('another key', sent)).toThrow(/signature/)
  })

  it('need no signature when there is no key', () => {
    const sent = encodeMessage('', 'session', { type: 'status', content: {} })
    expect(decodeMessage('', sent).header.msg_type).toBe('status')
  })

  it('of any bytes are refused in words', () => {
    const frame = fc.oneof(
      fc.uint8Array(),
      fc.constantFrom('<IDS|MSG>', '{}', '[]', 'null', '{"msg_type":1}'),
    )
    fc.assert(
      fc.property(fc.array(frame), (parts) => {
        const given = parts.map((part) => Buffer.from(part as string))
        try {
          decodeMessage('', given)
        } catch (error) {
          expect(error).toBeInstanceOf(WireError)
        }
      }),
    )
  })
})
