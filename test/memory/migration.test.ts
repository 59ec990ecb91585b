import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { asFrame, asPhysical } from '../../src/brands.js'
import { CryoscopeError } from '../../src/errors.js'
import type { Dump } from '../../src/memory/dump.js'
import { openByContent } from '../../src/memory/formats.js'
import { plausiblePage } from '../support/packed.js'
import { qemuStream, type StreamRecord } from '../support/qemu-stream.js'

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

const size = 2 ** 20

describe('a QEMU stream', () => {
  it('gives the last version of every page that came', () => {
    const rounds: StreamRecord[][] = [
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
    withDump(qemuStream('pc-q35-7.2', size, rounds), ({ memory, format, architecture, problems }) => {
      expect(format).toBe('QEMU migration stream')
      expect(memory.description).toBe(`QEMU migration stream ${path}`)
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
        const result = memory.read(asPhysical(page * frame), frame)
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
    const last: StreamRecord[][] = [[[large / frame - 1, 'page']]]
    // A page this far on needs a stream this long; without it the page is not believed.
    const padded = Buffer.concat([qemuStream('pc-q35-7.2', large, last), Buffer.alloc((large / frame) * 8)])
    withDump(padded, ({ memory }) => {
      expect(memory.ranges).toEqual([{ start: 5 * 2 ** 30 - frame, length: frame }])
    })
    withDump(qemuStream('virt-7.2', size, [[[1, 'page']]]), ({ memory, architecture }) => {
      expect(architecture).toBe('aarch64')
      expect(memory.ranges).toEqual([{ start: 2 ** 30 + frame, length: frame }])
    })
  })

  it('says what is missing', () => {
    const whole = qemuStream('pc-q35-7.2', size, [
      [
        [0, 'page'],
        [1, 'delta'],
        [2, 'page'],
        [3, 'page'],
      ],
    ])
    withDump(whole, ({ memory, problems }) => {
      expect(problems.join()).toContain('1 pages came as differences')
      expect(memory.locate(asFrame(1))).toBe(-1)
    })
    withDump(whole.subarray(0, whole.length - 2000), ({ memory, problems }) => {
      // Two of its 256 pages came.
      expect(problems.join()).toMatch(
        /is cut short: the stream ends at byte \d+, with \d+ % of the pages of RAM/,
      )
      expect([0, 1, 2, 3].map((page) => memory.locate(asFrame(page)) >= 0)).toEqual([
        true,
        false,
        true,
        false,
      ])
    })
  })

  it('does not believe a size that the stream cannot have', () => {
    withDump(qemuStream('pc-q35-7.2', 2 ** 50, [[[0, 'page']]]), ({ memory }) => {
      expect(memory.ranges).toEqual([{ start: 0, length: frame }])
      expect(memory.locate(asFrame(2 ** 37))).toBe(-1)
    })
  })

  it('ends with a sentence or a dump, whatever the bytes', () => {
    const good = qemuStream('pc-q35-7.2', size, [
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
              for (const page of [0, 1, 9, 200]) memory.read(asPhysical(page * frame), 16)
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
