import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { asFileOffset, asFrame, asPhysical } from '../../src/brands.js'
import { type DumpBytes, openBytes } from '../../src/memory/dump-bytes.js'
import { memoryOf } from '../../src/memory/file-memory.js'
import type { Segment } from '../../src/memory/segmented.js'

const frame = 4096
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-file-memory-'))
const path = join(directory, 'ram')
afterAll(() => rmSync(directory, { recursive: true }))

const bytes = Uint8Array.from({ length: 20 * frame }, (_, i) => (i * 7 + (i >> 12)) % 251)
writeFileSync(path, bytes)

/** The bytes of the file as a dump that is not mapped, and what is asked of them. */
function unmapped(more: Partial<DumpBytes> = {}): DumpBytes {
  return {
    size: bytes.length,
    mapping: undefined,
    lost: undefined,
    bytes: (offset, length) => (offset < 0 ? new Uint8Array() : bytes.subarray(offset, offset + length)),
    close: () => undefined,
    ...more,
  }
}

const segment = (physical: number, offset: number, length: number): Segment => ({
  physical: asPhysical(physical),
  offset: asFileOffset(offset),
  length,
})

describe('memory of a file that is not mapped', () => {
  it('is that of the same file mapped, whatever its segments', () => {
    const segments = fc.array(
      fc
        .tuple(fc.nat(40), fc.nat(22 * frame), fc.nat(10))
        .map(([at, offset, length]) => segment(at * 2048, offset, length * 2048)),
      { maxLength: 6 },
    )
    fc.assert(
      fc.property(segments, (list) => {
        const mapped = memoryOf('it', openBytes(path), list)
        const other = memoryOf('it', unmapped(), list)
        expect(other.description).toBe(mapped.description)
        expect(other.ranges).toEqual(mapped.ranges)
        for (let n = 0; n < 32; n++) {
          const [one, two] = [mapped, other].map((memory) => memory.read(asPhysical(n * frame), frame))
          expect(two?.ok).toBe(one?.ok)
          expect(Buffer.compare(two?.bytes ?? new Uint8Array(), one?.bytes ?? new Uint8Array())).toBe(0)
        }
        mapped.close()
        other.close()
      }),
      { numRuns: 60 },
    )
  })

  it('has no frame of which the file gives less than all, and takes no frame for another', () => {
    const memory = memoryOf(
      'cut',
      unmapped({
        bytes: (offset, length) => bytes.subarray(offset, Math.min(offset + length, 2 * frame - 1)),
      }),
      [segment(0, 0, 4 * frame)],
    )
    expect([0, 1, 2].map((n) => memory.locate(asFrame(n)) >= 0)).toEqual([true, false, false])
    expect(memory.read(asPhysical(0), 4).bytes).toEqual(bytes.slice(0, 4))
  })

  it('tells what its file lost, and lets it go', () => {
    let closed = 0
    const memory = memoryOf('lost', unmapped({ lost: 'it became shorter', close: () => closed++ }), [])
    expect(memory.lost).toBe('it became shorter')
    memory.close()
    expect(closed).toBe(1)
  })
})
