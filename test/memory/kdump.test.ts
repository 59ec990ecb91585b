import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { asFrame, asPhysical } from '../../src/brands.js'
import { CryoscopeError } from '../../src/errors.js'
import type { Compression } from '../../src/memory/compression/unpack.js'
import { encodeNotes } from '../../src/memory/core-layout.js'
import { prstatusNote, vmcoreinfoNote } from '../../src/memory/core-notes.js'
import type { Dump } from '../../src/memory/dump.js'
import { openBytes } from '../../src/memory/dump-bytes.js'
import { openByContent } from '../../src/memory/formats.js'
import { parseKdump } from '../../src/memory/kdump.js'
import { buildElfCore } from '../support/elf-core.js'
import { buildKdump, flatten, type KdumpPage, type KdumpSpec } from '../support/kdump.js'
import { packed, plausiblePage } from '../support/packed.js'

const frame = 4096
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-kdump-'))
const path = join(directory, 'vmcore')
afterAll(() => rmSync(directory, { recursive: true }))

function withDump<T>(bytes: Uint8Array, look: (dump: Dump) => T): T {
  writeFileSync(path, bytes)
  const dump = openByContent(path, bytes.subarray(0, frame))
  if (dump === undefined) throw new CryoscopeError('unreadable', 'not recognised')
  try {
    return look(dump)
  } finally {
    dump.memory.close()
  }
}

const flags: Readonly<Record<Compression, number>> = { zlib: 1, lzo: 2, snappy: 4, zstd: 0x20 }

function page(number: number, compression: Compression | undefined, size = frame): KdumpPage {
  const bytes = plausiblePage(number, size)
  const data = compression === undefined ? bytes : packed(compression, bytes)
  // lzop stores what it cannot shrink.
  if (data.length === 0 || compression === undefined) return { page: number, data: bytes, flags: 0 }
  return { page: number, data, flags: flags[compression] }
}

function expectPages(dump: Dump, numbers: readonly number[], count: number, size = frame): void {
  for (let number = 0; number < count; number++) {
    const result = dump.memory.read(asPhysical(number * size), size)
    expect(result.ok, `page ${number}`).toBe(numbers.includes(number))
    if (result.ok) expect(Buffer.compare(result.bytes, plausiblePage(number, size))).toBe(0)
    else expect(result.problem).toMatchObject({ kind: 'absent', physical: number * size })
  }
}

describe('a kdump-compressed dump', () => {
  it.each(['zlib', 'lzo', 'snappy', 'zstd'] as const)('gives the pages that %s packed', (compression) => {
    const numbers = [0, 1, 5, 8, 31]
    const pages = numbers.map((number) => page(number, compression))
    withDump(buildKdump({ pages, pageCount: 40, status: flags[compression] }), (dump) => {
      expect(dump).toMatchObject({
        format: `kdump-compressed (${compression})`,
        architecture: 'x86_64',
        memory: { description: `kdump ${path}` },
        problems: [],
        cpus: [],
      })
      expect(dump.memory.ranges.map(({ start, length }) => [start / frame, length / frame])).toEqual([
        [0, 2],
        [5, 1],
        [8, 1],
        [31, 1],
      ])
      expectPages(dump, numbers, 45)
    })
  })

  it('holds any set of pages, packed or not', () => {
    const sets = fc.uniqueArray(fc.nat({ max: 9000 }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(sets, fc.constantFrom(3, 5, 6), (numbers, version) => {
        const pages = numbers.map((number) => page(number, number % 3 === 0 ? undefined : 'zlib'))
        withDump(buildKdump({ pages, pageCount: 9100, version }), (dump) => {
          for (const number of numbers) {
            const result = dump.memory.read(asPhysical(number * frame), frame)
            expect(result.ok && Buffer.compare(result.bytes, plausiblePage(number)) === 0).toBe(true)
            const next = dump.memory.locate(asFrame(number + 1))
            expect(next >= 0).toBe(numbers.includes(number + 1))
          }
        })
      }),
      { numRuns: 40 },
    )
  })

  it('has blocks of 64 KiB where the machine has pages of 64 KiB', () => {
    const size = 65_536
    const pages = [page(1, 'zlib', size), page(2, undefined, size), page(9, 'snappy', size)]
    withDump(buildKdump({ pages, pageCount: 20, blockSize: size, machine: 'aarch64' }), (dump) => {
      expect(dump.architecture).toBe('aarch64')
      expectPages(dump, [1, 2, 9], 20, size)
      expect(dump.memory.read(asPhysical(size + 3 * frame + 5), 10).bytes).toEqual(
        plausiblePage(1, size).subarray(3 * frame + 5, 3 * frame + 15),
      )
    })
  })

  it('carries registers and VMCOREINFO', () => {
    const notes = encodeNotes([
      prstatusNote({ rip: 0xffffffff81000000n }, 1),
      prstatusNote({ rip: 2n }, 2),
      vmcoreinfoNote('OSRELEASE=from-notes\n'),
    ])
    const spec: KdumpSpec = { pages: [page(0, 'zlib')], pageCount: 8, notes }
    withDump(buildKdump(spec), ({ cpus, vmcoreinfo }) => {
      expect(cpus.map(({ registers }) => registers.rip)).toEqual([0xffffffff81000000n, 2n])
      expect(vmcoreinfo).toBe('OSRELEASE=from-notes\n')
    })
    withDump(buildKdump({ ...spec, vmcoreinfo: 'OSRELEASE=own\n' }), ({ vmcoreinfo }) => {
      expect(vmcoreinfo).toBe('OSRELEASE=own\n')
    })
  })

  it('is opened from any part of a split one, and says which parts are missing', () => {
    const numbers = Array.from({ length: 30 }, (_, i) => i * 2)
    const pages = numbers.map((number) => page(number, 'zlib'))
    const ranges = [
      [0, 21],
      [21, 40],
      [40, 60],
    ] as const
    const files = ranges.map((split, i) => {
      const file = join(directory, `part${i + 1}`)
      const bytes = buildKdump({ pages, pageCount: 60, split })
      writeFileSync(file, bytes)
      return { file, bytes }
    })
    for (const { file, bytes } of files) {
      const dump = openByContent(file, bytes.subarray(0, frame)) as Dump
      expect(dump.problems).toEqual([])
      expectPages(dump, numbers, 60)
      dump.memory.close()
    }
    rmSync(files[1]?.file as string)
    const first = files[0] as { file: string; bytes: Buffer }
    const dump = openByContent(first.file, first.bytes.subarray(0, frame)) as Dump
    expect(dump.problems).toEqual([expect.stringContaining('pages 21 to 59 are in none')])
    expectPages(
      dump,
      numbers.filter((number) => number < 21),
      60,
    )
    dump.memory.close()
  })

  it('says what is missing when it is cut short', () => {
    const numbers = [0, 1, 2, 3, 4, 5]
    const whole = buildKdump({ pages: numbers.map((number) => page(number, 'zlib')), pageCount: 8 })
    withDump(whole.subarray(0, whole.length - 10), (dump) => {
      expect(dump.problems).toEqual([
        expect.stringMatching(/is cut short: it has 83 % of its pages, 5 of 6; the others read as absent$/),
      ])
      expectPages(dump, [0, 1, 2, 3, 4], 8)
    })
    withDump(whole.subarray(0, 4 * frame + 40), (dump) => {
      expect(dump.problems).toEqual([expect.stringMatching(/is cut short: it has 0 % of its pages, 0 of 6/)])
      expect(dump.cut).toContain('is cut short')
      expectPages(dump, [], 8)
    })
    withDump(whole.subarray(0, 2 * frame + 1), (dump) => {
      expect(dump.problems).toEqual([
        expect.stringMatching(/is cut short inside its bitmap, at less than \d+ % of it/),
      ])
      expect(dump.memory.ranges).toEqual([])
    })
    withDump(buildKdump({ pages: [page(0, 'zlib')], pageCount: 8, status: 9 }), ({ problems }) => {
      expect(problems).toEqual([expect.stringContaining('its disk was full')])
    })
  })

  it('believes a size of a page only where a page can have it and the file has its bytes', () => {
    const plain = plausiblePage(3, frame)
    const cases: [KdumpPage, boolean][] = [
      // Its last byte is the last of the file.
      [{ page: 3, data: plain, flags: 0 }, true],
      // Plain pages are whole.
      [{ page: 3, data: plain.subarray(0, frame - 1), flags: 0 }, false],
      // More than a page holds, packed or not.
      [{ page: 3, data: Buffer.alloc(frame + 1), flags: 0 }, false],
      [{ page: 3, data: Buffer.concat([packed('zlib', plain), Buffer.alloc(frame)]), flags: 1 }, false],
      [{ page: 3, data: new Uint8Array(), flags: 1 }, false],
    ]
    for (const [last, isThere] of cases) {
      withDump(buildKdump({ pages: [last], pageCount: 8 }), (dump) =>
        expectPages(dump, isThere ? [3] : [], 8),
      )
    }
    // One byte less in the file, and the page that ends with it is gone.
    const whole = buildKdump({ pages: [page(1, 'zlib'), { page: 3, data: plain, flags: 0 }], pageCount: 8 })
    withDump(whole.subarray(0, whole.length - 1), (dump) => expectPages(dump, [1], 8))
  })

  it('reads a page whose bytes are damaged as absent', () => {
    const pages = [
      page(0, 'zlib'),
      { page: 1, data: Buffer.from('no zlib'), flags: 1 },
      { page: 2, data: Buffer.alloc(9), flags: 3 },
    ]
    withDump(buildKdump({ pages, pageCount: 8 }), (dump) => expectPages(dump, [0], 8))
  })

  it('is the same flattened, also when the header is written last', () => {
    const numbers = [0, 3, 4, 7]
    const whole = buildKdump({ pages: numbers.map((number) => page(number, 'zlib')), pageCount: 8 })
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 5000 }), (step) => {
        const pieces = []
        for (let offset = 0; offset < whole.length; offset += step)
          pieces.push({ offset, bytes: whole.subarray(offset, offset + step) })
        const header = { offset: 0, bytes: whole.subarray(0, 464) }
        const blank = { offset: 0, bytes: Buffer.alloc(464) }
        withDump(flatten([blank, ...pieces.slice(1), pieces[0] ?? blank, header]), (dump) => {
          expect(dump.format).toBe('kdump-compressed (zlib), flattened')
          expectPages(dump, numbers, 8)
        })
      }),
      { numRuns: 10 },
    )
  })

  it.each([
    ['all but the last byte', -1, 83],
    ['all', 0, 100],
  ])('that lies in pieces which have %s of a page says so, whatever comes behind', (_, missing, share) => {
    const numbers = [0, 1, 2, 3, 4, 5]
    const whole = buildKdump({ pages: numbers.map((number) => page(number, 'zlib')), pageCount: 8 })
    const pieces = [
      { offset: 0, bytes: whole.subarray(0, whole.length + missing) },
      { offset: whole.length + 5000, bytes: Uint8Array.of(1) },
    ]
    withDump(flatten(pieces), (dump) => {
      const there = share === 100 ? numbers : numbers.slice(0, -1)
      expect(dump.cut).toBe(
        share === 100
          ? undefined
          : `${path} is cut short: it has ${share} % of its pages, ${there.length} of ${numbers.length}`,
      )
      expectPages(dump, there, 8)
    })
  })

  it('may be an ELF core in a flattened stream', () => {
    const core = buildElfCore({ loads: [{ physical: 2 * frame, bytes: plausiblePage(2) }] })
    const pieces = [
      { offset: 0, bytes: core.subarray(0, 1000) },
      { offset: 1000, bytes: core.subarray(1000) },
    ]
    withDump(flatten(pieces), (dump) => {
      expect(dump.format).toBe('ELF core, flattened')
      expectPages(dump, [2], 4)
    })
  })
})

describe('a damaged kdump', () => {
  const good = buildKdump({
    pages: [0, 2, 9].map((number) => page(number, 'zlib')),
    pageCount: 12,
    notes: encodeNotes([prstatusNote({}, 1)]),
  })

  it('opens, or is refused with a sentence; reads end', () => {
    const edit = fc.tuple(
      fc.oneof(
        fc.integer({ min: 8, max: 12 }),
        fc.integer({ min: 400, max: 464 }),
        fc.integer({ min: frame, max: frame + 104 }),
        fc.nat({ max: good.length - 1 }),
      ),
      fc.constantFrom(0, 1, 0x7f, 0x80, 0xff),
    )
    fc.assert(
      fc.property(
        fc.array(edit, { minLength: 1, maxLength: 6 }),
        fc.nat({ max: good.length }),
        (edits, length) => {
          const bytes = Buffer.from(good)
          for (const [at, value] of edits) bytes[at] = value
          const cut = length % 4 === 0 ? bytes.subarray(0, Math.max(8, length)) : bytes
          try {
            withDump(cut, ({ memory }) => {
              expect(memory.ranges.length).toBeLessThan(2 ** 20)
              for (const number of [0, 1, 2, 9, 11, 2 ** 39]) memory.read(asPhysical(number * frame), 16)
            })
          } catch (error) {
            expect(error).toBeInstanceOf(CryoscopeError)
          }
        },
      ),
      { numRuns: 400 },
    )
  })

  it.each([
    ['the block size', 428, 0x7fff_f000, /blocks of 2147479552 bytes/],
    ['the sub-header', 432, 0x7fff_ffff, /damaged header/],
    ['the version', 8, 99, /version 99/],
  ])('is refused for %s', (_, at, value, sentence) => {
    const bytes = Buffer.from(good)
    bytes.writeUInt32LE(value, at)
    expect(() => withDump(bytes, () => {})).toThrow(sentence)
  })

  it('does not take sizes of its header for memory to allocate', () => {
    const bytes = Buffer.from(good)
    bytes.writeUInt32LE(0xffff_fffe, 436)
    for (const at of [40, 56, 96]) bytes.writeBigUInt64LE(2n ** 60n, frame + at)
    withDump(bytes, (dump) => {
      expect(dump.memory.ranges).toEqual([])
      expect(dump.problems).toEqual([expect.stringContaining('cut short')])
    })
    // Nor for bitmaps to look for behind the end of the file.
    writeFileSync(path, bytes)
    let asked = 0
    const dump = parseKdump(path, [
      {
        path,
        open() {
          const file = openBytes(path)
          const get = (offset: number, length: number): Uint8Array => {
            asked++
            return file.bytes(offset, length)
          }
          return {
            size: file.size,
            mapping: file.mapping,
            lost: undefined,
            bytes: get,
            close: () => file.close(),
          }
        },
      },
    ])
    expect(dump.memory.ranges).toEqual([])
    dump.memory.close()
    expect(asked).toBeLessThan(100)
  })
})
