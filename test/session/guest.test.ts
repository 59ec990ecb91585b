import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { asPhysical } from '../../src/brands.js'
import { CryoscopeError } from '../../src/errors.js'
import { KeptNote } from '../../src/machine/kept-note.js'
import { Machine } from '../../src/machine/machine.js'
import { attach, boot, connect, openRecorded, sessionOfRecord, vcpuSources } from '../../src/session/guest.js'
import { open } from '../../src/session/open.js'
import type { RunRecord } from '../../src/time/record.js'
import { magic } from '../../src/time/recording-file.js'
import { KernelGuest } from '../support/kernel-guest.js'

const directory = mkdtempSync(join(tmpdir(), 'cryoscope-guest-'))
afterAll(() => rmSync(directory, { recursive: true }))
afterEach(() => vi.restoreAllMocks())

const guest = new KernelGuest()
guest.finish()
const path = join(directory, 'ram')
writeFileSync(path, guest.memory.bytes)

/** A machine whose RAM is a file of ours, in the ways that a test lets it have. */
class FakeMachine {
  state: 'running' | 'frozen' = 'frozen'
  epoch = 1
  outbox: string | undefined
  note: KeptNote | undefined
  readonly record = { name: 'vm1', accelerator: 'kvm' }
  readonly calls: string[] = []
  readonly vcpus = [
    { cpu: 3, registers: { rip: 1n }, halted: true, cpl: 3, architecture: 'amd64', tables: { cr3: 5n } },
    { cpu: 4, registers: { pc: 2n }, halted: false, cpl: 0, architecture: 'arm64' },
  ]
  readonly #ways: readonly string[]

  constructor(...ways: readonly string[]) {
    this.#ways = ways
  }

  ramFiles = async () => this.#files('file')
  processRam = async () => {
    this.#try('process')
    return { pid: process.pid, areas: [], problems: ['it moves'] }
  }
  copyRam = async () => ({ parts: this.#files('copy'), bytes: 4096, remove: () => this.calls.push('remove') })
  freeze = async () => void this.calls.push('freeze')
  thaw = async () => void this.calls.push('thaw')
  close = async () => void this.calls.push('close')

  #try(way: string): void {
    this.calls.push(way)
    if (!this.#ways.includes(way)) throw new CryoscopeError('unreadable', `no ${way}`)
  }

  #files(way: string) {
    this.#try(way)
    const segments = [{ physical: asPhysical(0), offset: 0, length: guest.memory.bytes.length }]
    return [{ path, segments, ranges: segments }]
  }
}

const attached = (machine: FakeMachine) => {
  vi.spyOn(Machine, 'attach').mockResolvedValue(machine as unknown as Machine)
  return machine
}

it('registers of vCPUs are told as their kernel numbers them, with page tables where they have some', () => {
  expect(vcpuSources(new FakeMachine() as never)).toEqual([
    { index: 3, registers: { rip: 1n }, halted: true, privilege: 3, tables: { cr3: 5n } },
    { index: 4, registers: { pc: 2n }, halted: false, privilege: 0 },
  ])
})

describe('a guest that others run', () => {
  it('is read through a copy that QEMU writes where nothing else works, and runs on meanwhile', async () => {
    const machine = attached(new FakeMachine())
    machine.state = 'running'
    await expect(attach('/run/qmp')).rejects.toThrow('no copy')
    expect(machine.calls).toEqual(['file', 'process', 'freeze', 'copy', 'thaw', 'close'])
    const frozen = attached(new FakeMachine())
    await expect(attach('/run/qmp', { memory: 'copy' })).rejects.toThrow('no copy')
    // One that stood still stays so, and only the way that was asked for is tried.
    expect(frozen.calls).toEqual(['copy', 'close'])
  })

  it('is not tried in other ways after a mistake of ours', async () => {
    const machine = attached(new FakeMachine())
    machine.ramFiles = async () => {
      throw new TypeError('x is undefined')
    }
    await expect(attach('/run/qmp')).rejects.toThrow(TypeError)
    expect(machine.calls).toEqual(['close'])
  })
})

describe('a guest of ours', () => {
  it('ends its connection where its memory cannot be opened', async () => {
    const machine = new FakeMachine()
    machine.outbox = join(directory, 'outbox')
    vi.spyOn(Machine, 'connect').mockResolvedValue(machine as unknown as Machine)
    vi.spyOn(Machine, 'boot').mockResolvedValue(machine as unknown as Machine)
    await expect(connect('@vm1')).rejects.toThrow('no file')
    await expect(boot()).rejects.toThrow('no file')
    expect(machine.calls).toEqual(['file', 'close', 'file', 'close'])
  })

  it('that has no port for output is one that others run', async () => {
    const machine = new FakeMachine()
    vi.spyOn(Machine, 'connect').mockResolvedValue(machine as unknown as Machine)
    await expect(connect('@vm1')).rejects.toThrow('no copy')
    expect(machine.calls).toEqual(['file', 'process', 'copy', 'close'])
  })
})

describe('a guest whose RAM is a file', () => {
  it('is opened with its name, accelerator and way', async () => {
    const file = openSync(path, 'r')
    closeSync(file)
    const machine = attached(new FakeMachine('file'))
    const vm = await attach('/run/qmp', { memory: 'file' })
    expect(vm.target).toMatchObject({
      name: '/run/qmp',
      problems: [],
      facts: { accelerator: 'kvm', memory: 'shared file' },
    })
    expect(vm.machine).toBe(machine)
    expect(vm.kernel.release).toBe('6.99.0-test')
    expect(vm.target.vcpus()).toHaveLength(2)
    await vm.close()
    const copied = attached(new FakeMachine('copy'))
    copied.state = 'running'
    const copy = await attach('/run/qmp')
    expect(copied.calls).toEqual(['file', 'process', 'freeze', 'copy', 'remove', 'thaw'])
    expect(copy.target).toMatchObject({
      facts: { memory: 'copy written by QEMU' },
      problems: [expect.stringMatching(/^the memory is a copy of 4096 bytes that QEMU wrote/)],
    })
    await copy.close()
    const ours = new FakeMachine('file')
    ours.outbox = join(directory, 'outbox')
    vi.spyOn(Machine, 'connect').mockResolvedValue(ours as unknown as Machine)
    const own = await connect('@vm1')
    expect(own.target).toMatchObject({ name: '@vm1', facts: { accelerator: 'kvm', memory: 'shared file' } })
    await own.close()
  })
})

it('where the kernel of a guest was found is kept, and tried first while it stands still', async () => {
  const note = new KeptNote(join(directory, 'note'))
  const machine = new FakeMachine('file')
  machine.outbox = join(directory, 'outbox')
  machine.note = note
  vi.spyOn(Machine, 'connect').mockResolvedValue(machine as unknown as Machine)
  const vm = await connect('@vm1')
  expect(vm.target.noteAt).toBeUndefined()
  const { noteAt } = vm.kernel
  expect(noteAt).toBe(guest.notePhysical)
  expect(note.at).toBe(noteAt)
  expect(vm.target.noteAt).toBe(noteAt)
  machine.state = 'running'
  expect(vm.target.noteAt).toBeUndefined()
  await vm.close()
  // What is kept is no more than a place to look at.
  machine.state = 'frozen'
  note.keep(asPhysical(0x7000))
  const again = await connect('@vm1')
  expect(again.target.noteAt).toBe(0x7000)
  expect(again.kernel.noteAt).toBe(noteAt)
  expect(note.at).toBe(noteAt)
  await again.close()
})

describe('a guest with a record', () => {
  const seen: string[] = []
  const record = {
    guest: { name: 'vm2' },
    memory: { path },
    store: { ranges: [{ physical: asPhysical(0), offset: 0, length: guest.memory.bytes.length }] },
    setup: { seed: 'abc' },
    state: 'frozen',
    epoch: 1,
    wrote: () => void seen.push('wrote'),
    close: async () => void seen.push('close'),
    ...{ vcpus: new FakeMachine().vcpus },
  } as unknown as RunRecord

  it('is opened on its RAM, and told of what is written to it', async () => {
    const vm = sessionOfRecord(record)
    expect(vm.target).toMatchObject({
      name: '@vm2',
      problems: [],
      facts: { accelerator: 'tcg', memory: 'shared file', seed: 'abc' },
    })
    expect(vm.target.control).toBe(record)
    expect(vm.target.record).toBe(record)
    expect(vm.target.memory.description).toBe('RAM of guest @vm2')
    expect(vm.kernel.release).toBe('6.99.0-test')
    expect(vm.target.vcpus().map(({ index }) => index)).toEqual([3, 4])
    expect(seen).toEqual([])
    vm.target.memory.write?.(asPhysical(0), new Uint8Array(1))
    expect(seen).toEqual(['wrote'])
    await vm.close()
    expect(seen).toEqual(['wrote', 'close'])
  })

  it('is that of a recording, or of a guest that is started to be deterministic', async () => {
    const asked: unknown[] = []
    const opening = async (...args: unknown[]) => {
      asked.push(args)
      return record
    }
    vi.doMock('../../src/time/recording.js', () => ({ openRecording: opening }))
    vi.doMock('../../src/time/boot-record.js', () => ({ bootRecord: opening }))
    try {
      const onProgress = (): void => {}
      const options = { deterministic: true, memory: '256M' } as never
      for (const start of [
        () => openRecorded('a.rec'),
        () => openRecorded('b.rec', onProgress),
        () => boot(options),
      ]) {
        const vm = await start()
        expect(vm.target.record).toBe(record)
        await vm.close()
      }
      expect(asked).toEqual([['a.rec', {}], ['b.rec', { onProgress }], [options]])
      const recording = join(directory, 'c.rec')
      writeFileSync(recording, `${magic}{}`)
      const vm = await open(recording)
      expect(vm.target.record).toBe(record)
      expect(asked.at(-1)).toEqual([recording, {}])
      await vm.close()
    } finally {
      vi.doUnmock('../../src/time/recording.js')
      vi.doUnmock('../../src/time/boot-record.js')
    }
  })
})
