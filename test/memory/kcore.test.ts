import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { asPhysical } from '../../src/brands.js'
import { CryoscopeError } from '../../src/errors.js'
import { openKcore } from '../../src/memory/kcore.js'
import { buildElfCore } from '../support/elf-core.js'
import { plausiblePage } from '../support/packed.js'

const frame = 4096
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-kcore-'))
const path = join(directory, 'kcore')
afterAll(() => rmSync(directory, { recursive: true }))

const core = buildElfCore({
  loads: [
    { physical: frame, bytes: plausiblePage(1, 4 * frame) },
    // As vmalloc memory has it: no physical address.
    { physical: 2 ** 60, bytes: plausiblePage(9) },
  ],
  notes: [{ name: 'VMCOREINFO', type: 0, data: Buffer.from('OSRELEASE=host\n') }],
})

describe('openKcore', () => {
  it('reads what has a physical address, and the note', () => {
    writeFileSync(path, core)
    const { memory, vmcoreinfo, cpus } = openKcore(path)
    expect(vmcoreinfo).toBe('OSRELEASE=host\n')
    expect(cpus).toEqual([])
    expect(memory.ranges).toEqual([{ start: frame, length: 4 * frame }])
    expect(Buffer.compare(memory.read(asPhysical(frame), 4 * frame).bytes, plausiblePage(1, 4 * frame))).toBe(
      0,
    )
    expect(memory.read(asPhysical(0), 8).ok).toBe(false)
    memory.close()
  })

  it('counts pages that changed since they were read', () => {
    writeFileSync(path, core)
    const live = openKcore(path)
    const before = live.memory.read(asPhysical(frame), 2 * frame).bytes
    expect(live.drift()).toEqual({ changed: 0, read: 2 })
    const fd = openSync(path, 'r+')
    writeSync(fd, Buffer.from([1, 2, 3]), 0, 3, core.length - frame - 4 * frame + 100)
    closeSync(fd)
    expect(live.drift()).toEqual({ changed: 1, read: 2 })
    // What was read stays what it was, until it is asked for anew.
    expect(Buffer.compare(live.memory.read(asPhysical(frame), 2 * frame).bytes, before)).toBe(0)
    live.memory.invalidate?.()
    expect(Buffer.compare(live.memory.read(asPhysical(frame), 2 * frame).bytes, before)).not.toBe(0)
    live.memory.close()
  })

  it('says what the machine is, and keeps what has no place in memory out', () => {
    const machine = (value: number): string | undefined => {
      const bytes = Buffer.from(core)
      bytes.writeUInt16LE(value, 18)
      writeFileSync(path, bytes)
      const live = openKcore(path)
      live.memory.close()
      return live.architecture
    }
    expect([machine(62), machine(183)]).toEqual(['x86_64', 'aarch64'])
    writeFileSync(path, core)
    const { memory, format, problems } = openKcore(path)
    expect([format, problems, memory.description]).toEqual([
      'running kernel',
      [],
      `memory of this machine (${path})`,
    ])
    // One frame more than the segment has, and one less than it begins with.
    expect(memory.read(asPhysical(4 * frame), frame).ok).toBe(true)
    expect(memory.read(asPhysical(5 * frame), 1).ok).toBe(false)
    expect(memory.read(asPhysical(frame - 1), 1).ok).toBe(false)
    memory.close()
  })

  it('keeps no file open that it cannot use, nor one that was closed', () => {
    const open = (): number => readdirSync('/proc/self/fd').length
    const before = open()
    writeFileSync(path, Buffer.alloc(100))
    expect(() => openKcore(path)).toThrow('is not a 64-bit ELF core')
    expect(open()).toBe(before)
    writeFileSync(path, core)
    const { memory } = openKcore(path)
    expect(open()).toBe(before + 1)
    memory.close()
    expect(open()).toBe(before)
  })

  it('says what to do where there is none', () => {
    for (const [place, sentence] of [
      [join(directory, 'none'), /this system has no .*none/],
      ['/dev/null', /is not a 64-bit ELF core/],
    ] as const) {
      const open = (): unknown => openKcore(place)
      expect(open).toThrow(sentence)
      expect(open).toThrow(CryoscopeError)
      expect(open).toThrow(expect.objectContaining({ code: 'environment' }))
    }
  })

  it('says what to do where it may not be read, or is none', () => {
    writeFileSync(path, core)
    const { geteuid, seteuid } = process
    if (geteuid === undefined || seteuid === undefined) throw new Error('this is no Unix')
    const user = geteuid.call(process)
    chmodSync(path, 0)
    // Root may read whatever there is.
    if (user === 0) seteuid.call(process, 65_534)
    try {
      expect(() => openKcore(path)).toThrow(`may not read ${path}: run as root; where root may not either`)
    } finally {
      if (user === 0) seteuid.call(process, 0)
      chmodSync(path, 0o600)
    }
    expect(() => openKcore(join(path, 'x'))).toThrow(`cannot open ${join(path, 'x')}: ENOTDIR`)
  })

  it('takes a damaged one, or says why not, and reads nothing that the file does not hold', () => {
    const header = core.length - 5 * frame
    const edit = fc.tuple(
      fc.oneof(fc.integer({ min: 16, max: 63 }), fc.integer({ min: 64, max: header - 1 })),
      fc.constantFrom(0, 1, 0x0f, 0x7f, 0x80, 0xff),
    )
    fc.assert(
      fc.property(
        fc.array(edit, { minLength: 1, maxLength: 10 }),
        fc.nat({ max: core.length }),
        (edits, length) => {
          const bytes = Buffer.from(core.subarray(0, length))
          for (const [at, value] of edits) if (at < length) bytes[at] = value
          writeFileSync(path, bytes)
          let live: ReturnType<typeof openKcore>
          try {
            live = openKcore(path)
          } catch (error) {
            expect(error).toBeInstanceOf(CryoscopeError)
            return
          }
          for (const { start, length: size } of live.memory.ranges.slice(0, 8)) {
            const read = live.memory.read(start, Math.min(size, 4 * frame))
            // A frame is whole or absent.
            expect(read.bytes.length).toBeLessThanOrEqual(length)
          }
          for (const address of [0, frame, 2 ** 32, 2 ** 51]) live.memory.read(asPhysical(address), 2 * frame)
          const { changed, read } = live.drift()
          expect(changed).toBe(0)
          expect(read * frame).toBeLessThanOrEqual(length * 8)
          live.memory.close()
        },
      ),
      { numRuns: 300 },
    )
  })
})
