import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { CryoscopeError } from '../../src/errors.js'
import { open, openDump } from '../../src/session/open.js'
import { addArray } from '../support/bpf-objects.js'
import { buildElfCore, prstatusNote } from '../support/elf-core.js'
import { KernelGuest } from '../support/kernel-guest.js'

const directory = mkdtempSync(join(tmpdir(), 'cryoscope-open-'))
const file = (name: string, bytes: Uint8Array | string): string => {
  const path = join(directory, name)
  writeFileSync(path, bytes)
  return path
}
afterAll(() => rmSync(directory, { recursive: true }))

describe('openDump', () => {
  it('opens the dump of a guest, with its vCPUs and maps', async () => {
    const guest = new KernelGuest()
    addArray(guest, { id: 4, name: 'stats', valueSize: 8, maxEntries: 2 }, [new Uint8Array(8).fill(5)])
    guest.finish()
    const registers = Array.from({ length: 27 }, (_, i) => (i === 17 ? 0x33n : BigInt(i)))
    const vm = openDump(
      file(
        'vmcore',
        buildElfCore({
          loads: [{ physical: 0, bytes: guest.memory.bytes }],
          notes: [prstatusNote(registers)],
        }),
      ),
    )
    expect(vm.target).toMatchObject({
      name: 'vmcore',
      control: undefined,
      problems: [],
      facts: { format: 'ELF core' },
    })
    expect(vm.state).toBe('dump')
    expect(vm.kernel.release).toBe('6.99.0-test')
    expect([...vm.map('stats').json()][0]).toBe(
      '{"key":{"hex":"00000000"},"value":{"hex":"0505050505050505"}}',
    )
    const [vcpu] = vm.vcpus
    // Two CPUs are possible, and nothing says which of them it is.
    expect(vcpu).toMatchObject({ index: 0, cpu: undefined, rip: 16n, halted: undefined, privilege: 3 })
    expect(vcpu?.registers).not.toHaveProperty('orig_rax')
    await vm.close()
    expect(() => vm.map('stats').entry(0)).toThrow(CryoscopeError)
  })

  it('opens a dump that is cut short as far as it goes', async () => {
    const guest = new KernelGuest()
    guest.finish()
    const core = buildElfCore({ loads: [{ physical: 0, bytes: guest.memory.bytes }] })
    const vm = openDump(file('cut', core.subarray(0, core.length - 2 ** 20)))
    expect(vm.problems).toEqual([
      expect.stringMatching(
        /is cut short: it has 88 % of its \d+ bytes: 1048576 bytes of memory are missing/,
      ),
    ])
    // Not that it may not have booted: what is missing may hold the kernel.
    expect(() => vm.kernel).toThrow(
      /no Linux kernel found in ELF core .*cut is cut short: it has 88 % .*get the rest of the file$/,
    )
    expect(() => vm.kernel).not.toThrow(/may not have booted/)
    await vm.close()
  })

  it.each<[string, () => string, string, string]>([
    [
      'that is not there',
      () => join(directory, 'none'),
      'not-found',
      'a target is a dump file, or @name of a guest',
    ],
    ['that is a directory', () => directory, 'usage', 'is no file'],
    ['that is empty', () => file('empty', ''), 'unreadable', 'is empty'],
    ['of text', () => file('text', 'hello'), 'unreadable', 'is no dump format known here'],
    [
      'in gzip',
      () => file('gz', Buffer.from('1f8b08', 'hex')),
      'unreadable',
      'is gzip data; unpack it first',
    ],
    [
      'in zstd',
      () => file('zst', Buffer.from('28b52ffd', 'hex')),
      'unreadable',
      'is zstd data; unpack it first',
    ],
    ['of QEMU', () => file('qemu', 'QEVM\0\0'), 'unreadable', 'is cut short before the QEMU stream'],
    [
      'without memory',
      () => file('none.core', buildElfCore({ loads: [] })),
      'unreadable',
      'it has no load segments',
    ],
  ])('has a sentence for a file %s', (_, path, code, sentence) => {
    const target = path()
    expect(() => openDump(target)).toThrow(CryoscopeError)
    expect(() => openDump(target)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(sentence) }),
    )
  })
})

describe('open', () => {
  it('opens what it is told', async () => {
    const core = file('core', buildElfCore({ loads: [{ physical: 0, bytes: new Uint8Array(4096) }] }))
    const vm = await open(core)
    expect(vm.state).toBe('dump')
    await vm.close()
    await expect(open(join(directory, 'none'))).rejects.toThrow(CryoscopeError)
  })

  it('has a sentence for a guest that does not run', async () => {
    await expect(open('@no-such-guest-anywhere')).rejects.toThrow(CryoscopeError)
  })

  it('does not take a socket for a file', async () => {
    const path = join(directory, 'socket')
    const server = createServer().listen(path)
    await new Promise((resolve) => server.once('listening', resolve))
    await expect(open(path)).rejects.toThrow(CryoscopeError)
    await new Promise((resolve) => server.close(resolve))
  })
})

describe('a target that is opened', () => {
  const core = (): string => {
    const guest = new KernelGuest()
    guest.finish()
    return file('whole', buildElfCore({ loads: [{ physical: 0, bytes: guest.memory.bytes }] }))
  }

  it('shows what is only supported, unless only what is proven is asked for', async () => {
    const path = core()
    const [plain, proven] = [await open(path), await open(path, { onlyProven: true })]
    expect([plain.onlyProven, proven.onlyProven]).toEqual([false, true])
    await plain.close()
    await proven.close()
  })

  it('is let go where an object cannot be added', async () => {
    const path = core()
    const files = (): number => readdirSync('/proc/self/fd').length
    const before = files()
    await expect(open(path, { objects: [join(directory, 'no.o')] })).rejects.toThrow(CryoscopeError)
    expect(files()).toBe(before)
  })

  it('is no socket, no device and nothing below a file', async () => {
    const socket = join(directory, 'other')
    const server = createServer().listen(socket)
    await new Promise((resolve) => server.once('listening', resolve))
    expect(() => openDump(socket)).toThrow(`${socket} is a socket, not a dump; open it with attach`)
    await new Promise((resolve) => server.close(resolve))
    expect(() => openDump('/dev/null')).toThrow('/dev/null is no file')
    const below = join(core(), 'below')
    expect(() => openDump(below)).toThrow(`cannot read ${below}: ENOTDIR`)
  })
})

it('the machine itself is a target, with what of it has changed', async () => {
  const guest = new KernelGuest()
  guest.finish()
  const drift = () => ({ changed: 1, read: 2 })
  const host = {
    memory: guest.memory,
    vmcoreinfo: undefined,
    problems: ['odd'],
    format: 'running kernel',
    drift,
  }
  vi.doMock('../../src/memory/kcore.js', () => ({ openKcore: () => host }))
  try {
    const vm = await open('live')
    expect(vm.target).toMatchObject({
      name: 'live',
      control: undefined,
      problems: ['odd'],
      facts: { format: 'running kernel' },
      drift,
    })
    expect(vm.vcpus).toHaveLength(0)
    expect(vm.kernel.release).toBe('6.99.0-test')
    await vm.close()
  } finally {
    vi.doUnmock('../../src/memory/kcore.js')
  }
})
