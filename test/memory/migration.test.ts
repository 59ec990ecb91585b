import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../src/errors.js'
import type { Dump } from '../../src/memory/dump.js'
import { openByContent } from '../../src/memory/formats.js'
import { plausiblePage } from '../support/packed.js'

const frame = 4096
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-stream-'))
const path = join(directory, 'stream')
afterAll(() => rmSync(directory, { recursive: true }))

function withDump<T>(bytes: Uint8Array, look: (dump: Dump) => T): T {
  writeFileSync(path, bytes)
  const dump = openByContent(path, bytes.subarray(0, frame)) as Dump
  try {
    return look(dump)
  } finally {
    dump.memory.close()
  }
}

const u8 = (value: number): Buffer => Buffer.from([value])
const u32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32BE(value)
  return buffer
}
const u64 = (value: number): Buffer => {
  const buffer = Buffer.alloc(8)
  buffer.writeBigUInt64BE(BigInt(value))
  return buffer
}
const text = (value: string): Buffer => Buffer.concat([u8(value.length), Buffer.from(value, 'latin1')])

type Record = readonly [page: number, kind: 'page' | 'zero' | 'packed' | 'delta', version?: number]

/** A stream as QEMU writes it: configuration, the RAM blocks, rounds of pages, then devices. */
function stream(machine: string, size: number, rounds: readonly (readonly Record[])[]): Buffer {
  const name = text('ram')
  const begin = (kind: number, id: number): Buffer => Buffer.concat([u8(kind), u32(id)])
  const footer = Buffer.concat([u8(0x7e), u32(2)])
  const sizes = Buffer.concat([
    u64(size + 0x20000 + 4),
    text('pc.bios'),
    u64(0x20000),
    name,
    u64(size),
    u64(0x10),
  ])
  const parts = [
    Buffer.from('QEVM'),
    u32(3),
    u8(7),
    u32(machine.length),
    Buffer.from(machine),
    u8(5),
    text('configuration/target-page-bits'),
    u32(1),
    u32(12),
    begin(1, 2),
    name,
    u32(0),
    u32(4),
    sizes,
    footer,
  ]
  for (const [i, records] of rounds.entries()) {
    parts.push(begin(i === rounds.length - 1 ? 3 : 2, 2))
    // The firmware's block, then one name and "the same" from then on.
    parts.push(u64(0x2), text('pc.bios'), u8(0))
    for (const [j, [page, kind, version = 0]] of records.entries()) {
      const flag = { page: 0x8, zero: 0x2, packed: 0x100, delta: 0x40 }[kind] | (j === 0 ? 0 : 0x20)
      parts.push(u64(page * frame + flag))
      if (j === 0) parts.push(name)
      const bytes = plausiblePage(page + version * 1000)
      if (kind === 'page') parts.push(Buffer.from(bytes))
      else if (kind === 'zero') parts.push(u8(0))
      else if (kind === 'delta') parts.push(Buffer.from([1, 0, 2, 9, 9]))
      else {
        const packed = deflateSync(bytes)
        parts.push(u32(packed.length), packed)
      }
    }
    parts.push(u64(0x10), footer)
  }
  return Buffer.concat([...parts, u8(4), u32(3), text('timer'), u32(0), u32(2), Buffer.alloc(100)])
}

const size = 2 ** 20

describe('a QEMU stream', () => {
  it('gives the last version of every page that came', () => {
    const rounds: Record[][] = [
      [
        [0, 'page'],
        [1, 'zero'],
        [2, 'packed'],
        [3, 'page'],
        [255, 'page'],
      ],
      [
        [3, 'page', 1],
        [0, 'zero'],
      ],
      [[7, 'packed', 2]],
    ]
    withDump(stream('pc-q35-7.2', size, rounds), ({ memory, format, architecture, problems }) => {
      expect(format).toBe('QEMU migration stream')
      expect(architecture).toBe('x86_64')
      expect(problems).toEqual([expect.stringContaining('no registers')])
      const expected = new Map<number, Uint8Array>([
        [0, new Uint8Array(frame)],
        [1, new Uint8Array(frame)],
        [2, plausiblePage(2)],
        [3, plausiblePage(1003)],
        [7, plausiblePage(2007)],
        [255, plausiblePage(255)],
      ])
      for (let page = 0; page < 260; page++) {
        const result = memory.read(page * frame, frame)
        expect(result.ok, `page ${page}`).toBe(expected.has(page))
        if (result.ok) expect(Buffer.compare(result.bytes, expected.get(page) as Uint8Array)).toBe(0)
      }
      expect(memory.ranges.map(({ start, length }) => [start / frame, length / frame])).toEqual([
        [0, 4],
        [7, 1],
        [255, 1],
      ])
    })
  })

  it('lays RAM out as its machine does', () => {
    const large = 3 * 2 ** 30
    const last: Record[][] = [[[large / frame - 1, 'page']]]
    // A page this far on needs a stream this long; without it the page is not believed.
    const padded = Buffer.concat([stream('pc-q35-7.2', large, last), Buffer.alloc((large / frame) * 8)])
    withDump(padded, ({ memory }) => {
      expect(memory.ranges).toEqual([{ start: 5 * 2 ** 30 - frame, length: frame }])
    })
    withDump(stream('virt-7.2', size, [[[1, 'page']]]), ({ memory, architecture }) => {
      expect(architecture).toBe('aarch64')
      expect(memory.ranges).toEqual([{ start: 2 ** 30 + frame, length: frame }])
    })
  })

  it('says what is missing', () => {
    const whole = stream('pc-q35-7.2', size, [
      [
        [0, 'page'],
        [1, 'delta'],
        [2, 'page'],
        [3, 'page'],
      ],
    ])
    withDump(whole, ({ memory, problems }) => {
      expect(problems.join()).toContain('1 pages came as differences')
      expect(memory.locate(1)).toBe(-1)
    })
    withDump(whole.subarray(0, whole.length - 2000), ({ memory, problems }) => {
      expect(problems.join()).toContain('the stream ends early')
      expect([0, 1, 2, 3].map((page) => memory.locate(page) >= 0)).toEqual([true, false, true, false])
    })
  })

  it('does not believe a size that the stream cannot have', () => {
    withDump(stream('pc-q35-7.2', 2 ** 50, [[[0, 'page']]]), ({ memory }) => {
      expect(memory.ranges).toEqual([{ start: 0, length: frame }])
      expect(memory.locate(2 ** 37)).toBe(-1)
    })
  })

  it('ends with a sentence or a dump, whatever the bytes', () => {
    const good = stream('pc-q35-7.2', size, [
      [
        [0, 'page'],
        [1, 'packed'],
        [9, 'zero'],
      ],
    ])
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 4, max: 220 }), fc.nat({ max: 255 })), {
          minLength: 1,
          maxLength: 5,
        }),
        (edits) => {
          const bytes = Buffer.from(good)
          for (const [at, value] of edits) bytes[at] = value
          try {
            withDump(bytes, ({ memory }) => {
              for (const page of [0, 1, 9, 200]) memory.read(page * frame, 16)
              expect(memory.ranges.length).toBeLessThan(2 ** 20)
            })
          } catch (error) {
            expect(error).toBeInstanceOf(CryoscopeError)
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})
