import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { asPhysical } from '../../src/brands.js'
import { headLength, openByContent } from '../../src/memory/formats.js'
import { buildElfCore } from '../support/elf-core.js'
import { buildKdump, flatten } from '../support/kdump.js'
import { libvirtSave } from '../support/libvirt-save.js'
import { packed, plausiblePage } from '../support/packed.js'
import { buildQcow2 } from '../support/qcow2.js'
import { qemuStream } from '../support/qemu-stream.js'

const frame = 4096
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-formats-'))
afterAll(() => rmSync(directory, { recursive: true }))

const stream = qemuStream('pc-q35-7.2', 2 ** 20, [[[1, 'page']]])
const kdump = (split?: readonly [number, number]) =>
  buildKdump({
    pages: [1, 5].map((page) => ({ page, data: packed('zlib', plausiblePage(page)), flags: 1 })),
    pageCount: 8,
    ...(split && { split }),
  })
const core = buildElfCore({ loads: [{ physical: frame, bytes: plausiblePage(1) }] })
const lime = Buffer.concat([Buffer.alloc(32), plausiblePage(1)])
lime.writeUInt32LE(0x4c694d45, 0)
lime.writeBigUInt64LE(BigInt(frame), 8)
lime.writeBigUInt64LE(BigInt(2 * frame - 1), 16)

function opened(name: string, bytes: Uint8Array) {
  const path = join(directory, name)
  writeFileSync(path, bytes)
  return openByContent(path, bytes.subarray(0, headLength))
}

describe('a dump is known by its first bytes', () => {
  it.each([
    ['ELF core', core],
    ['kdump-compressed (zlib)', kdump()],
    ['kdump-compressed (zlib), flattened', flatten([{ offset: 0, bytes: kdump() }])],
    ['ELF core, flattened', flatten([{ offset: 0, bytes: core }])],
    ['QEMU migration stream', stream],
    ['libvirt save image', libvirtSave(stream)],
    ['snapshot "s" in qcow2', buildQcow2({ snapshots: [{ name: 's', seconds: 1, state: stream }] })],
    ['LiME image', lime],
  ])('%s', (format, bytes) => {
    const dump = opened('dump', bytes)
    expect(dump?.format).toBe(format)
    expect(dump?.memory.read(asPhysical(frame), frame)).toEqual({ ok: true, bytes: plausiblePage(1) })
    dump?.memory.close()
  })

  it('and others are none', () => {
    expect(opened('noise', Buffer.alloc(8192, 7))).toBeUndefined()
    expect(opened('nothing', Buffer.alloc(0))).toBeUndefined()
    const open = (): number => readdirSync('/proc/self/fd').length
    const before = open()
    expect(() => opened('odd', flatten([{ offset: 0, bytes: Buffer.from('neither') }]))).toThrow(
      `${join(directory, 'odd')} is a flattened stream of something else than an ELF core or a kdump`,
    )
    expect(open()).toBe(before)
  })
})

describe('files of a split dump', () => {
  it.each([
    ['dump.1', ['dump.1', 'dump.2', 'dump.3'], []],
    ['dump.2', ['dump.1', 'dump.2', 'dump.3'], []],
    ['split0', ['split0', 'split1', 'split2'], []],
    ['many.009', ['many.009', 'many.010'], undefined],
    ['pad-02', ['pad-01', 'pad-02', 'pad-03'], []],
    ['alone', ['alone', 'alone1'], undefined],
  ])('are found beside %s by their numbers', (name, names, problems) => {
    const ends = [0, 3, 6, 8]
    names.forEach((each, n) => {
      writeFileSync(join(directory, each), kdump([ends[n] ?? 0, ends[n + 1] ?? 8]))
    })
    const dump = openByContent(join(directory, name), kdump([0, 1]).subarray(0, headLength))
    if (problems === undefined) expect(dump?.problems.join()).toContain('a file of the split dump is missing')
    else expect(dump?.problems).toEqual(problems)
    dump?.memory.close()
    for (const each of names) rmSync(join(directory, each))
  })
})
