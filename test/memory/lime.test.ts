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

const frame = 4096
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-lime-'))
const path = join(directory, 'lime')
afterAll(() => rmSync(directory, { recursive: true }))

function range(physical: number, bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(32)
  head.writeUInt32LE(0x4c694d45, 0)
  head.writeUInt32LE(1, 4)
  head.writeBigUInt64LE(BigInt(physical), 8)
  head.writeBigUInt64LE(BigInt(physical + bytes.length - 1), 16)
  return Buffer.concat([head, bytes])
}

function open(bytes: Uint8Array): Dump {
  writeFileSync(path, bytes)
  return openByContent(path, bytes.subarray(0, frame)) as Dump
}

describe('a LiME image', () => {
  const whole = Buffer.concat([range(frame, plausiblePage(1)), range(2 ** 32, plausiblePage(2, 2 * frame))])

  it('gives the memory of each range', () => {
    const { memory, problems, format } = open(whole)
    expect(format).toBe('LiME image')
    expect(problems).toEqual([])
    expect(memory.ranges).toEqual([
      { start: frame, length: frame },
      { start: 2 ** 32, length: 2 * frame },
    ])
    expect(
      Buffer.compare(memory.read(asPhysical(2 ** 32), 2 * frame).bytes, plausiblePage(2, 2 * frame)),
    ).toBe(0)
    memory.close()
  })

  it('says what is missing', () => {
    const cut = open(whole.subarray(0, whole.length - 100))
    expect(cut.problems).toEqual([
      expect.stringMatching(/is cut short: it has less than 100 % of what it should: 100 bytes of the range/),
    ])
    expect(cut.memory.locate(asFrame(2 ** 20))).toBeGreaterThan(0)
    expect(cut.memory.locate(asFrame(2 ** 20 + 1))).toBe(-1)
    cut.memory.close()
    const damaged = Buffer.from(whole)
    damaged.fill(0, 32 + frame, 64 + frame)
    const half = open(damaged)
    expect(half.problems).toEqual([expect.stringContaining('there is no range at byte 4128')])
    half.memory.close()
  })

  it('ends before a range that no machine has', () => {
    const at = (physical: number) => {
      const bytes = Buffer.concat([range(0, plausiblePage(1)), range(physical, plausiblePage(2))])
      const dump = open(bytes)
      dump.memory.close()
      return { count: dump.memory.ranges.length, problems: dump.problems }
    }
    const why = 'the range at byte 4128 of the file cannot be: the rest of the memory is missing'
    expect(at(2 ** 52 - frame)).toEqual({ count: 2, problems: [] })
    expect(at(2 ** 52 - frame + 4096)).toEqual({ count: 1, problems: [why] })
    // Of no length.
    const bytes = range(frame, plausiblePage(1))
    bytes.writeBigUInt64LE(BigInt(frame - 1), 16)
    const dump = open(Buffer.concat([range(0, plausiblePage(1)), bytes]))
    expect(dump.problems).toEqual([why])
    dump.memory.close()
  })

  it('that is damaged opens, or says why not, and never has more than the file', () => {
    const edit = fc.tuple(
      fc.oneof(fc.integer({ min: 4, max: 31 }), fc.integer({ min: 32 + frame, max: 63 + frame })),
      fc.constantFrom(0, 1, 0x0f, 0x7f, 0x80, 0xff),
    )
    fc.assert(
      fc.property(
        fc.array(edit, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 32, max: whole.length }),
        (edits, length) => {
          const bytes = Buffer.from(whole.subarray(0, length))
          for (const [at, value] of edits) if (at < length) bytes[at] = value
          let dump: Dump
          try {
            dump = open(bytes)
          } catch (error) {
            expect(error).toBeInstanceOf(CryoscopeError)
            return
          }
          const { memory } = dump
          let held = 0
          let end = 0
          for (const range of memory.ranges) {
            expect(range.start).toBeGreaterThanOrEqual(end)
            end = range.start + range.length
            held += range.length
          }
          expect(held).toBeLessThanOrEqual(length)
          for (const address of [0, frame, 2 ** 32, 2 ** 51]) memory.read(asPhysical(address), 2 * frame)
          memory.close()
        },
      ),
      { numRuns: 300 },
    )
  })
})
