import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../src/errors.js'
import { headLength, openByContent } from '../../src/memory/formats.js'
import { buildElfCore } from '../support/elf-core.js'
import { buildKdump, flatten } from '../support/kdump.js'
import { libvirtSave } from '../support/libvirt-save.js'
import { plausiblePage } from '../support/packed.js'
import { buildQcow2 } from '../support/qcow2.js'
import { qemuStream } from '../support/qemu-stream.js'

const frame = 4096
const count = 32
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-cut-'))
const path = join(directory, 'dump')
afterAll(() => rmSync(directory, { recursive: true }))

const numbers = Array.from({ length: count }, (_, i) => i)
const memory = Buffer.concat(numbers.map((page) => plausiblePage(page)))

function lime(): Buffer {
  const head = Buffer.alloc(32)
  head.writeUInt32LE(0x4c694d45, 0)
  head.writeUInt32LE(1, 4)
  head.writeBigUInt64LE(BigInt(memory.length - 1), 16)
  return Buffer.concat([head, memory])
}

function flat(bytes: Buffer, isHeadLast = false): Buffer {
  const pieces = []
  for (let offset = 0; offset < bytes.length; offset += frame)
    pieces.push({ offset, bytes: bytes.subarray(offset, offset + frame) })
  const [head, ...others] = pieces
  return flatten(isHeadLast && head !== undefined ? [...others, head] : pieces)
}

const elf = buildElfCore({ loads: [{ physical: 0, bytes: memory }] })
const kdump = buildKdump({
  pages: numbers.map((page) => ({ page, data: deflateSync(plausiblePage(page)), flags: 1 })),
  pageCount: count,
})
const stream = qemuStream('pc-q35-7.2', memory.length, [numbers.map((page) => [page, 'page'] as const)])
const qcow2 = buildQcow2({ snapshots: [{ name: 'state', seconds: 1, state: stream }] })

/** Of each format that is opened by its first bytes, and where what is behind the pages begins. */
const files: readonly { readonly format: string; readonly whole: Buffer; readonly end?: number }[] = [
  { format: 'an ELF core', whole: elf },
  { format: 'a kdump', whole: kdump },
  { format: 'a flattened ELF core', whole: flat(elf) },
  { format: 'a flattened kdump', whole: flat(kdump) },
  { format: 'a flattened kdump whose header comes last', whole: flat(kdump, true) },
  { format: 'a LiME image', whole: lime() },
  { format: 'a stream of QEMU', whole: stream, end: stream.length - 120 },
  { format: 'a save image of libvirt', whole: libvirtSave(stream), end: libvirtSave(stream).length - 120 },
  // The end of a cluster of 512 bytes is not used.
  { format: 'a state in qcow2', whole: qcow2, end: qcow2.length - 512 },
]

/** What is said of a file: why it is refused, or how it is cut. */
function said(bytes: Uint8Array): string {
  writeFileSync(path, bytes)
  try {
    const dump = openByContent(path, bytes.subarray(0, headLength))
    dump?.memory.close()
    if (dump?.cut !== undefined) expect(dump.problems.join('; ')).toContain(dump.cut)
    return dump === undefined ? 'unknown' : (dump.cut ?? 'whole')
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    return error.message
  }
}

describe.each(files)('$format', ({ whole, end = whole.length }) => {
  it('is not said to be cut when it is whole', () => {
    expect(said(whole)).toBe('whole')
  })

  it.each([99.9, 90, 60, 30])('that is cut at %f % says so, and how much of it there is', (share) => {
    const length = Math.floor((end * share) / 100)
    const text = said(whole.subarray(0, length))
    expect(text).toMatch(/is cut short.*\d %/)
    const [, bound, percent] = /(less than )?(\d+) %/.exec(text) ?? []
    // A bound is of what is known of the whole, of which there is no less.
    expect(Number(percent)).toBeLessThan(bound === undefined ? 100 : 101)
    if (bound !== undefined) expect(Number(percent)).toBeGreaterThan((length / end) * 100)
  })

  it('that is cut in its first bytes is nothing else', () => {
    for (const length of [20, 40, 100, 300, 1000, 4096, 4100]) {
      const text = said(whole.subarray(0, length))
      expect(text).toMatch(/cut short|has no end mark/)
      expect(text).not.toMatch(/NaN|Infinity|undefined/)
    }
  })
})

it('counts bytes that several segments of a core name once', () => {
  const core = Buffer.from(elf)
  // A second segment of the same bytes at another place of memory, in place of the notes.
  core.writeUInt32LE(1, 64)
  core.writeBigUInt64LE(core.readBigUInt64LE(64 + 56 + 8), 64 + 8)
  core.writeBigUInt64LE(2n ** 32n, 64 + 24)
  core.writeBigUInt64LE(BigInt(memory.length), 64 + 32)
  writeFileSync(path, core.subarray(0, core.length - 3 * frame))
  const dump = openByContent(path, core.subarray(0, headLength))
  dump?.memory.close()
  expect(dump?.problems).toEqual([expect.stringContaining(`: ${3 * frame} bytes of memory are missing`)])
})

it('says of a core whose notes are cut off that registers are missing', () => {
  const core = buildElfCore({
    loads: [{ physical: 0, bytes: memory }],
    notes: [{ name: 'CORE', type: 1, data: new Uint8Array(336) }],
  })
  core.writeBigUInt64LE(BigInt(core.length - 100), 64 + 8)
  writeFileSync(path, core)
  const dump = openByContent(path, core.subarray(0, headLength))
  dump?.memory.close()
  expect(dump?.cut).toMatch(/is cut short: it has 99 %/)
  expect(dump?.problems).toEqual([
    'the file ends before or inside its notes: registers of CPUs are missing',
    dump?.cut,
  ])
})
