import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import koffi from 'koffi'
import { describe, expect, it } from 'vitest'
import { asFrame, asPhysical } from '../../src/brands.js'
import { system } from '../../src/memory/libc.js'
import { openProcessMemory } from '../../src/memory/process-memory.js'

const frame = 4096
const pages = 40

/** Anonymous memory of this process, of which only some pages were touched: byte 7 of each holds its number. */
function anonymous(touched: readonly number[]): number {
  const pointer = system().mmap(null, pages * frame, 3, 0x22, -1, 0)
  const bytes = new Uint8Array(koffi.view(pointer, pages * frame))
  for (const page of touched) bytes[page * frame + 7] = page
  return Number(koffi.address(pointer))
}

describe('RAM that only another process has', () => {
  const touched = [0, 1, 5, 6, 7, 20, 39]
  const address = anonymous(touched)

  it('is read at the addresses of the process, by physical address', () => {
    // The second half lies first in the guest.
    const half = (pages / 2) * frame
    const memory = openProcessMemory(
      process.pid,
      [
        { physical: asPhysical(0x100000), address, length: half },
        { physical: asPhysical(0), address: address + half, length: half },
      ],
      'RAM of this process',
    )
    try {
      expect(memory.description).toBe('RAM of this process')
      expect(memory.ranges.map(({ start, length }) => [start, length])).toEqual([
        [0, half],
        [0x100000, half],
      ])
      // Only what the process has pages for is to be searched.
      expect(memory.dataRanges().map(({ start, length }) => [start / frame, length / frame])).toEqual([
        [0, 1],
        [19, 1],
        [0x100, 2],
        [0x105, 3],
      ])
      const byteOf = (physical: number): number | undefined => memory.read(asPhysical(physical), 8).bytes[7]
      expect([byteOf(0x100000 + frame), byteOf(0x100000 + 6 * frame), byteOf(19 * frame)]).toEqual([1, 6, 39])
      expect(memory.locate(asFrame(20))).toBe(-1)
      expect(memory.locate(asFrame(0x100 + 20))).toBe(-1)
      expect(memory.locate(asFrame(0xff))).toBe(-1)
      expect(memory.locate(asFrame(0x100 + 19))).toBeGreaterThanOrEqual(0)
      expect(memory.read(asPhysical(half), 1).ok).toBe(false)
    } finally {
      memory.close()
    }
  })

  it('is looked at again after `invalidate`, and is as it was before', () => {
    const page = anonymous([0, 1, 3, 39])
    const memory = openProcessMemory(
      process.pid,
      [{ physical: asPhysical(0), address: page, length: pages * frame }],
      'RAM',
    )
    try {
      const read = (): number | undefined => memory.read(asPhysical(3 * frame), 8).bytes[7]
      expect(read()).toBe(3)
      // An area that goes to the end of its memory is whole.
      expect(memory.dataRanges().map(({ start, length }) => [start / frame, length / frame])).toEqual([
        [0, 2],
        [3, 1],
        [39, 1],
      ])
      const bytes = new Uint8Array(koffi.view(BigInt(page) as never, pages * frame))
      bytes[3 * frame + 7] = 77
      expect(read()).toBe(3)
      memory.invalidate?.()
      expect(read()).toBe(77)
    } finally {
      memory.close()
    }
  })

  it('of a process that is not there cannot be opened, and says what is needed', () => {
    expect(() => openProcessMemory(2 ** 22 + 1, [], 'RAM')).toThrow(
      /may not read the memory of process 4194305; run as/,
    )
    // An address at which the process has nothing.
    expect(() =>
      openProcessMemory(process.pid, [{ physical: asPhysical(0), address: 4096, length: frame }], 'RAM'),
    ).toThrow(/may not read the memory of process/)
  })

  it('is what the file says where a file is mapped', () => {
    const exe = readlinkSync('/proc/self/exe')
    const line = readFileSync('/proc/self/maps', 'utf8')
      .split('\n')
      .find((each) => each.endsWith(exe) && / 00000000 /.test(each))
    const start = Number.parseInt(line ?? '', 16)
    const memory = openProcessMemory(
      process.pid,
      [{ physical: asPhysical(frame), address: start, length: frame }],
      'RAM',
    )
    try {
      const { bytes } = memory.read(asPhysical(frame), 64)
      expect(Buffer.compare(bytes, readFileSync(exe).subarray(0, 64))).toBe(0)
    } finally {
      memory.close()
    }
  })
})

describe('parts that another process has pages for', () => {
  const open = (pid: number, address: number, length: number) =>
    openProcessMemory(pid, [{ physical: asPhysical(0), address, length }], 'RAM')
  const whole = (length: number): object[] => [{ start: 0, length }]

  it('are all of them where they are not known', async () => {
    const child = spawn('sleep', ['60'])
    await once(child, 'spawn')
    const maps = readFileSync(`/proc/${child.pid}/maps`, 'latin1')
    const memory = open(child.pid as number, Number.parseInt(maps, 16), 2 * frame)
    try {
      child.kill('SIGKILL')
      await once(child, 'exit')
      expect(memory.dataRanges()).toEqual(whole(2 * frame))
      expect(memory.read(asPhysical(0), 1).ok).toBe(false)
    } finally {
      memory.close()
    }
    const address = anonymous([0])
    const odd = open(process.pid, address + 1, frame)
    expect(odd.dataRanges()).toEqual(whole(frame))
    odd.close()
  })

  it('leave no file open', () => {
    const memory = open(process.pid, anonymous([0]), frame)
    const files = (): number => readdirSync('/proc/self/fd').length
    const before = files()
    for (let n = 0; n < 8; n++) memory.dataRanges()
    expect(files()).toBe(before)
    memory.close()
    expect(files()).toBe(before - 1)
  })
})
