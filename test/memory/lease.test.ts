import { execFile } from 'node:child_process'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import os, { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, describe, expect, it } from 'vitest'
import { asFrame, asPhysical } from '../../src/brands.js'
import { openBytes } from '../../src/memory/dump-bytes.js'
import { openElfCore } from '../../src/memory/elf-core.js'
import { buildElfCore } from '../support/elf-core.js'

const run = promisify(execFile)
const frame = 4096
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-lease-'))
afterAll(() => rmSync(directory, { recursive: true }))

const bytes = Uint8Array.from({ length: 64 * frame }, (_, i) => i % 251)

function core(name: string): string {
  const path = join(directory, name)
  writeFileSync(path, buildElfCore({ loads: [{ physical: 0, bytes }], notes: [] }))
  return path
}

/** Opens a file for writing in another process, which waits for whoever has a lease, and cuts it. */
async function cut(path: string): Promise<void> {
  await run('sh', ['-c', ': >"$0"', path])
}

/** Does something as on a machine with so many bytes of free memory. */
async function withFreeMemory(bytes: number, act: () => Promise<void>): Promise<void> {
  const { freemem } = os
  const answer = (told: typeof freemem): void => {
    os.freemem = told
    syncBuiltinESMExports()
  }
  answer(() => bytes)
  try {
    await act()
  } finally {
    answer(freemem)
  }
}

/** Address space of this process, in kB. */
function addressSpace(): number {
  return Number(/^VmSize:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1])
}

describe('a file that is cut while it is looked at', () => {
  it('is kept as it was when it was opened, and gives way', async () => {
    const path = core('cut')
    const { memory } = openElfCore(path)
    memory.locate(asFrame(0))
    const [window] = memory.windows
    expect(window).toBeDefined()
    const start = performance.now()
    await cut(path)
    // Whoever writes does not wait for the lease to be taken away.
    expect(performance.now() - start).toBeLessThan(20_000)
    expect(statSync(path).size).toBe(0)
    const { ok, bytes: read } = memory.read(asPhysical(0), bytes.length)
    expect(ok).toBe(true)
    expect(Buffer.compare(read, bytes)).toBe(0)
    expect(memory.lost).toBeUndefined()
    memory.close()
    expect(window?.bytes[5000]).toBe(0)
  })

  it.each([
    ['a quarter of free memory holds all of it', 0, true],
    ['a quarter of free memory is less', -4, false],
  ])('is kept where %s, and else dropped, with the reason', async (_, difference, isKept) => {
    // Pieces with holes between them.
    const path = join(directory, 'pieces')
    const piece = bytes.subarray(0, 16 * frame)
    writeFileSync(path, piece)
    await run('truncate', ['-s', String(2 ** 30 + 2 ** 20), path])
    const fd = openSync(path, 'r+')
    // Of the third a window is made only when the others are kept.
    const places = [0, 2 ** 23, 2 ** 30 + 2 ** 15]
    for (const place of places) writeSync(fd, piece, 0, piece.length, place)
    closeSync(fd)
    const file = openBytes(path)
    const { mapping } = file
    const data = mapping?.extents().reduce((sum, { length }) => sum + length, 0) ?? 0
    expect(data).toBeGreaterThanOrEqual(3 * piece.length)
    const view = file.bytes(2 ** 23, 16 * frame)
    let lost = 0
    if (mapping !== undefined) mapping.onLost = () => lost++
    await withFreeMemory(4 * data + difference, () => cut(path))
    expect(lost).toBe(isKept ? 0 : 1)
    expect(file.lost).toBe(
      isKept
        ? undefined
        : `${path} was opened for writing while it was looked at: what it held is not read any more`,
    )
    for (const offset of places) {
      const read = Buffer.from(file.bytes(offset, piece.length))
      // Of a file that is gone nothing is there, not even zeros; views from before read zeros.
      if (isKept) expect(Buffer.compare(read, piece)).toBe(0)
      else expect(read).toHaveLength(0)
    }
    expect(view.every((byte, i) => byte === (isKept ? (piece[i] as number) : 0))).toBe(true)
    file.close()
  })

  it('that somebody has open for writing is read and not mapped, and what was cut off is said to be missing', async () => {
    const path = core('written')
    const writer = openSync(path, 'r+')
    try {
      const { memory } = openElfCore(path)
      expect(memory.read(asPhysical(0), frame).ok).toBe(true)
      await run('truncate', ['-s', String(statSync(path).size - 32 * frame), path])
      // What was read before is known still.
      expect(Buffer.compare(memory.read(asPhysical(0), frame).bytes, bytes.subarray(0, frame))).toBe(0)
      expect(memory.read(asPhysical(40 * frame), frame)).toMatchObject({
        ok: false,
        problem: { kind: 'absent' },
      })
      expect(memory.lost).toMatch(/became shorter while it was looked at/)
      expect(memory.read(asPhysical(20 * frame), frame).ok).toBe(true)
      memory.close()
    } finally {
      closeSync(writer)
    }
  })

  it('leaves a file alone when it is closed', async () => {
    const path = core('closed')
    const file = openBytes(path)
    file.close()
    file.close()
    await cut(path)
    expect(statSync(path).size).toBe(0)
    expect(process.listenerCount('SIGIO')).toBe(0)
  })
})

it('a file of a terabyte opens at once, and nothing of it is mapped that nobody reads', async () => {
  const path = join(directory, 'terabyte')
  const head = Buffer.from(
    buildElfCore({ loads: [{ physical: 0, bytes: new Uint8Array(frame) }], notes: [] }),
  )
  const length = BigInt(2 ** 40)
  head.writeBigUInt64LE(length, 64 + 56 + 32)
  head.writeBigUInt64LE(length, 64 + 56 + 40)
  writeFileSync(path, head)
  await run('truncate', ['-s', '1025G', path])
  const before = addressSpace()
  const start = performance.now()
  const { memory } = openElfCore(path)
  expect(memory.ranges).toEqual([{ start: 0, length: 2 ** 40 }])
  expect(memory.read(asPhysical(2 ** 39), frame)).toEqual({ ok: true, bytes: new Uint8Array(frame) })
  expect(memory.dataRanges().reduce((sum, range) => sum + range.length, 0)).toBeLessThan(2 ** 20)
  expect(performance.now() - start).toBeLessThan(2000)
  expect(addressSpace() - before).toBeLessThan(4 * 2 ** 20)
  memory.close()
})

describe('the address space of files that were closed', () => {
  it('goes back when nobody looks at it any more', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const path = join(directory, 'sparse')
    writeFileSync(path, '')
    await run('truncate', ['-s', '1G', path])
    const before = addressSpace()
    const kept = openBytes(path)
    const view = kept.mapping?.window(0)
    kept.close()
    for (let i = 0; i < 60; i++) {
      const file = openBytes(path)
      expect(file.bytes(2 ** 29, 1)[0]).toBe(0)
      file.close()
    }
    for (let i = 0; i < 10 && addressSpace() - before > 8 * 2 ** 20; i++) {
      collect()
      await new Promise((go) => setTimeout(go, 20))
    }
    // Sixty files of 1 GiB each were mapped.
    expect(addressSpace() - before).toBeLessThan(8 * 2 ** 20)
    expect(view?.bytes[2 ** 30 - 1]).toBe(0)
  })
})
