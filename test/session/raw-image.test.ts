import { mkdtempSync, readdirSync, readlinkSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { asPhysical } from '../../src/brands.js'
import { CryoscopeError } from '../../src/errors.js'
import type { Dump } from '../../src/memory/dump.js'
import { ramLayout } from '../../src/memory/pci-hole.js'
import { openRawImage } from '../../src/memory/raw-image.js'
import type { Segment } from '../../src/memory/segmented.js'
import { laidOut, layoutUpTo } from '../../src/session/layout.js'
import { openDump } from '../../src/session/open.js'
import { openRaw } from '../../src/session/raw-image.js'
import { addArray } from '../support/bpf-objects.js'
import { buildElfCore } from '../support/elf-core.js'
import { KernelGuest } from '../support/kernel-guest.js'

const MiB = 2 ** 20
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-raw-'))
afterAll(() => rmSync(directory, { recursive: true }))

function guestMemory(): Uint8Array {
  const guest = new KernelGuest()
  addArray(guest, { id: 4, name: 'stats', valueSize: 8, maxEntries: 2 }, [new Uint8Array(8).fill(5)])
  guest.finish()
  return guest.memory.bytes
}

const memory = guestMemory()

/** How often this process has a file open. */
function holding(path: string): number {
  const numbers = readdirSync('/proc/self/fd')
  return numbers.filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path
    } catch {
      // That of the directory itself, which is closed again.
      return false
    }
  }).length
}

describe('a raw image', () => {
  it('opens when a kernel in it proves itself, and says that its layout is a guess', async () => {
    const path = join(directory, 'ram')
    writeFileSync(path, memory)
    const vm = openDump(path)
    expect(vm.target.facts).toEqual({ format: 'raw image, from address 0 on' })
    expect(vm.problems).toEqual([expect.stringContaining(`state it in ${path}.layout`)])
    expect(holding(path)).toBe(1)
    expect(vm.map('stats').id).toBe(4)
    await vm.close()
  })

  it('opens by a stated layout, given or beside the file', async () => {
    const half = Math.floor(memory.length / 8192) * 4096
    const path = join(directory, 'turned')
    writeFileSync(path, Buffer.concat([memory.subarray(half), memory.subarray(0, half)]))
    expect(() => openDump(path)).toThrow(CryoscopeError)
    const layout = `0:${memory.length - half}:${half}, ${half}:0:${memory.length - half}`
    const given = openDump(path, { layout })
    expect(given.map('stats').id).toBe(4)
    expect(given.problems).toEqual([])
    await given.close()
    writeFileSync(`${path}.layout`, `# turned round\n${layout}\n`)
    const beside = openDump(path)
    expect(beside.target.facts).toEqual({ format: 'raw image, stated layout' })
    expect(beside.map('stats').id).toBe(4)
    await beside.close()
  })

  it('opens as far as it goes where it is cut, and says at which part', async () => {
    const path = join(directory, 'shortened')
    const { length } = memory
    const open = async (bytes: Uint8Array, layout: string) => {
      writeFileSync(path, bytes)
      const vm = openDump(path, { layout })
      expect(vm.map('stats').id).toBe(4)
      const { problems } = vm
      await vm.close()
      return problems
    }
    expect(await open(memory, `0:0:${length}`)).toEqual([])
    expect(await open(memory, `0:0:${length}, 4G:0:${length}`)).toEqual([])
    const behind = 'by the stated layout: what came behind it is missing'
    const half = `${path} is cut short: it has 50 % of its ${2 * length} bytes, ${behind}`
    expect(await open(memory, `0:0:${2 * length}`)).toEqual([half])
    expect(await open(memory, `0:0:${length}, 4G:${length}:${length}`)).toEqual([half])
    expect(await open(memory, `0:0:${length}, 4G:${2 * length}:`)).toEqual([
      `${path} is cut short: it has less than 50 % of what it should, ${behind}`,
    ])
    expect(await open(Buffer.concat([memory, Buffer.alloc(100)]), '0:0:')).toEqual([
      `${path} is cut short: it ends inside a frame, after ${length + 100} bytes, ${behind}`,
    ])
    // Bytes that no segment takes are no memory.
    expect(await open(Buffer.concat([memory, Buffer.alloc(100)]), `0:0:${length}`)).toEqual([])
    expect(() => openDump(path, { layout: `0:${2 * length}:` })).toThrow(
      /holds no memory: .* is cut short: it has less than 51 %/,
    )
    writeFileSync(path, memory.subarray(0, 2 * MiB))
    expect(() => openDump(path, { layout: `0:0:${length}` }).kernel).toThrow(/cut short: it has \d+ %/)
  })

  /** A guest of 8 MiB whose kernel says that memory ends there, and 2 MiB more behind it. */
  function withMoreAbove(memoryEnd: number): Uint8Array {
    const guest = new KernelGuest()
    guest.u64(guest.global('max_pfn', 8), BigInt(memoryEnd / 4096))
    guest.finish()
    return Buffer.concat([guest.memory.bytes, Buffer.alloc(2 * MiB, 0x77)])
  }

  it('is laid out around the hole that its kernel knows of', async () => {
    const path = join(directory, 'hole')
    writeFileSync(path, withMoreAbove(4096 * MiB + 2 * MiB))
    const vm = openDump(path)
    expect(vm.target.facts).toEqual({ format: 'raw image, around a hole that begins at 0x800000' })
    expect(vm.problems).toEqual([])
    // Of the layouts that were tried it alone holds the file.
    expect(holding(path)).toBe(1)
    expect(vm.target.memory.ranges).toEqual([
      { start: 0, length: 8 * MiB },
      { start: 4096 * MiB, length: 2 * MiB },
    ])
    expect(vm.target.memory.read(asPhysical(4096 * MiB), 1).bytes[0]).toBe(0x77)
    await vm.close()
    const stated = openDump(path, { layout: 'q35:4M' })
    expect(stated.target.memory.ranges[1]).toEqual({ start: 4096 * MiB, length: 6 * MiB })
    await stated.close()
  })

  it('that is shorter than its kernel says is said to be cut', async () => {
    const path = join(directory, 'short')
    writeFileSync(path, withMoreAbove(16 * MiB))
    const vm = openDump(path)
    expect(vm.problems).toEqual([expect.stringMatching(/is cut short: it has 63 % of its 16777216 bytes/)])
    expect(vm.kernel.release).toBe('6.99.0-test')
    await vm.close()
  })

  it('that ends inside a frame is opened as far as it goes, and said to be cut', async () => {
    const path = join(directory, 'inside')
    const whole = withMoreAbove(10 * MiB)
    writeFileSync(path, whole.subarray(0, whole.length - 1000))
    const vm = openDump(path)
    expect(vm.problems).toEqual([expect.stringMatching(/inside is cut short: it has 99 % of its \d+ bytes/)])
    expect(vm.kernel.release).toBe('6.99.0-test')
    await vm.close()
    // One that its kernel has no more memory than.
    writeFileSync(path, Buffer.concat([whole, Buffer.alloc(1000)]))
    const longer = openDump(path)
    expect(longer.problems).toEqual([
      `${path} is cut short: it ends inside a frame, after ${whole.length + 1000} bytes`,
    ])
    await longer.close()
  })

  it('is as it lies where its kernel says that memory ends there', async () => {
    const path = join(directory, 'exact')
    writeFileSync(path, withMoreAbove(10 * MiB))
    const vm = openDump(path)
    expect(vm.target.facts).toEqual({ format: 'raw image, from address 0 on' })
    expect(vm.problems).toEqual([])
    expect(holding(path)).toBe(1)
    expect(vm.kernel.release).toBe('6.99.0-test')
    await vm.close()
  })

  /** A sparse file of that size, whose kernel says where memory ends. */
  function sparse(name: string, size: number, memoryEnd: number): string {
    const path = join(directory, name)
    writeFileSync(path, withMoreAbove(memoryEnd))
    truncateSync(path, size)
    return path
  }
  const GiB = 1024 * MiB
  const isGuess = (path: string) =>
    expect.stringContaining(
      `the layout of the image is a guess (from address 0 on): state it in ${path}.layout`,
    )

  it.each([
    ['all of it', 0, true],
    ['all but 64 MiB less a page, which firmware keeps', 64 * MiB - 4096, true],
    ['all but 64 MiB', 64 * MiB, false],
  ])('is proven to lie as it is where its kernel has %s', async (_, less, isProven) => {
    const path = sparse('kept', 80 * MiB, 80 * MiB - less)
    const vm = openDump(path)
    expect(vm.target.facts).toEqual({ format: 'raw image, from address 0 on' })
    expect(vm.problems).toEqual(isProven ? [] : [isGuess(path)])
    expect(holding(path)).toBe(1)
    await vm.close()
    rmSync(path)
  })

  it.each([
    ['around a hole that begins at 0x80000000', 4 * GiB, 6 * GiB, [2, 2]],
    ['around a hole that begins at 0xc0000000', 4 * GiB, 5 * GiB, [3, 1]],
    ['around a hole that begins at 0x40000000', 2 * GiB, 5 * GiB, [1, 1]],
    ['from address 0 on', 4 * GiB, 4 * GiB, [4]],
  ] as const)('of gigabytes is laid out %s', async (format, size, memoryEnd, lengths) => {
    const path = sparse('gigabytes', size, memoryEnd)
    const vm = openDump(path)
    expect(vm.target.facts).toEqual({ format: `raw image, ${format}` })
    expect(vm.problems).toEqual([])
    expect(vm.target.memory.ranges.map(({ length }) => length / GiB)).toEqual(lengths)
    expect(holding(path)).toBe(1)
    await vm.close()
    rmSync(path)
  })

  it('is none that is shorter than a MiB', () => {
    const path = sparse('small', 10 * MiB, 10 * MiB)
    const dump = openRaw(path)
    expect(dump?.architecture).toBeUndefined()
    dump?.memory.close()
    truncateSync(path, MiB - 4096)
    expect(openRaw(path)).toBeUndefined()
    expect(holding(path)).toBe(0)
    writeFileSync(`${path}.layout`, ' '.repeat(2 ** 20 + 1))
    expect(() => openRaw(path)).toThrow(`${path}.layout is too long for a layout`)
  })

  it('leaves a stated layout of a dump that says itself where its memory lies', () => {
    const path = join(directory, 'core')
    writeFileSync(path, buildElfCore({ loads: [{ physical: 0, bytes: memory }] }))
    expect(() => openDump(path, { layout: 'q35' })).toThrow(
      /says itself where its memory lies; leave --layout out/,
    )
  })

  it('that is the RAM of a stream is laid out in the same way', async () => {
    const path = join(directory, 'block')
    const bytes = withMoreAbove(4096 * MiB + 2 * MiB)
    writeFileSync(path, bytes)
    const lay = (segments: readonly Segment[]) => openRawImage(path, () => segments)
    const segments = ramLayout('q35', bytes.length)
    const dump: Dump = {
      format: 'stream',
      architecture: 'x86_64',
      memory: lay(segments),
      ram: { size: bytes.length, segments, lay },
      cpus: [],
      vmcoreinfo: undefined,
      problems: [],
    }
    expect(laidOut(dump, undefined)).toMatchObject({
      format: 'stream, RAM around a hole that begins at 0x800000',
      memory: { ranges: [{ start: 0 }, { start: 4096 * MiB, length: 2 * MiB }] },
    })
    expect(laidOut(dump, 'pc:6M').memory.ranges[1]).toEqual({ start: 4096 * MiB, length: 4 * MiB })
    // How much RAM there is the stream says itself.
    for (const layout of ['0:0:16M', '0:0:8M, 4G:32M:'])
      expect(() => laidOut(dump, layout)).toThrow(
        /^the layout reaches beyond the \d+ bytes of RAM of this dump$/,
      )
    expect(layoutUpTo(10 * MiB, 8 * MiB)).toEqual([{ physical: 0, offset: 0, length: 10 * MiB }])
    expect(layoutUpTo(10 * MiB, 4096 * MiB + 20 * MiB)).toBeUndefined()
  })

  it('is refused when no kernel is in it', () => {
    const path = join(directory, 'noise')
    writeFileSync(path, Buffer.alloc(2 ** 21, 7))
    expect(() => openDump(path)).toThrow(/nor RAM in which a kernel proves itself/)
  })
})
