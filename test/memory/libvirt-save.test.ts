import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { asPhysical } from '../../src/brands.js'
import { CryoscopeError } from '../../src/errors.js'
import type { Dump } from '../../src/memory/dump.js'
import { openByContent } from '../../src/memory/formats.js'
import { libvirtSave } from '../support/libvirt-save.js'
import { plausiblePage } from '../support/packed.js'
import { qemuStream } from '../support/qemu-stream.js'

const frame = 4096
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-save-'))
const path = join(directory, 'guest.save')
afterAll(() => rmSync(directory, { recursive: true }))

const stream = qemuStream('pc-q35-7.2', 2 ** 20, [
  [
    [0, 'page'],
    [5, 'packed'],
  ],
])

function withDump<T>(bytes: Uint8Array, look: (dump: Dump) => T): T {
  writeFileSync(path, bytes)
  const dump = openByContent(path, bytes.subarray(0, frame)) as Dump
  try {
    return look(dump)
  } finally {
    dump.memory.close()
  }
}

describe('a save image of libvirt', () => {
  it.each([true, false])('has the stream behind its header and the XML, little endian %s', (isLittle) => {
    withDump(libvirtSave(stream, { isLittle }), ({ memory, format, architecture, problems }) => {
      expect([format, architecture]).toEqual(['libvirt save image', 'x86_64'])
      expect(problems).toEqual([expect.stringContaining('no registers')])
      expect(Buffer.compare(memory.read(asPhysical(0), frame).bytes, plausiblePage(0))).toBe(0)
      expect(Buffer.compare(memory.read(asPhysical(5 * frame), frame).bytes, plausiblePage(5))).toBe(0)
      expect(memory.read(asPhysical(frame), frame).ok).toBe(false)
    })
  })

  it('that was not finished says so', () => {
    withDump(libvirtSave(stream, { magic: 'LibvirtQemudPart' }), ({ problems }) => {
      expect(problems[0]).toBe('libvirt did not finish writing it')
    })
  })

  it('that is packed, or of another version, says what to do', () => {
    const opened = (bytes: Uint8Array) => () => withDump(bytes, () => {})
    const start = libvirtSave(Buffer.alloc(0)).length
    expect(opened(libvirtSave(stream, { packed: 1 }))).toThrow(`tail -c +${start + 1} FILE | gunzip >STREAM`)
    expect(opened(libvirtSave(stream, { packed: 77 }))).toThrow(/with a packed stream$/)
    expect(opened(libvirtSave(stream, { version: 3 }))).toThrow(/version 3; versions 1 and 2 are read/)
    expect(opened(libvirtSave(Buffer.from('no stream at all')))).toThrow(/has no QEMU stream at byte 139/)
  })

  it('ends with a sentence or a dump, whatever the bytes', () => {
    const whole = libvirtSave(stream)
    const change = fc.tuple(fc.integer({ min: 16, max: whole.length - 1 }), fc.integer({ min: 0, max: 255 }))
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), fc.nat({ max: whole.length }), (changes, length) => {
        const bytes = Buffer.from(whole)
        for (const [at, value] of changes) bytes[at] = value
        try {
          withDump(bytes.subarray(0, Math.max(length, 100)), ({ memory }) =>
            memory.read(asPhysical(0), frame),
          )
        } catch (error) {
          if (!(error instanceof CryoscopeError)) throw error
        }
      }),
      { numRuns: 200 },
    )
  })
})
