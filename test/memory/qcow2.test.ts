import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { asPhysical } from '../../src/brands.js'
import { CryoscopeError } from '../../src/errors.js'
import type { Dump } from '../../src/memory/dump.js'
import { openByContent } from '../../src/memory/formats.js'
import { plausiblePage } from '../support/packed.js'
import { buildQcow2, type Qcow2Spec } from '../support/qcow2.js'
import { qemuStream } from '../support/qemu-stream.js'

const frame = 4096
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-qcow2-'))
const path = join(directory, 'disk.qcow2')
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

const state = (version: number): Buffer =>
  qemuStream('pc-q35-7.2', 2 ** 20, [
    [
      [0, 'page', version],
      [1, 'zero'],
      [2, 'packed', version],
      [9, 'page', version],
    ],
  ])

const image = (more: Partial<Qcow2Spec> = {}): Buffer =>
  buildQcow2({
    snapshots: [
      { name: 'first', seconds: 100, state: state(1) },
      { name: 'newest', seconds: 300, state: state(2) },
      { name: 'disk only', seconds: 400, state: new Uint8Array() },
      { name: 'second', seconds: 200, state: state(3) },
    ],
    ...more,
  })

describe('a machine state in a qcow2 image', () => {
  it.each([
    ['small clusters', {}],
    ['usual clusters', { clusterBits: 16 }],
    ['version 2', { version: 2 }],
    ['a disk that fills tables', { diskLength: 40 * 2 ** 20 }],
    ['no disk at all', { diskLength: 0 }],
  ] as const)('is the newest one, wherever its clusters lie: %s', (_, spec) => {
    withDump(image(spec), ({ memory, format, problems }) => {
      expect(format).toBe('snapshot "newest" in qcow2')
      expect(problems).toEqual([
        'older snapshots are not shown: "first", "second"',
        expect.stringContaining('no registers'),
      ])
      const page = (number: number) => memory.read(asPhysical(number * frame), frame)
      for (const number of [0, 2, 9]) {
        expect(Buffer.compare(page(number).bytes, plausiblePage(2000 + number)), `page ${number}`).toBe(0)
      }
      expect(page(1)).toEqual({ ok: true, bytes: new Uint8Array(frame) })
      expect(page(3).ok).toBe(false)
    })
  })

  it('is told to be missing, cut short, or of a kind that is not read', () => {
    const opened = (bytes: Uint8Array) => () => withDump(bytes, () => {})
    expect(opened(buildQcow2({ snapshots: [] }))).toThrow(/no state of a machine is saved: savevm/)
    const ofBytes = (length: number) =>
      opened(buildQcow2({ snapshots: [{ name: 'x', seconds: 1, state: new Uint8Array(length) }] }))
    expect(ofBytes(0)).toThrow(/no state of a machine is saved/)
    expect(ofBytes(1)).not.toThrow(/no state of a machine is saved/)
    const changed = (at: number, value: number): Buffer => {
      const bytes = image()
      bytes.writeUInt32BE(value, at)
      return bytes
    }
    expect(opened(changed(4, 7))).toThrow(/version 7; versions 2 and 3/)
    expect(opened(changed(20, 40))).toThrow(/clusters of 2\^40/)
    expect(opened(changed(32, 1))).toThrow(/encrypted/)
    expect(opened(changed(76, 4))).toThrow(/external data file/)
    expect(opened(changed(76, 16))).toThrow(/extended L2 entries/)
    expect(opened(changed(4, 1))).toThrow(/version 1;/)
    expect(opened(changed(20, 8))).toThrow(/clusters of 2\^8 /)
    expect(opened(changed(20, 22))).toThrow(/clusters of 2\^22 /)
    // Features that change nothing here: a dirty image, a lazy one.
    expect(opened(changed(76, 3))).not.toThrow()
    expect(opened(image({ clusterBits: 21 }))).not.toThrow()
    expect(opened(image().subarray(0, 600))).toThrow(/cut short/)
    // The table of snapshots lies last here.
    expect(opened(image().subarray(0, image().length - 1024))).toThrow(/cut short/)
  })

  it('shows a hostile name as text', () => {
    const bytes = buildQcow2({ snapshots: [{ name: '\x1b[31m"<b>', seconds: 1, state: state(1) }] })
    withDump(bytes, ({ format }) => expect(format).toBe('snapshot "\\x1b[31m\\"<b>" in qcow2'))
  })

  it('ends with a sentence or a dump, whatever the bytes', () => {
    const whole = image()
    const change = fc.tuple(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 0, max: 255 }))
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), fc.nat({ max: whole.length }), (changes, length) => {
        const bytes = Buffer.from(whole)
        for (const [at, value] of changes) bytes[at] = value
        bytes.writeUInt32BE(0x514649fb, 0)
        try {
          withDump(bytes.subarray(0, Math.max(length, 100)), ({ memory }) => {
            for (let page = 0; page < 12; page++) memory.read(asPhysical(page * frame), frame)
          })
        } catch (error) {
          if (!(error instanceof CryoscopeError)) throw error
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('snapshots', () => {
  const told = (names: readonly string[], seconds = (n: number): number => n) => {
    const snapshots = names.map((name, n) => ({ name, seconds: seconds(n), state: state(n) }))
    return withDump(buildQcow2({ snapshots }), ({ format, problems }) => [format, problems[0]])
  }

  it('of one second are told apart by their order', () => {
    expect(told(['first', 'second'], () => 7)).toEqual([
      'snapshot "second" in qcow2',
      'older snapshots are not shown: "first"',
    ])
  })

  it('are named as far as there are eight, with eighty letters', () => {
    const names = Array.from({ length: 9 }, (_, n) => `s${n}`)
    const listed = (count: number): string =>
      `older snapshots are not shown: ${names
        .slice(0, count)
        .map((name) => `"${name}"`)
        .join(', ')}`
    expect(told(names)[1]).toBe(listed(8))
    expect(told([...names, 'last'])[1]).toBe(`${listed(8)} and 1 more`)
    const long = (length: number) => told(['x'.repeat(length)])[0]
    expect(long(80)).toBe(`snapshot "${'x'.repeat(80)}" in qcow2`)
    expect(long(81)).toBe(`snapshot "${'x'.repeat(80)}…" in qcow2`)
  })
})
