import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { asFileOffset, asFrame, asPhysical } from '../../src/brands.js'
import type { Dump } from '../../src/memory/dump.js'
import { openMigration } from '../../src/memory/migration.js'
import { plausiblePage } from '../support/packed.js'
import { text, u8, u32, u64 } from '../support/qemu-stream.js'

const frame = 4096
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-records-'))
const path = join(directory, 'stream')
afterAll(() => rmSync(directory, { recursive: true }))

function opened<T>(parts: readonly Uint8Array[], look: (dump: Dump) => T): T {
  writeFileSync(path, Buffer.concat(parts))
  const dump = openMigration(path)
  try {
    return look(dump)
  } finally {
    dump.memory.close()
  }
}

const head = (machine = 'pc-q35-7.2') =>
  Buffer.concat([Buffer.from('QEVM'), u32(3), u8(7), u32(machine.length), Buffer.from(machine)])
const begin = Buffer.concat([u8(1), u32(2), text('ram'), u32(0), u32(4)])
const end = u64(0x10)
const footer = Buffer.concat([u8(0x7e), u32(2)])
const part = Buffer.concat([u8(2), u32(2)])
const device = Buffer.concat([u8(4), u32(3), text('timer'), u32(0), u32(2), Buffer.alloc(100)])

/** The list of RAM blocks, with what it says of their sum. */
const sizes = (blocks: readonly (readonly [string, number])[], total?: number): Buffer =>
  Buffer.concat([
    u64((total ?? blocks.reduce((sum, [, size]) => sum + size, 0)) + 4),
    ...blocks.flatMap(([name, size]) => [text(name), u64(size)]),
  ])
const oneBlock = sizes([['ram', 16 * frame]])
/** A page, by its number; the name of the block comes with it. */
const named = (page: number, flag: number, ...rest: Uint8Array[]): Buffer =>
  Buffer.concat([u64(page * frame + flag), text('ram'), ...rest])
const same = (page: number, flag: number, ...rest: Uint8Array[]): Buffer =>
  Buffer.concat([u64(page * frame + flag + 0x20), ...rest])
const plain = (page: number): Uint8Array => plausiblePage(page)
const held = ({ memory }: Dump): number[] =>
  Array.from({ length: 20 }, (_, page) => page).filter((page) => memory.locate(asFrame(page)) >= 0)

describe('records of a QEMU stream', () => {
  it('fill pages with one byte, name their block or say that it is the same, and flush', () => {
    const records = [
      named(3, 2, u8(0)),
      same(4, 2, u8(0xcc)),
      u64(0x200),
      same(5, 8, plain(5)),
      named(6, 8, plain(6)),
    ]
    opened([head(), begin, oneBlock, ...records, end, footer, device], (dump) => {
      const read = (page: number) => dump.memory.read(asPhysical(page * frame), frame).bytes
      expect(held(dump)).toEqual([3, 4, 5, 6])
      expect(read(3)).toEqual(new Uint8Array(frame))
      expect(read(4)).toEqual(new Uint8Array(frame).fill(0xcc))
      expect([read(5), read(6)]).toEqual([plain(5), plain(6)])
      expect(dump).toMatchObject({ cut: undefined, cpus: [], vmcoreinfo: undefined })
    })
  })

  it('of blocks that are not RAM, or beyond a block, are passed over', () => {
    const blocks = sizes([
      ['pc.bios', 2 * frame],
      ['ram', 16 * frame],
    ])
    const other = Buffer.concat([u64(8), text('rom'), plain(1), u64(frame + 0x28), plain(2)])
    const bios = Buffer.concat([u64(8), text('pc.bios'), plain(3)])
    opened(
      [head(), begin, blocks, other, bios, named(1, 8, plain(1)), same(16, 8, plain(4)), end, device],
      (dump) => {
        expect(held(dump)).toEqual([1])
        expect(dump.memory.read(asPhysical(frame), frame).bytes).toEqual(plain(1))
        expect(dump.memory.ranges).toEqual([{ start: frame, length: frame }])
        expect(dump.cut).toBeUndefined()
      },
    )
  })

  it('that are packed come with their length, and are absent where they cannot be unpacked', () => {
    const packed = deflateSync(plain(1))
    const records = [
      named(1, 0x100, u32(packed.length), packed),
      same(2, 0x100, u32(5), Buffer.from('junk!')),
      same(3, 8, plain(3)),
    ]
    opened([head(), begin, oneBlock, ...records, end], ({ memory }) => {
      expect(memory.read(asPhysical(frame), frame)).toEqual({ ok: true, bytes: plain(1) })
      expect(memory.read(asPhysical(2 * frame), 1).ok).toBe(false)
      expect(memory.read(asPhysical(3 * frame), frame)).toEqual({ ok: true, bytes: plain(3) })
    })
  })

  it('that are differences are counted, and take away the page that came before', () => {
    const delta = Buffer.from([1, 0, 2, 9, 9])
    const records = [named(1, 8, plain(1)), same(2, 8, plain(2)), same(1, 0x40, delta), same(7, 0x40, delta)]
    opened([head(), begin, oneBlock, ...records, end], (dump) => {
      expect(held(dump)).toEqual([2])
      expect(dump.problems).toContain(
        '2 pages came as differences (xbzrle), which are not read: they are missing',
      )
    })
  })

  it('of a kind that is not read are refused with what to do', () => {
    const multifd = Buffer.concat([u64(0x400), u8(0)])
    expect(() => opened([head(), begin, oneBlock, multifd], () => {})).toThrow(
      `${path} has RAM records of kind 0x400, which are not read; write it without multifd, rdma and mapped-ram`,
    )
  })
})

describe('sections of a QEMU stream', () => {
  it('go on until those of devices begin, with footers or without', () => {
    const last = Buffer.concat([u8(3), u32(2), named(3, 8, plain(3)), end])
    for (const foot of [footer, Buffer.alloc(0)]) {
      opened(
        [
          head(),
          begin,
          oneBlock,
          end,
          foot,
          part,
          named(1, 8, plain(1)),
          end,
          foot,
          last,
          foot,
          device,
          last,
        ],
        (dump) => {
          expect(held(dump)).toEqual([1, 3])
          expect(dump.cut).toBeUndefined()
        },
      )
    }
    // What follows the first device is not looked at.
    opened([head(), begin, oneBlock, named(1, 8, plain(1)), end, device, last], (dump) =>
      expect(held(dump)).toEqual([1]),
    )
    opened(
      [head(), u8(4), u32(2), text('ram'), u32(0), u32(4), oneBlock, named(1, 8, plain(1)), end],
      (dump) => expect(held(dump)).toEqual([1]),
    )
  })

  it('of the configuration tell capabilities and the size of a page', () => {
    const capabilities = Buffer.concat([
      u8(5),
      text('configuration/capabilities'),
      u32(1),
      u32(2),
      text('events'),
      text('x-colo'),
    ])
    const bits = Buffer.concat([u8(5), text('configuration/target-page-bits'), u32(1), u32(12)])
    const ram = [begin, oneBlock, named(1, 8, plain(1)), end]
    opened([head(), capabilities, bits, ...ram], (dump) => expect(held(dump)).toEqual([1]))
    const unknown = Buffer.concat([u8(5), text('configuration/uuid'), u32(1)])
    expect(() => opened([head(), unknown, ...ram], () => {})).toThrow(`${path} is a QEMU stream without RAM`)
  })

  it('without RAM are refused, and those of another version', () => {
    const sentence = `${path} is a QEMU stream without RAM; was it written with x-ignore-shared?`
    expect(() => opened([head(), device], () => {})).toThrow(sentence)
    // Where it ends before that it may have had some.
    expect(() => opened([head()], () => {})).toThrow(
      `${path} is cut short: the stream ends at byte ${head().length}, before any page came`,
    )
    const version = (bytes: Buffer) => () => opened([bytes], () => {})
    expect(version(Buffer.concat([Buffer.from('QEVM'), u32(4)]))).toThrow('of version 4; version 3 is read')
    expect(version(Buffer.from('QEVM\0\0\0'))).toThrow('is cut short before the QEMU stream in it begins')
  })

  it.each([
    ['pc-q35-9.0', 'x86_64', 0],
    ['pc-i440fx-9.0', 'x86_64', 0],
    ['microvm', 'x86_64', 0],
    ['virt-9.0', 'aarch64', 2 ** 30],
  ])('of %s are of %s, with RAM from %i on', (machine, architecture, start) => {
    opened([head(machine), begin, oneBlock, named(1, 8, plain(1)), end, device], (dump) => {
      expect(dump.architecture).toBe(architecture)
      expect(dump.memory.ranges).toEqual([{ start: start + frame, length: frame }])
      expect(dump.ram).toMatchObject({ size: 16 * frame })
      expect(dump.problems).toEqual(['a QEMU stream is read for its RAM: the vCPUs have no registers here'])
    })
  })

  it('of a machine that is not known say where its RAM is taken to be', () => {
    opened([head('odd\x1b'), begin, oneBlock, named(1, 8, plain(1)), end, device], (dump) => {
      expect(dump.problems[1]).toBe('machine odd\\x1b is not known: its RAM is taken to begin at 0')
      expect(held(dump)).toEqual([1])
    })
  })

  it('give the memory another layout when asked, over the same pages', () => {
    opened([head(), begin, oneBlock, named(1, 8, plain(1)), same(3, 2, u8(7)), end], ({ ram }) => {
      const moved = ram?.lay([
        { physical: asPhysical(0), offset: asFileOffset(2 * frame), length: 4 * frame },
        { physical: asPhysical(64 * frame), offset: asFileOffset(0), length: 2 * frame },
      ])
      expect(moved?.ranges).toEqual([
        { start: frame, length: frame },
        { start: 65 * frame, length: frame },
      ])
      expect(moved?.read(asPhysical(65 * frame), frame).bytes).toEqual(plain(1))
      expect(moved?.read(asPhysical(frame), 2).bytes).toEqual(Uint8Array.of(7, 7))
      expect([2, 3, 4, 64, 66].map((page) => moved?.locate(asFrame(page)))).toEqual(Array(5).fill(-1))
    })
  })
})

describe('the blocks of a QEMU stream', () => {
  const blocks = (list: readonly (readonly [string, number])[], total?: number) => () =>
    opened([head(), begin, sizes(list, total), named(0, 2, u8(1)), end], ({ memory }) => memory.ranges)
  const sentence = `${path} is damaged: its list of RAM blocks cannot be`

  it('are 4096 at most, have bytes, and no more than an address can say', () => {
    const many = (count: number) =>
      Array.from(
        { length: count },
        (_, n) => [n === 0 ? 'ram' : `b${n}`, n === 0 ? 2 * frame : frame] as const,
      )
    expect(blocks(many(4096))()).toEqual([{ start: 0, length: frame }])
    expect(blocks(many(4097))).toThrow(sentence)
    expect(
      blocks(
        [
          ['ram', frame],
          ['none', 0],
        ],
        2 * frame,
      ),
    ).toThrow(sentence)
    expect(blocks([['ram', 2 ** 52]])()).toEqual([{ start: 0, length: frame }])
    expect(blocks([['ram', 2 ** 52 + frame]])).toThrow(sentence)
  })

  it('have a page for a part of one', () => {
    opened([head(), begin, sizes([['ram', 2 * frame]]), named(1, 8, plain(1)), end], (dump) =>
      expect(held(dump)).toEqual([1]),
    )
  })
})

describe('a QEMU stream that is cut short', () => {
  const whole = Buffer.concat([
    head(),
    begin,
    oneBlock,
    named(0, 8, plain(0)),
    same(1, 2, u8(0)),
    same(2, 8, plain(2)),
  ])
  const cut = (length: number): string | undefined => opened([whole.subarray(0, length)], (dump) => dump.cut)

  it('says where it ends, and how many of its pages came', () => {
    // Each of the sixteen is 6.25 %.
    expect(cut(whole.length)).toBe(
      `${path} is cut short: the stream ends at byte ${whole.length}, with 19 % of the pages of RAM`,
    )
    expect(cut(whole.length - 1)).toBe(
      `${path} is cut short: the stream ends at byte ${whole.length - 1}, with 13 % of the pages of RAM`,
    )
    expect(cut(whole.length - frame - 8 - 9 - frame)).toMatch(
      /ends at byte \d+, with 0 % of the pages of RAM$/,
    )
    expect(cut(whole.length - frame - 8)).toContain('with 13 %')
    opened([whole], ({ problems, cut }) =>
      expect(problems[0]).toBe(`${cut}: pages that did not come are missing`),
    )
  })
})
