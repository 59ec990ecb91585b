import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { asPhysical } from '../../src/brands.js'
import { missingRam } from '../../src/kernel/system-ram.js'
import type { PhysicalMemory } from '../../src/memory/types.js'
import { Report } from '../../src/report/report.js'
import { missingRamText } from '../../src/session/missing-ram.js'
import { openDump } from '../../src/session/open.js'
import { buildElfCore } from '../support/elf-core.js'
import { buildKdump } from '../support/kdump.js'
import { KernelGuest } from '../support/kernel-guest.js'

const MiB = 2 ** 20
const wild = 0xffff800000001000n
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-ram-'))
afterAll(() => rmSync(directory, { recursive: true }))

interface Resource {
  readonly name: string
  /** MiB. */
  readonly from: number
  readonly to: number
  readonly children?: readonly Resource[]
}

/** A kernel whose tree of resources this is; with `isTorn` the last of the top ones is no memory. */
function guestOf(
  tree: readonly Resource[],
  { isTorn = false, memoryEnd = 0, loops = false } = {},
): KernelGuest {
  const guest = new KernelGuest()
  const { objects } = guest
  const write = ({ name, from, to, children = [] }: Resource, sibling: bigint): bigint => {
    const text = guest.alloc(32)
    guest.write(text, Buffer.from(`${name}\0`))
    const child = children.reduceRight((next, one) => write(one, next), 0n)
    return objects.make('resource', { start: from * MiB, end: to * MiB - 1, name: text, sibling, child })
  }
  const last = isTorn ? wild : 0n
  const child = tree.reduceRight((next, one) => write(one, next), last)
  const root = guest.global('iomem_resource', objects.sizeOf('resource'))
  objects.set('resource', root, { end: 2n ** 46n, child })
  if (loops) objects.set('resource', child, { sibling: child })
  guest.u64(guest.global('max_pfn', 8), BigInt((memoryEnd * MiB) / 4096))
  return guest
}

/** Memory of these parts, in MiB. */
function memoryOf(...parts: readonly (readonly [from: number, to: number])[]): PhysicalMemory {
  const ranges = parts.map(([from, to]) => ({ start: asPhysical(from * MiB), length: (to - from) * MiB }))
  return { ranges } as unknown as PhysicalMemory
}

const pc: readonly Resource[] = [
  { name: 'Reserved', from: 0, to: 1 / 256 },
  { name: 'System RAM', from: 1 / 256, to: 5 / 8 },
  {
    name: 'System RAM',
    from: 1,
    to: 64,
    children: [
      { name: 'Kernel code', from: 2, to: 3 },
      { name: 'Crash kernel', from: 40, to: 48 },
    ],
  },
  // Partly: whole frames count.
  { name: 'System RAM', from: 100 + 1 / 1024, to: 104 + 1 / 1024 },
  { name: 'System RAM (virtio_mem)', from: 200, to: 300 },
  { name: 'PCI Bus 0000:00', from: 400, to: 500, children: [{ name: 'System RAM', from: 410, to: 412 }] },
]

describe('RAM that a dump lacks', () => {
  const kernel = guestOf(pc).kernel()
  const missing = (...parts: readonly (readonly [number, number])[]) => missingRam(kernel, memoryOf(...parts))

  it('is none where each whole frame is there that a dump can have', () => {
    expect(missing([0, 512])).toBeUndefined()
    // What kexec and the capture kernel have is in no /proc/vmcore; parts may overlap, and come in any order.
    expect(missing([410, 412], [48, 64], [1, 30], [20, 40], [100, 105])).toBeUndefined()
    const exact = { start: asPhysical(100 * MiB + 4096), length: 4 * MiB - 4096 }
    const { ranges } = memoryOf([1, 64], [410, 412])
    expect(missingRam(kernel, { ranges: [...ranges, exact] } as unknown as PhysicalMemory)).toBeUndefined()
  })

  it('is what is in none of its parts', () => {
    const total = (39 + 16 + 4 + 2) * MiB - 4096
    expect(missing([1, 64], [100, 105])).toEqual({ total, missing: 2 * MiB, first: 410 * MiB })
    expect(missing([1, 10], [12, 50], [60, 64], [100, 105], [411, 412])).toEqual({
      total,
      missing: (2 + 10 + 1) * MiB,
      first: 10 * MiB,
    })
    expect(missing()).toEqual({ total, missing: total, first: MiB })
    expect(missingRamText(kernel, memoryOf([1, 40]))).toBe(
      'the kernel has 61 MiB of RAM, of which this dump holds 64 %: the rest, from 0x3000000 on, was left out or has not come',
    )
    expect(missingRamText(kernel, memoryOf([0, 512]))).toBeUndefined()
  })

  it('is told by the end of memory where the tree lies in what is missing', () => {
    const torn = guestOf(pc, { isTorn: true, memoryEnd: 412 }).kernel()
    expect(missingRamText(torn, memoryOf([0, 64]))).toBe(
      'the kernel knows RAM up to 0x19c00000, and this dump ends at 0x4000000: what lies above was left out or has not come, unless it was unplugged',
    )
    expect(missingRamText(torn, memoryOf([0, 412]))).toBeUndefined()
    expect(missingRamText(torn, memoryOf())).toMatch(/ends at 0x0:/)
    // Memory that was unplugged is still in it.
    const unplugged = guestOf([{ name: 'System RAM', from: 1, to: 8 }], { memoryEnd: 412 }).kernel()
    expect(missingRamText(unplugged, memoryOf([0, 8]))).toBeUndefined()
  })

  it('ends where the tree leads back to itself, or is not known', () => {
    const loop = guestOf([{ name: 'Reserved', from: 0, to: 1 }], { loops: true }).kernel()
    expect(() => missingRam(loop, memoryOf([0, 8]))).toThrow('the tree of resources leads back to itself')
    expect(missingRam(new KernelGuest().kernel(), memoryOf())).toBeUndefined()
  })
})

describe('a dump', () => {
  const guest = guestOf([{ name: 'System RAM', from: 1, to: 64 }])
  guest.finish()
  const bytes = Buffer.from(guest.memory.bytes)
  const path = join(directory, 'dump')
  const problemsOf = async (file: Uint8Array, layout?: string) => {
    writeFileSync(path, file)
    const vm = openDump(path, { layout })
    expect(vm.kernel.release).toBe('6.99.0-test')
    const { problems } = vm
    // Who reads a report of it is told the same.
    const report = Report.take(vm)
    const told = report.head.problems.filter(({ code }) => code === 'target').map(({ message }) => message)
    report.close()
    expect(told).toEqual(problems)
    await vm.close()
    return problems
  }

  it('of a format that cannot tell says what its kernel has and it has not', async () => {
    const head = Buffer.alloc(32)
    head.writeUInt32LE(0x4c694d45, 0)
    head.writeUInt32LE(1, 4)
    head.writeBigUInt64LE(BigInt(bytes.length - 1), 16)
    const said = [expect.stringMatching(/^the kernel has 63 MiB of RAM, of which this dump holds 1?\d %: /)]
    expect(await problemsOf(Buffer.concat([head, bytes]))).toEqual(said)
    expect(await problemsOf(buildElfCore({ loads: [{ physical: 0, bytes }] }))).toEqual(said)
    expect(await problemsOf(bytes, '0:0:')).toEqual(said)
    // One that is known to be cut says so itself.
    expect(await problemsOf(bytes, '0:0:64M')).toEqual([expect.stringContaining('is cut short')])
  })

  it('of a format that says what was left out does not', async () => {
    const pages = Array.from({ length: bytes.length / 4096 }, (_, page) => ({
      page,
      data: bytes.subarray(page * 4096, (page + 1) * 4096),
      flags: 0,
    }))
    expect(await problemsOf(buildKdump({ pages, pageCount: 64 * 256 }))).toEqual([])
  })
})
