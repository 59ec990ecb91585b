import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { asPhysical, asPosition } from '../../src/brands.js'
import { without, writeCoreFile } from '../../src/session/core-file.js'
import { openDump } from '../../src/session/open.js'
import { watch } from '../../src/session/watch.js'
import { addArray } from '../support/bpf-objects.js'
import { buildElfCore } from '../support/elf-core.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { Types } from '../support/kernel-types.js'
import { openedOn } from './support/sessions.js'

const directory = mkdtempSync(join(tmpdir(), 'cryoscope-core-file-'))
afterAll(() => rmSync(directory, { recursive: true }))

const guest = new KernelGuest()
addArray(guest, { id: 4, name: 'stats', valueSize: 8, maxEntries: 2 }, [new Uint8Array(8).fill(5)])
addArray(guest, { id: 9, name: 'large', valueSize: 4096, maxEntries: 50 }, [new Uint8Array(4096).fill(6)])
guest.finish()
const path = join(directory, 'vmcore')
writeFileSync(path, buildElfCore({ loads: [{ physical: 0, bytes: guest.memory.bytes }] }))

const range = (start: number, end: number) => Array.from({ length: end - start }, (_, i) => start + i)
const entries = (vm: ReturnType<typeof openDump>, name: string): string[] => [...vm.map(name).json()]

describe('writeCoreFile', () => {
  it.each(['elf', 'kdump'] as const)('writes all of a target as %s', async (format) => {
    const vm = openDump(path)
    const file = join(directory, `whole.${format}`)
    const seen: [done: number, total: number][] = []
    const progress = (done: number, total: number) => seen.push([done, total])
    const size = await writeCoreFile(vm, file, undefined, { format, progress })
    expect(statSync(file)).toMatchObject({ size, mode: 0o100600 })
    expect(seen.at(-1)?.[0]).toBe(seen.at(-1)?.[1])
    const again = openDump(file)
    expect(again.problems).toEqual([])
    expect(again.kernel.release).toBe(vm.kernel.release)
    expect(again.target.memory.ranges).toEqual(vm.target.memory.ranges)
    for (const { start, length } of vm.target.memory.ranges) {
      const bytes = (session: typeof vm) => Buffer.from(session.target.memory.read(start, length).bytes)
      expect(bytes(again).equals(bytes(vm))).toBe(true)
    }
    expect(entries(again, 'large')).toEqual(entries(vm, 'large'))
    await again.close()
    await vm.close()
  })

  it.each(['elf', 'kdump'] as const)(
    'writes only what was read as %s, and what was not reads as absent',
    async (format) => {
      const vm = openDump(path)
      const watched = watch(vm)
      const stats = entries(watched.session, 'stats')
      const file = join(directory, `touched.${format}`)
      await writeCoreFile(watched.session, file, watched.touched(), { format })
      expect(statSync(file).size).toBeLessThan(statSync(path).size / 2)
      const again = openDump(file)
      expect(again.kernel.release).toBe(vm.kernel.release)
      expect(again.maps.map(({ name }) => name)).toEqual(['stats', 'large'])
      expect(entries(again, 'stats')).toEqual(stats)
      expect(() => entries(again, 'large')).not.toThrow()
      expect(entries(again, 'large').length).toBeLessThan(50)
      await again.close()
      await vm.close()
    },
  )

  it.each(['elf', 'kdump'] as const)(
    'leaves out what a damaged source cannot read, as %s',
    async (format) => {
      const vm = openDump(path)
      const lost = [3, 4, 9]
      const { memory } = vm.target
      const locate = memory.locate.bind(memory)
      const spy = vi.spyOn(memory, 'locate')
      spy.mockImplementation((frame) => asPosition(lost.includes(frame) ? -1 : locate(frame)))
      const file = join(directory, `damaged.${format}`)
      expect(await writeCoreFile(vm, file, undefined, { format })).toBe(statSync(file).size)
      const again = openDump(file)
      const readable = (frame: number) => again.target.memory.read(asPhysical(frame * 4096), 4096).ok
      expect(range(0, 12).filter((frame) => !readable(frame))).toEqual(lost)
      expect(again.kernel.release).toBe(vm.kernel.release)
      spy.mockImplementation(() => asPosition(-1))
      await expect(writeCoreFile(vm, join(directory, 'gone'), undefined, { format })).rejects.toThrow(
        /can no longer be read/,
      )
      await again.close()
      await vm.close()
    },
  )

  it('goes through a pipe as elf, which is written in order, and not as kdump', async () => {
    const vm = openDump(path)
    const pipe = join(directory, 'pipe')
    execFileSync('mkfifo', [pipe])
    const copy = join(directory, 'copy')
    const reader = spawn('sh', ['-c', `cat "${pipe}" > "${copy}"`])
    const ended = once(reader, 'close')
    const size = await writeCoreFile(vm, pipe)
    await ended
    expect(statSync(copy).size).toBe(size)
    const file = join(directory, 'beside')
    await writeCoreFile(vm, file)
    expect(readFileSync(copy).equals(readFileSync(file))).toBe(true)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    await expect(writeCoreFile(vm, '/dev/null', undefined, { format: 'kdump' })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('take --format elf'),
    })
    await expect(writeCoreFile(vm, '/dev/full')).rejects.toMatchObject({ code: 'environment' })
    await vm.close()
  })

  it('leaves nothing behind when it is broken off or cannot write', async () => {
    const vm = openDump(path)
    const file = join(directory, 'aborted')
    await expect(writeCoreFile(vm, file, undefined, { signal: AbortSignal.abort() })).rejects.toThrow()
    expect(existsSync(file)).toBe(false)
    expect(readdirSync(directory).filter((name) => name.includes('.part'))).toEqual([])
    await expect(writeCoreFile(vm, join(directory, 'none/core'))).rejects.toThrow(/cannot write/)
    await vm.close()
  })
})

describe.each(['elf', 'kdump'] as const)('a dump that is written as %s', (format) => {
  it('lets signals have their turn between its pieces', async () => {
    const vm = openDump(path)
    const abort = new AbortController()
    const progress = vi.fn(() => void setImmediate(() => abort.abort()))
    const file = join(directory, 'turns')
    await expect(
      writeCoreFile(vm, file, undefined, { format, progress, signal: abort.signal }),
    ).rejects.toThrow()
    expect(progress).toHaveBeenCalledOnce()
    expect(existsSync(file)).toBe(false)
    await vm.close()
  })

  it('says how far it is, and never goes back', async () => {
    const vm = openDump(path)
    const seen: [number, number][] = []
    await writeCoreFile(vm, join(directory, 'progress'), undefined, {
      format,
      progress: (done, total) => seen.push([done, total]),
    })
    const [, total = 0] = seen[0] ?? []
    expect(seen.length).toBeGreaterThan(1)
    expect(seen.every(([, each]) => each === total)).toBe(true)
    expect(seen.map(([done]) => done)).toEqual(seen.map(([done]) => done).toSorted((a, b) => a - b))
    const length = guest.memory.bytes.length
    if (format === 'kdump') expect(total).toBe(length)
    else expect(total).toBeGreaterThan(length)
    await vm.close()
  })

  it('has pages of minus zero and of what does not shrink, and leaves out what is lost at an edge', async () => {
    const bytes = guest.memory.bytes.slice()
    // Frames 0 to 2 belong to nobody.
    bytes.fill(0, 0, 3 * 4096)
    bytes[4096 + 7] = 0x80
    bytes.set(randomBytes(4096), 2 * 4096)
    const source = join(directory, `edges.${format}.source`)
    const frames = bytes.length / 4096
    writeFileSync(source, buildElfCore({ loads: [{ physical: 0, bytes }] }))
    const vm = openDump(source)
    const written = async (lost: readonly number[]) => {
      const { memory } = vm.target
      const locate = memory.locate.bind(memory)
      const spy = vi.spyOn(memory, 'locate')
      spy.mockImplementation((frame) => asPosition(lost.includes(frame) ? -1 : locate(frame)))
      const file = join(directory, `edges.${format}`)
      await writeCoreFile(vm, file, undefined, { format })
      spy.mockRestore()
      const again = openDump(file)
      const read = range(0, frames).filter(
        (frame) => !again.target.memory.read(asPhysical(frame * 4096), 4096).ok,
      )
      const first = Buffer.from(again.target.memory.read(asPhysical(4096), 8192).bytes)
      await again.close()
      return { lost: read, isSame: first.equals(bytes.subarray(4096, 3 * 4096)) }
    }
    expect(await written([])).toEqual({ lost: [], isSame: true })
    // Frame 3 on is what finding the kernel may need; what nobody has is at the start and the end.
    expect(await written([0])).toEqual({ lost: [0], isSame: true })
    await vm.close()
  })
})

it('a kdump says the version of its kernel, where it is known', async () => {
  const versionIn = async (made: KernelGuest): Promise<string> => {
    made.finish()
    const file = join(directory, 'version')
    await writeCoreFile(openedOn(made).vm, file, undefined, { format: 'kdump' })
    const name = readFileSync(file).subarray(12 + 3 * 65, 12 + 4 * 65)
    return name.toString('latin1').replace(/\0.*$/s, '')
  }
  const t = new Types()
  t.struct('uts_namespace', { pad: t.u64, name: t.struct('new_utsname', { version: t.text(65) }) })
  const named = new KernelGuest({ btf: t.b.build() })
  named.write(named.global('init_uts_ns', 80) + 8n, Buffer.from('#7 SMP\0'))
  expect(await versionIn(named)).toBe('#7 SMP')
  expect(await versionIn(new KernelGuest())).toBe('unknown')
  // Its types do not have what the symbol is.
  const untyped = new KernelGuest()
  untyped.global('init_uts_ns', 80)
  expect(await versionIn(untyped)).toBe('unknown')
})

describe('what is held without what was lost', () => {
  type Pairs = readonly (readonly [start: number, end: number])[]
  const ranges = (pairs: Pairs) =>
    pairs.map(([start, end]) => ({ start: asPhysical(start), length: end - start }))

  it.each<[Pairs, Pairs, Pairs]>([
    [[[0, 10]], [], [[0, 10]]],
    [[[0, 10]], [[0, 10]], []],
    [[[0, 10]], [[0, 3]], [[3, 10]]],
    [[[0, 10]], [[7, 10]], [[0, 7]]],
    [
      [[0, 10]],
      [
        [2, 3],
        [5, 6],
      ],
      [
        [0, 2],
        [3, 5],
        [6, 10],
      ],
    ],
    // A block that was lost goes over the end of one range into the next, or over all of it.
    [
      [
        [0, 10],
        [12, 20],
      ],
      [[8, 14]],
      [
        [0, 8],
        [14, 20],
      ],
    ],
    [
      [
        [0, 10],
        [12, 14],
        [16, 20],
      ],
      [[8, 18]],
      [
        [0, 8],
        [18, 20],
      ],
    ],
    [
      [
        [4, 10],
        [12, 20],
      ],
      [
        [0, 5],
        [10, 12],
        [19, 24],
      ],
      [
        [5, 10],
        [12, 19],
      ],
    ],
  ])('%j without %j is %j', (held, lost, left) => {
    expect(without(ranges(held), ranges(lost))).toEqual(ranges(left))
  })
})
