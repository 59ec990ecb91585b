import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { asFrame, asPhysical } from '../../src/brands.js'
import { encodeNotes } from '../../src/memory/core-layout.js'
import { prstatusNote } from '../../src/memory/core-notes.js'
import type { Dump } from '../../src/memory/dump.js'
import { type DumpBytes, openBytes } from '../../src/memory/dump-bytes.js'
import { isKdump, openKdump, parseKdump } from '../../src/memory/kdump.js'
import { buildKdump, type KdumpPage, type KdumpSpec } from '../support/kdump.js'
import { packed, plausiblePage } from '../support/packed.js'

const frame = 4096
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-kdump-header-'))
afterAll(() => rmSync(directory, { recursive: true }))

const page = (number: number): KdumpPage => ({
  page: number,
  data: packed('zlib', plausiblePage(number)),
  flags: 1,
})

type Edit = (bytes: Buffer) => void

/** Each of the files, with what is changed in it. */
function filesOf(...specs: readonly (readonly [Partial<KdumpSpec>, Edit?])[]): string[] {
  return specs.map(([spec, edit], n) => {
    const bytes = buildKdump({ pages: [page(1), page(5)], pageCount: 8, ...spec })
    edit?.(bytes)
    const path = join(directory, `part${n}`)
    writeFileSync(path, bytes)
    return path
  })
}

function opened<T>([path = '', ...others]: readonly string[], look: (dump: Dump) => T): T {
  const dump = openKdump(path, others)
  try {
    return look(dump)
  } finally {
    dump.memory.close()
  }
}

const problems = (...specs: readonly (readonly [Partial<KdumpSpec>, Edit?])[]): readonly string[] =>
  opened(filesOf(...specs), (dump) => dump.problems)

const has = ({ memory }: Dump, numbers: readonly number[], count = 10): void => {
  const found = Array.from({ length: count }, (_, n) => n).filter((n) => memory.locate(asFrame(n)) >= 0)
  expect(found).toEqual(numbers)
}

describe('the header of a kdump', () => {
  it('begins with one of two names', () => {
    expect(isKdump(Buffer.from('KDUMP   '))).toBe(true)
    expect(isKdump(Buffer.from('DISKDUMPxyz'))).toBe(true)
    expect(isKdump(Buffer.from('KDUMP'))).toBe(false)
    const [short = ''] = filesOf([{}])
    writeFileSync(short, buildKdump({ pages: [], pageCount: 8 }).subarray(0, 463))
    expect(() => openKdump(short)).toThrow(`${short} is a kdump that is cut short inside its header`)
  })

  it.each([1, 2, 3, 4, 5, 6])('of version %i tells what that version has', (version) => {
    const spec = { version, vmcoreinfo: 'OSRELEASE=1\n', notes: encodeNotes([prstatusNote({}, 1)]) }
    opened(filesOf([spec]), (dump) => {
      has(dump, [1, 5])
      expect(dump.vmcoreinfo).toBe(version >= 3 ? 'OSRELEASE=1\n' : undefined)
      expect(dump.cpus).toHaveLength(version >= 4 ? 1 : 0)
    })
    // Only the second version and later ones are split.
    const half: Edit = (bytes) => {
      bytes.writeInt32LE(1, frame + 12)
      for (const at of [16, 80]) bytes.writeBigUInt64LE(2n, frame + at)
    }
    opened(filesOf([spec, half]), (dump) => has(dump, version >= 2 ? [5] : [1, 5]))
  })

  it.each([0, 7])('of version %i is refused', (version) => {
    expect(() => opened(filesOf([{}, (bytes) => bytes.writeInt32LE(version, 8)]), () => {})).toThrow(
      `is a kdump of version ${version} with blocks of 4096 bytes; versions 1 to 6 with 4, 16 or 64 KiB are read`,
    )
  })

  it('has words of 32 bits in versions before the sixth, and of 64 bits from there on', () => {
    for (const version of [5, 6]) {
      const other = version === 6 ? [16, 24] : [80, 88]
      const paths = filesOf([
        { version, split: [2, 8] },
        (bytes) => {
          for (const at of other) bytes.writeBigUInt64LE(0n, frame + at)
          // The number of pages, too.
          if (version === 5) bytes.writeBigUInt64LE(1n, frame + 96)
          else bytes.writeUInt32LE(1, 440)
        },
      ])
      opened(paths, (dump) => has(dump, [5]))
    }
  })

  it.each([4096, 16_384, 65_536])('may have blocks of %i bytes', (blockSize) => {
    const pages = [{ page: 1, data: plausiblePage(1, blockSize), flags: 0 }]
    opened(filesOf([{ pages, blockSize }]), ({ memory }) => {
      const { bytes } = memory.read(asPhysical(blockSize), blockSize)
      expect(Buffer.compare(bytes, plausiblePage(1, blockSize))).toBe(0)
      expect(memory.ranges).toEqual([{ start: blockSize, length: blockSize }])
    })
  })

  it('may not have blocks of another size, or sub-headers that no file has', () => {
    const open = (at: number, value: number) => () =>
      opened(filesOf([{}, (bytes) => bytes.writeInt32LE(value, at)]), (dump) => dump.problems)
    expect(open(428, 8192)).toThrow('with blocks of 8192 bytes')
    expect(open(432, -1)).toThrow('has a damaged header: -1 sub-header blocks')
    expect(open(432, 2 ** 20 + 1)).toThrow('has a damaged header: 1048577 sub-header blocks')
    expect(open(432, 2 ** 20)()).toEqual([expect.stringContaining('is cut short inside its bitmap')])
  })

  it.each([
    [0, 'kdump'],
    [1, 'kdump-compressed (zlib)'],
    [0x20, 'kdump-compressed (zstd)'],
  ])('with the status %i is called %s', (status, format) => {
    expect(opened(filesOf([{ status }]), (dump) => dump.format)).toBe(format)
  })

  it('says whether it was finished', () => {
    const sentence = 'the dump was not finished when it was written (its disk was full): pages are missing'
    expect(problems([{ status: 8 | 1 }])).toEqual([sentence])
    expect(problems([{ status: 4 | 1 }])).toEqual([])
  })

  it.each([
    ['x86_64', 'x86_64'],
    ['aarch64', 'aarch64'],
    ['s390x', undefined],
  ])('of a %s is of the architecture %s', (machine, architecture) => {
    expect(opened(filesOf([{ machine }]), (dump) => dump.architecture)).toBe(architecture)
  })

  it('tells at most 64 KiB of VMCOREINFO, up to a zero', () => {
    const info = (text: string) => opened(filesOf([{ vmcoreinfo: text }]), (dump) => dump.vmcoreinfo)
    expect(info('x'.repeat(65_537))).toHaveLength(65_536)
    expect(info('OSRELEASE=1\0rest')).toBe('OSRELEASE=1')
    expect(info('')).toBeUndefined()
  })
})

describe('files of a split kdump', () => {
  const split = (from: number, to: number, more: Partial<KdumpSpec> = {}) =>
    [{ split: [from, to], ...more }] as const
  const none = (from: number, to: number): unknown =>
    expect.stringContaining(
      `a file of the split dump is missing: pages ${from} to ${to} are in none; name it FILE.1`,
    )

  it('are put in order, and may overlap', () => {
    opened(filesOf(split(4, 8), split(0, 4)), (dump) => {
      has(dump, [1, 5])
      expect(dump.problems).toEqual([])
      expect(dump.memory.read(asPhysical(5 * frame), frame).bytes).toEqual(plausiblePage(5))
      expect(dump.memory.ranges).toEqual([
        { start: frame, length: frame },
        { start: 5 * frame, length: frame },
      ])
    })
    expect(problems(split(0, 6), split(2, 4), split(6, 8))).toEqual([])
  })

  it('say which pages none of them is for', () => {
    expect(problems(split(0, 4))).toEqual([none(4, 7)])
    expect(problems(split(4, 8))).toEqual([none(0, 3)])
    expect(problems(split(0, 2), split(3, 7))).toEqual([none(2, 2), none(7, 7)])
  })

  it('are of one dump', () => {
    const other: Edit = (bytes) => bytes.write('6.1.0-other', 12 + 2 * 65)
    const paths = filesOf(split(0, 4), [{ split: [4, 8] }, other])
    expect(() => opened(paths, () => {})).toThrow(`${paths[1]} and ${paths[0]} are not parts of one dump`)
    const blocks = filesOf(split(0, 4), split(4, 8, { blockSize: 16_384, pages: [] }))
    expect(() => opened(blocks, () => {})).toThrow('are not parts of one dump')
  })

  it('may be packed in different ways, and the first that has notes tells them', () => {
    const notes = (rip: bigint) => encodeNotes([prstatusNote({ rip }, 1)])
    const files = filesOf(
      split(0, 2),
      split(2, 4, { status: 2, notes: notes(2n), vmcoreinfo: 'two' }),
      split(4, 8, { status: 1, notes: notes(3n), vmcoreinfo: 'three' }),
    )
    opened(files, (dump) => {
      expect(dump.format).toBe('kdump-compressed (zlib, lzo)')
      expect(dump.cpus.map(({ registers }) => registers.rip)).toEqual([2n])
      expect(dump.vmcoreinfo).toBe('two')
    })
  })

  it('are 256 at most, and are closed when one of them is no dump', () => {
    const unopened = {
      path: 'x',
      open: () => {
        throw new Error('opened')
      },
    }
    expect(() => parseKdump('x', Array(256).fill(unopened))).toThrow('opened')
    expect(() => parseKdump('x', Array(257).fill(unopened))).toThrow(
      'x would be split into 257 files; at most 256 are read',
    )
    const [good = ''] = filesOf([{}])
    const bad = join(directory, 'bad')
    writeFileSync(bad, new Uint8Array(1000))
    const closed: string[] = []
    const part = (path: string) => ({
      path,
      open(): DumpBytes {
        const file = openBytes(path)
        const close = (): void => {
          closed.push(path)
          file.close()
        }
        return { size: file.size, mapping: undefined, lost: undefined, bytes: file.bytes.bind(file), close }
      },
    })
    expect(() => parseKdump(good, [part(good), part(bad)])).toThrow(`${bad} is not a kdump`)
    expect(closed).toEqual([good, bad])
    const dump = parseKdump(good, [part(good), part(good)])
    dump.memory.close()
    expect(closed).toEqual([good, bad, good, good])
  })
})

describe('pages of a kdump', () => {
  it('that are as they were lie in the file, in no copy', () => {
    const pages = [{ page: 1, data: plausiblePage(1), flags: 0 }, page(5)]
    opened(filesOf([{ pages }]), ({ memory }) => {
      const [plain, copy] = [1, 5].map((n) => memory.windows[Math.floor(memory.locate(asFrame(n)) / 2 ** 32)])
      expect(plain?.bytes.length).toBe(buildKdump({ pages, pageCount: 8 }).length)
      expect(copy?.bytes.length).toBe(2 ** 22)
    })
  })

  it('are all told to be there where the last 256 are', () => {
    const data = packed('zlib', plausiblePage(3))
    const pages = Array.from({ length: 300 }, (_, n) => ({ page: n, data, flags: 1 }))
    // One of them lies beyond the file.
    const without = (rank: number) =>
      problems([
        { pages, pageCount: 300 },
        (bytes) => bytes.writeBigUInt64LE(2n ** 40n, 4 * frame + 24 * rank),
      ])
    expect(without(43)).toEqual([])
    expect(without(44)).toEqual([
      expect.stringMatching(/is cut short: it has 99 % of its pages, 299 of 300; the others read as absent$/),
    ])
  })

  it('are counted one in so many where there are more than 262144', () => {
    const data = packed('zlib', new Uint8Array(frame))
    const count = (length: number) => {
      const pages = Array.from({ length }, (_, n) => ({ page: n, data, flags: 1 }))
      const bytes = buildKdump({ pages, pageCount: length })
      const path = join(directory, 'many')
      writeFileSync(path, bytes.subarray(0, -1))
      return opened([path], (dump) => dump.cut)
    }
    expect(count(2 ** 18)).toMatch(/it has 0 % of its pages, 0 of 262144$/)
    expect(count(2 ** 18 + 1)).toMatch(/it has 0 % of its pages, as 131073 of 262145 show$/)
  })

  it('are in a million ranges at most: the last one goes to the end', () => {
    const pageCount = 2 ** 21 + 64
    const path = join(directory, 'ranges')
    const bytes = buildKdump({ pages: [], pageCount })
    const bitmap = 2 * frame + Math.ceil(pageCount / 8 / frame) * frame
    bytes.fill(0x55, bitmap, bitmap + pageCount / 8)
    writeFileSync(path, bytes)
    opened([path], ({ memory }) => {
      expect(memory.ranges).toHaveLength(2 ** 20)
      expect(memory.ranges[2 ** 20 - 2]).toEqual({ start: (2 ** 21 - 4) * frame, length: frame })
      expect(memory.ranges.at(-1)).toEqual({ start: (2 ** 21 - 2) * frame, length: 65 * frame })
    })
  })

  it('are those of the part of the bitmap that the file has', () => {
    const path = join(directory, 'cut')
    const bytes = buildKdump({ pages: [page(1), page(5), page(20)], pageCount: 32 })
    writeFileSync(path, bytes.subarray(0, 3 * frame + 1))
    opened([path], ({ memory, cut }) => {
      expect(memory.ranges.map(({ start, length }) => [start / frame, length / frame])).toEqual([
        [1, 1],
        [5, 1],
      ])
      expect(cut).toBe(`${path} is cut short inside its bitmap, at less than 76 % of it: no page is there`)
    })
    writeFileSync(path, buildKdump({ pages: [], pageCount: 32 }))
    opened([path], (dump) => expect(dump.problems).toEqual([]))
  })
})
