import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../src/errors.js'
import { dmesg, formatLog } from '../../src/kernel/dmesg.js'
import type { Kernel } from '../../src/kernel/kernel.js'
import { Problems } from '../../src/problems.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { type Log, type LogSpec, writeLog } from '../support/kernel-objects.js'

const wild = 0xffff800000001000n

interface Options {
  readonly countBits?: number
  readonly sizeBits?: number
  readonly firstId?: bigint
  readonly start?: bigint
}

function open(
  records: readonly LogSpec[],
  options: Options = {},
  change: (guest: KernelGuest, log: Log) => void = () => {},
): Kernel {
  const guest = new KernelGuest()
  change(guest, writeLog(guest, records, options))
  return guest.kernel()
}

function read(...args: Parameters<typeof open>): { texts: string[]; problems: string[] } {
  const problems = new Problems()
  const texts = dmesg(open(...args), problems).map(({ text }) => text)
  return { texts, problems: [...problems.sentences] }
}

const lines = (count: number): LogSpec[] =>
  Array.from({ length: count }, (_, i) => ({ text: `message number ${i}` }))

describe('dmesg', () => {
  it('gives records with their time, level and facility', () => {
    const info = { seq: 77, ts_nsec: 1_234_567_890n, level: 6, flags: 31, facility: 3, caller_id: 9 }
    expect(
      dmesg(
        open([
          { text: 'Linux version', info },
          { text: 'two\nlines', info: { seq: 78 } },
        ]),
        new Problems(),
      ),
    ).toEqual([
      { sequence: 77n, time: 1_234_567_890n, level: 6, facility: 3, text: 'Linux version' },
      { sequence: 78n, time: 0n, level: 0, facility: 0, text: 'two\nlines' },
    ])
  })

  it('gives records of a full ring, oldest first, wherever their ids stand', () => {
    const records = lines(16)
    const texts = records.map(({ text }) => text)
    for (const firstId of [0n, 5n, 0x1fffffff8n, 2n ** 62n - 4n]) {
      expect(read(records, { firstId, sizeBits: 10 })).toEqual({ texts, problems: [] })
    }
  })

  it('reads text that lies at the start of the ring because it would have crossed its end', () => {
    // Records of 32 bytes in a ring of 256, at every phase: 0 and 8 … 31 fit or wrap at different records.
    for (let start = 0n; start < 256n; start += 8n) {
      const records = lines(7)
      expect(read(records, { sizeBits: 8, start: 2n ** 40n + start })).toEqual({
        texts: records.map(({ text }) => text),
        problems: [],
      })
    }
  })

  it('reads text of a log that went once round: places begin one ring below 2^64', () => {
    const records = lines(8)
    const texts = records.map(({ text }) => text)
    for (let start = 0n; start < 256n; start += 8n)
      expect(read(records, { sizeBits: 9, start: 2n ** 64n - start })).toEqual({ texts, problems: [] })
  })

  it('gives an empty line, and leaves out a record whose text found no room', () => {
    const records: LogSpec[] = [
      { text: 'before' },
      { text: '', positions: [3n, 3n] },
      { text: 'lost', positions: [1n, 1n] },
      { text: 'odd', positions: [3n, 1n] },
      { text: 'after' },
    ]
    const why = 'the kernel had no room for its text'
    const where = 'log records 8589934578 to 8589934579'
    expect(read(records)).toEqual({ texts: ['before', '', 'after'], problems: [`${where}: ${why}`] })
  })

  it('leaves out records that are being written or were given up', () => {
    const records: LogSpec[] = [
      { text: 'reserved', state: 0 },
      { text: 'committed', state: 1 },
      { text: 'finalized', state: 2 },
      { text: 'reusable', state: 3 },
    ]
    expect(read(records)).toEqual({
      texts: ['committed', 'finalized'],
      problems: [
        'log record 8589934576: it is being written, and newer ones are not',
        'log record 8589934579: its descriptor is given up',
      ],
    })
    // What is written last, and the oldest that makes room, are no loss.
    const [first = { text: '' }, second = { text: '' }, third = { text: '' }] = lines(3)
    const inOrder = read([{ ...first, state: 3 }, second, { ...third, state: 0 }])
    expect(inOrder).toEqual({ texts: ['message number 1'], problems: [] })
  })

  it('leaves out a descriptor that has been taken for another record', () => {
    const { texts, problems } = read(lines(3), {}, (guest, { descriptors }) => {
      const slot = Number(0x1fffffff1n % 16n) * guest.objects.sizeOf('prb_desc')
      guest.objects.set('prb_desc', descriptors + BigInt(slot), { state_var: (2n << 62n) | 0x200000001n })
    })
    expect(texts).toEqual(['message number 0', 'message number 2'])
    expect(problems).toEqual(['log record 8589934577: its descriptor is that of record 8589934593'])
  })

  it('gives no more text than the block holds, whatever the length says', () => {
    const { texts, problems } = read([
      { text: 'short', info: { text_len: 0xffff } },
      { text: 'cut', info: { text_len: 2 } },
    ])
    expect(texts).toEqual(['cu'])
    expect(problems).toEqual([
      'log record 8589934576: its text claims 65535 bytes where 8 are, which cannot be',
    ])
  })

  it('leaves out blocks that cannot be', () => {
    const records: LogSpec[] = [
      { text: 'too short', positions: [0n, 8n] },
      { text: 'backwards', positions: [64n, 32n] },
      { text: 'longer than the ring', positions: [0n, 4096n] },
      { text: 'nowhere', positions: [2n ** 64n - 8n, 8n] },
      { text: 'fine' },
    ]
    const { texts, problems } = read(records)
    expect(texts).toEqual(['fine'])
    expect(problems).toEqual([expect.stringMatching(/^log records 8589934576 to 8589934579: its text takes/)])
  })

  it('goes on behind records that are unreadable, and says which', () => {
    const firstId = 0x1fffffff0n
    const { texts, problems } = read(lines(3), { firstId }, (guest, { ring, infos }) => {
      // The table of infos moves to the end of a page, so that only the first two are there.
      const edge = guest.allocPages(1) + 4096n - 2n * BigInt(guest.objects.sizeOf('printk_info'))
      guest.write(edge, guest.bytesAt(infos, 2 * guest.objects.sizeOf('printk_info')))
      guest.objects.set('printk_ringbuffer', ring, { 'desc_ring.infos': edge })
    })
    expect(texts).toEqual(['message number 0', 'message number 1'])
    expect(problems).toEqual([expect.stringMatching(/^log record 8589934578: page not present/)])
  })

  it('says that text is not where the size of its ring puts it, instead of an empty log', () => {
    for (const size of [6, 8, 10, 12]) {
      const { texts, problems } = read(
        lines(9),
        { sizeBits: 9, start: 2n ** 20n + 256n },
        (guest, { ring }) =>
          guest.objects.set('printk_ringbuffer', ring, {
            'text_data_ring.size_bits': size,
            'text_data_ring.head_lpos': 0,
            'text_data_ring.tail_lpos': 0,
          }),
      )
      // No text of another record is taken for its own.
      for (const text of texts) expect(text).toMatch(/^message number \d$/)
      expect(texts.length + problems.length).toBeGreaterThan(0)
      if (texts.length < 9) expect(problems).not.toEqual([])
    }
  })

  it('refuses a ring of text that is smaller than what it holds', () => {
    const kernel = open(lines(9), {}, (guest, { ring }) =>
      guest.objects.set('printk_ringbuffer', ring, { 'text_data_ring.size_bits': 0 }),
    )
    expect(() => dmesg(kernel, new Problems())).toThrow('has 216 bytes of text in a ring of 1')
  })

  it('says when the sequence of records jumps', () => {
    const { texts, problems } = read([
      { text: 'one' },
      { text: 'two', info: { seq: 7 } },
      { text: 'three', info: { seq: 2 } },
    ])
    expect(texts).toHaveLength(3)
    expect(problems).toEqual(['log record 8589934577: its sequence number is 7 where 1 belongs'])
  })

  it('gives up on a ring that is nowhere', () => {
    const countBits = 12
    const { texts, problems } = read([], { countBits }, (guest, { ring }) =>
      guest.objects.set('printk_ringbuffer', ring, {
        'desc_ring.descs': wild,
        'desc_ring.head_id': 0x1fffffff0n + 4000n,
      }),
    )
    expect(texts).toEqual([])
    expect(problems).toEqual([expect.stringMatching(/^log records \d+ to \d+: page not present/)])
  })

  it.each<[string, Readonly<Record<string, number | bigint>>, string]>([
    ['2^26 records', { 'desc_ring.count_bits': 26 }, 'claims 2^26 records in 2^9 bytes, which cannot be'],
    ['2^32 bytes', { 'text_data_ring.size_bits': 32 }, 'claims 2^4 records in 2^32 bytes, which cannot be'],
    ['any count', { 'desc_ring.count_bits': 0xffffffff }, 'which cannot be'],
    ['more records than memory holds', { 'desc_ring.count_bits': 25 }, 'more than memory holds'],
    ['its head before its tail', { 'desc_ring.head_id': 0 }, 'has its head before its tail'],
  ])('refuses a ring that claims %s', (_, members, sentence) => {
    const kernel = open(lines(2), {}, (guest, { ring }) =>
      guest.objects.set('printk_ringbuffer', ring, members),
    )
    expect(() => dmesg(kernel, new Problems())).toThrow(CryoscopeError)
    expect(() => dmesg(kernel, new Problems())).toThrow(sentence)
  })

  it('reads whatever is in the ring', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat(255)), fc.boolean(), (noise, inRing) => {
        const kernel = open(lines(9), {}, (guest, { ring, descriptors, data }) => {
          for (let i = 0; i < 24; i++) {
            const [place = 0, value = 0, low = 0] = noise.take(3)
            const [at, size] = inRing
              ? [ring, guest.objects.sizeOf('printk_ringbuffer')]
              : [descriptors, 16 * 24]
            guest.integer(at + BigInt((place * 7 + low) % size), value, 1)
            guest.integer(data + BigInt(place), low, 1)
          }
        })
        try {
          expect(dmesg(kernel, new Problems()).length).toBeLessThanOrEqual(2 ** 20)
        } catch (error) {
          expect(error).toBeInstanceOf(CryoscopeError)
        }
      }),
      { numRuns: 40 },
    )
  })
})

it('formatLog prints what dmesg prints', () => {
  const record = { sequence: 1n, level: 6, facility: 0 }
  const text = formatLog([
    { ...record, time: 1_234_567_890n, text: 'first' },
    { ...record, time: 123_456_000_001_999n, text: 'two\nlines' },
  ])
  expect(text).toBe('[    1.234567] first\n[123456.000001] two\n[123456.000001] lines\n')
})

describe('records in a row that cannot be read', () => {
  const options = { countBits: 13, sizeBits: 18 }
  const ok: LogSpec = { text: 'read' }
  const lost: LogSpec = { text: 'lost', state: 3 }

  it('end it also where the oldest of them are no more', () => {
    // One descriptor is given up before the next record takes it; these are a ring of something else.
    expect(read(Array<LogSpec>(8192).fill(lost), options)).toEqual({
      texts: [],
      problems: [
        expect.stringMatching(/^log records \d+ to \d+: its descriptor is given up$/),
        'kernel log: it is not read on after 4096 such records',
      ],
    })
  })

  it('end the log when there are 4096 of them', () => {
    const around = (count: number) => read([ok, ...Array<LogSpec>(count).fill(lost), ok], options)
    expect(around(4095)).toEqual({ texts: ['read', 'read'], problems: [expect.stringMatching(/given up$/)] })
    expect(around(4096)).toEqual({
      texts: ['read'],
      problems: [
        'log records 8589934577 to 8589938672: its descriptor is given up',
        'kernel log: it is not read on after 4096 such records',
      ],
    })
  })

  it('are counted anew behind each that can', () => {
    const { texts, problems } = read(
      Array.from({ length: 8192 }, (_, n) => (n % 2 === 0 ? ok : lost)),
      options,
    )
    expect(texts).toHaveLength(4096)
    expect(problems.join()).not.toContain('not read on')
  })
})
