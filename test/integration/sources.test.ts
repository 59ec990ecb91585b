import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asPhysical } from '../../src/brands.js'
import { commandLine } from '../../src/machine/host-process.js'
import { connectToMonitors } from '../../src/machine/monitors.js'
import { QmpClient } from '../../src/machine/qmp.js'
import type { PhysicalRange } from '../../src/memory/types.js'
import { writeCoreFile } from '../../src/session/core-file.js'
import { attach } from '../../src/session/guest.js'
import { open, openDump } from '../../src/session/open.js'
import type { Session } from '../../src/session/session.js'
import { watch } from '../../src/session/watch.js'
import { cryoscope, said, whyNoFuse } from '../fuse/support.js'
import { buildKdump, type KdumpPage } from '../support/kdump.js'
import { libvirtSave } from '../support/libvirt-save.js'
import { packed } from '../support/packed.js'
import { sharedDemo } from './support/demo-guest.js'

const frame = 4096
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-sources-'))
const at = (name: string): string => join(directory, name)

/** Every map with all that is known of it, and a digest of its entries. */
function mapsOf(vm: Session): unknown[] {
  return vm.maps.map((map) => {
    const entries = createHash('sha256')
    for (const line of map.json()) entries.update(line)
    return {
      id: map.id,
      name: map.name,
      type: map.type,
      address: map.info.address,
      entries: entries.digest('hex'),
    }
  })
}

async function mapsIn(target: string): Promise<unknown[]> {
  const vm = await open(target)
  try {
    return mapsOf(vm)
  } finally {
    await vm.close()
  }
}

describe('one frozen guest', () => {
  let vm: Session
  let expected: unknown[]

  beforeAll(async () => {
    vm = (await sharedDemo('6.18')).session
    expected = mapsOf(vm)
    expect(expected.length).toBeGreaterThan(50)
    await writeCoreFile(vm, at('core'))
  })
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  it('reads the same from the core that we write, with registers', async () => {
    expect(await mapsIn(at('core'))).toEqual(expected)
    const dump = openDump(at('core'))
    expect(dump.vcpus.map(({ where, rip }) => [where, rip])).toEqual(
      vm.vcpus.map(({ where, rip }) => [where, rip]),
    )
    await dump.close()
  })

  it.each(['elf', 'kdump'] as const)('reads the same from the %s that QEMU writes', async (format) => {
    await vm.machine?.dump(at(format), format)
    expect(await mapsIn(at(format))).toEqual(expected)
    rmSync(at(format))
  })

  it.each([
    ['zlib', ['-c', '-d', '1']],
    ['lzo', ['-l', '-d', '1']],
    // In its ELF files an excluded page of zeros is as absent as any other: only free pages are left out.
    ['ELF', ['-E', '-d', '16']],
    ['flattened', ['-F', '-c', '-d', '1']],
  ])('reads the same from what makedumpfile makes of it: %s', async (name, options) => {
    const file = at(`makedumpfile.${name}`)
    rmSync(file, { force: true })
    if (options.includes('-F')) {
      const bytes = execFileSync('makedumpfile', [...options, at('core')], {
        maxBuffer: 2 ** 30,
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      writeFileSync(file, bytes)
    } else {
      execFileSync('makedumpfile', [...options, at('core'), file], { stdio: 'ignore' })
    }
    expect(await mapsIn(file)).toEqual(expected)
    rmSync(file)
  })

  it('reads the same from any part of a split dump', async () => {
    const parts = [1, 2, 3].map((i) => at(`split.${i}`))
    const options = ['-c', '-d', '1', '--split', '--splitblock-size', '1024']
    execFileSync('makedumpfile', [...options, at('core'), ...parts], { stdio: 'ignore' })
    for (const part of parts) expect(await mapsIn(part)).toEqual(expected)
  })

  describe('of which only what a reading touched is kept', () => {
    let ranges: PhysicalRange[]

    beforeAll(() => {
      const watched = watch(vm)
      expect(mapsOf(watched.session)).toEqual(expected)
      ranges = watched.touched()
    })

    it('reads the same from a core of some megabytes', async () => {
      const size = await writeCoreFile(vm, at('touched'), ranges)
      expect(size).toBeLessThan(32 * 2 ** 20)
      expect(await mapsIn(at('touched'))).toEqual(expected)
    })

    // Debian's makedumpfile is built without these two.
    it.each(['snappy', 'zstd'] as const)('reads the same packed with %s', async (compression) => {
      const frames = ranges.flatMap(({ start, length }) =>
        Array.from({ length: length / frame }, (_, i) => start / frame + i),
      )
      const bytesOf = (number: number): Uint8Array =>
        vm.target.memory.read(asPhysical(number * frame), frame).bytes
      const status = compression === 'snappy' ? 4 : 0x20
      const plain = frames.map(bytesOf)
      // As makedumpfile has it: what does not shrink is kept as it is.
      const pages = packAll(compression, plain).map((data, i): KdumpPage => {
        const shrunk = data.length < frame
        return {
          page: frames[i] as number,
          data: shrunk ? data : (plain[i] as Uint8Array),
          flags: shrunk ? status : 0,
        }
      })
      const vmcoreinfo = vm.kernel.info.text
      writeFileSync(at(compression), buildKdump({ pages, pageCount: 2 ** 20, status, vmcoreinfo }))
      expect(await mapsIn(at(compression))).toEqual(expected)
    })
  })

  it('reads the same from a copy of its RAM, whose layout proves itself', async () => {
    const ram = await vm.machine?.ramFile()
    execFileSync('cp', ['--sparse=always', ram?.path ?? '', at('ram')])
    const raw = openDump(at('ram'))
    expect(raw.target.facts).toEqual({ format: 'raw image, from address 0 on' })
    expect(raw.problems).toEqual([])
    expect(mapsOf(raw)).toEqual(expected)
    await raw.close()
    rmSync(at('ram'))
  })

  it('reads the same from the core that a mount makes', async (context) => {
    const why = await whyNoFuse()
    if (said(why)) return context.skip()
    const directory = at('mount')
    mkdirSync(directory)
    // Served by a process of its own: this one reads it as any dump, and waits for it.
    expect(await cryoscope('mount', vm.target.name, directory, '--detach')).toMatchObject({ code: 0 })
    try {
      expect(await mapsIn(join(directory, 'memory/vmcore'))).toEqual(expected)
    } finally {
      expect(await cryoscope('unmount', directory)).toMatchObject({ code: 0 })
    }
  })

  it('reads the same from a stream of QEMU, and in a stock QEMU that took it up', async () => {
    await migrate(vm, at('stream'))
    expect(await mapsIn(at('stream'))).toEqual(expected)
    // What virsh save writes is a header before it.
    writeFileSync(at('saved'), libvirtSave(readFileSync(at('stream'))))
    expect(await mapsIn(at('saved'))).toEqual(expected)
    rmSync(at('saved'))
    await using qemu = await stockQemu(vm, at('stream'))
    for (const memory of ['process', 'copy'] as const) {
      const attached = await attach(qemu.socket, { memory })
      expect(attached.state).toBe('frozen')
      expect(mapsOf(attached)).toEqual(expected)
      await attached.close()
    }
    await expect(attach(qemu.socket, { memory: 'file' })).rejects.toThrow(/not a shared file/)

    // It runs when somebody comes, is frozen for a look, and runs again when they leave.
    const first = await attach(qemu.socket)
    await first.thaw()
    await first.close()
    const second = await attach(qemu.socket)
    expect(second.state).toBe('running')
    await second.freeze()
    expect(second.maps.length).toBe(expected.length)
    await second.advance({ ms: 20 })
    expect(second.state).toBe('frozen')
    await second.close()
    // The command line leaves the guest as it was told.
    const told = async (...words: string[]): Promise<Record<string, unknown>> => {
      const { code, stdout, stderr } = await cryoscope(...words, '--json')
      expect([words, code, stderr]).toEqual([words, 0, ''])
      return JSON.parse(stdout) as Record<string, unknown>
    }
    const running = async () => ((await qemu.qmp.execute('query-status')) as { running: boolean }).running
    expect(await told('freeze', qemu.socket)).toMatchObject({ name: qemu.socket, state: 'frozen' })
    expect(await running()).toBe(false)
    expect((await told('maps', qemu.socket)).length).toBe(expected.length)
    expect(await told('advance', qemu.socket, '--ms', '5')).toMatchObject({ state: 'frozen' })
    expect(await told('step', qemu.socket, '--vcpu', '0', '--count', '2')).toMatchObject({ cpu: 0 })
    expect(await running()).toBe(false)
    expect(await told('thaw', qemu.socket)).toMatchObject({ state: 'running' })
    expect(await running()).toBe(true)

    const third = await attach(qemu.socket)
    expect(third.state).toBe('running')
    // What was frozen by another stays frozen.
    await qemu.qmp.execute('stop')
    await third.close()
    expect(await qemu.qmp.execute('query-status')).toMatchObject({ running: false })
  })
})

/** zstd is a program here: one process packs all pages. */
function packAll(compression: 'snappy' | 'zstd', pages: readonly Uint8Array[]): Uint8Array[] {
  if (compression === 'snappy') return pages.map((page) => packed('snappy', page))
  const place = at('pages')
  mkdirSync(place)
  const files = pages.map((_, i) => join(place, String(i)))
  for (const [i, page] of pages.entries()) writeFileSync(files[i] as string, page)
  for (let i = 0; i < files.length; i += 1000) {
    execFileSync('zstd', ['-q', '-1', '--no-check', '--rm', ...files.slice(i, i + 1000)])
  }
  return files.map((file) => readFileSync(`${file}.zst`))
}

async function migrate(vm: Session, file: string): Promise<void> {
  const words = commandLine(vm.machine?.qemuPid ?? 0).join(' ')
  const monitors = [...words.matchAll(/path=(\S*?qmp\.\d+),/g)].map(([, path]) => path ?? '')
  const qmp = await connectToMonitors(monitors)
  try {
    await qmp.execute('migrate-set-parameters', { 'max-bandwidth': 2 ** 40 })
    await qmp.execute('migrate', { uri: `exec:cat >'${file}'` })
    await expect
      .poll(async () => ((await qmp.execute('query-migrate')) as { status: string }).status, {
        timeout: 60_000,
      })
      .toBe('completed')
  } finally {
    qmp.close()
  }
}

interface StockQemu extends AsyncDisposable {
  readonly socket: string
  readonly qmp: QmpClient
}

/** The same machine as anybody would start it: its RAM is private to the process. */
async function stockQemu(vm: Session, stream: string): Promise<StockQemu> {
  const { record } = vm.machine as NonNullable<Session['machine']>
  const megabytes = record.memoryBytes / 2 ** 20
  const sockets = ['tests.sock', 'ours.sock'].map(at)
  const child = spawn(
    'qemu-system-x86_64',
    [
      ...['-no-user-config', '-nodefaults', '-display', 'none', '-accel', 'tcg,thread=single', '-S'],
      ...[
        '-machine',
        'q35,memory-backend=ram',
        '-cpu',
        'max',
        '-smp',
        String(record.cpus),
        '-m',
        `${megabytes}M`,
      ],
      ...['-object', `memory-backend-ram,id=ram,size=${megabytes}M`, '-serial', 'null'],
      ...['-device', 'virtio-serial-pci', '-chardev', 'null,id=outbox'],
      ...['-device', 'virtserialport,chardev=outbox,name=cryoscope.out'],
      ...sockets.flatMap((socket) => ['-qmp', `unix:${socket},server=on,wait=off`]),
      ...['-incoming', `exec:cat '${stream}'`],
    ],
    { stdio: 'ignore' },
  )
  const [socket = '', ours = ''] = sockets
  await expect.poll(() => existsSync(ours), { timeout: 30_000 }).toBe(true)
  const qmp = await QmpClient.connectPatiently(ours, { timeoutMs: 30_000 })
  await expect
    .poll(async () => ((await qmp.execute('query-status')) as { status: string }).status, { timeout: 60_000 })
    .not.toBe('inmigrate')
  return {
    socket,
    qmp,
    async [Symbol.asyncDispose]() {
      qmp.close()
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
    },
  }
}
