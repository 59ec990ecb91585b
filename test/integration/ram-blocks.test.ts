import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildImage, writeImage } from '../../src/machine/image.js'
import { resolveKernel } from '../../src/machine/kernels.js'
import { QmpClient } from '../../src/machine/qmp.js'
import { attach } from '../../src/session/guest.js'
import { openDump } from '../../src/session/open.js'
import type { Session } from '../../src/session/session.js'

const MiB = 2 ** 20

/** What is in memory of a session, whatever its source. */
const seen = (vm: Session) => ({
  release: vm.kernel.release,
  tasks: vm.tasks.map(({ pid, name }) => [pid, name]),
  // QEMU numbers vCPUs by slots, and its dumps have them one after the other.
  cpus: vm.vcpus.map(({ cpu, task }) => [cpu, task?.pid]),
  online: vm.cpus.filter(({ online }) => online === true).map(({ cpu }) => cpu),
})

const total = (vm: Session): number => vm.target.memory.ranges.reduce((sum, { length }) => sum + length, 0)

interface StockGuest {
  readonly qmp: QmpClient
  serial(): string
  /** Waits until its console has said something. */
  said(what: RegExp): Promise<void>
  end(): void
}

/** A QEMU as anybody starts it, which became a daemon, with a script that says "blocks: ready". */
async function startStock(directory: string, text: string, machine: readonly string[]): Promise<StockGuest> {
  const at = (name: string): string => join(directory, name)
  writeFileSync(at('script.sh'), text)
  await writeImage(await buildImage({ hostname: 'blocks', script: at('script.sh') }), at('initrd'))
  const { path: kernel } = await resolveKernel('6.18')
  execFileSync(
    'qemu-system-x86_64',
    [
      ...['-accel', 'tcg,thread=single', '-cpu', 'max', ...machine],
      ...['-kernel', kernel, '-initrd', at('initrd'), '-append', 'console=ttyS0 quiet panic=-1'],
      ...['-display', 'none', '-no-reboot', '-nodefaults', '-serial', `file:${at('serial')}`],
      ...['-qmp', 'unix:qmp.sock,server=on,wait=off', '-qmp', 'unix:ours.sock,server=on,wait=off'],
      ...['-pidfile', 'pid', '-daemonize'],
    ],
    { cwd: directory, stdio: 'ignore' },
  )
  const pid = Number(readFileSync(at('pid'), 'utf8'))
  const serial = (): string => (existsSync(at('serial')) ? readFileSync(at('serial'), 'latin1') : '')
  const said = async (what: RegExp): Promise<void> => {
    for (const end = performance.now() + 240_000; !what.test(serial()); ) {
      if (performance.now() > end) throw new Error(`it never said ${what}:\n${serial()}`)
      await new Promise((go) => setTimeout(go, 100))
    }
  }
  await said(/blocks: ready/)
  const qmp = await QmpClient.connectPatiently(at('ours.sock'), { timeoutMs: 30_000 })
  const end = (): void => {
    qmp.close()
    process.kill(pid, 'SIGKILL')
  }
  return { qmp, serial, said, end }
}

async function dumpOf(qmp: QmpClient, file: string): Promise<void> {
  await qmp.execute('dump-guest-memory', { paging: false, protocol: `file:${file}` }, { timeoutMs: 120_000 })
}

/** What QEMU's streams do not say, where RAM goes on behind the PCI hole, is found by what their kernel says. */
it.each(['pc', 'q35'])(
  'a stream of a %s machine whose hole begins at 256 MiB has all of its RAM at its place',
  async (machine) => {
    const directory = mkdtempSync(join(tmpdir(), 'cryoscope-hole-'))
    const at = (name: string): string => join(directory, name)
    const guest = await startStock(directory, 'echo blocks: ready\nwhile :; do sleep 1; done\n', [
      ...['-machine', `${machine},max-ram-below-4g=256M`, '-m', '448M', '-smp', '2'],
    ])
    try {
      const { qmp } = guest
      await qmp.execute('stop')
      await dumpOf(qmp, at('own.elf'))
      await qmp.execute('migrate-set-parameters', { 'max-bandwidth': 2 ** 40 })
      await qmp.execute('migrate', { uri: `exec:cat >'${at('stream')}'` })
      await expect
        .poll(async () => ((await qmp.execute('query-migrate')) as { status: string }).status, {
          timeout: 120_000,
        })
        .toBe('completed')
      const [stream, dump] = [openDump(at('stream')), openDump(at('own.elf'))]
      // Streams hold no registers that are read.
      expect(seen(stream)).toEqual({ ...seen(dump), cpus: [] })
      expect(stream.target.memory.ranges.map(({ start, length }) => [start, length])).toEqual([
        [0, 256 * MiB],
        [4096 * MiB, 192 * MiB],
      ])
      await stream.close()
      await dump.close()
    } finally {
      guest.end()
      rmSync(directory, { recursive: true, force: true })
    }
  },
  300_000,
)

/** A stock QEMU that became a daemon: two NUMA nodes with a backend each, another PCI hole, room for CPUs and DIMMs. */
describe.each([
  ['shared files', 'memory-backend-memfd,share=on', 'file'],
  ['memory of its own', 'memory-backend-ram', 'process'],
] as const)('a NUMA guest whose RAM is in %s', (_kind, backend, way) => {
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-blocks-'))
  const at = (name: string): string => join(directory, name)
  let guest: StockGuest
  let qmp: QmpClient
  const said = (what: RegExp): Promise<void> => guest.said(what)
  const serial = (): string => guest.serial()

  beforeAll(async () => {
    guest = await startStock(
      directory,
      'echo online_movable >/sys/devices/system/memory/auto_online_blocks\necho blocks: ready\nwhile :; do for c in /sys/devices/system/cpu/cpu*/online; do [ "$(cat $c)" = 1 ] || { echo 1 >$c && echo "blocks: $c online"; }; done; sleep 0.2; done\n',
      [
        ...['-machine', 'q35,max-ram-below-4g=256M'],
        ...['-m', '512M,slots=2,maxmem=2G', '-smp', '2,maxcpus=6,sockets=2,cores=3'],
        ...['-object', `${backend},id=n0,size=192M`, '-object', `${backend},id=n1,size=320M`],
        ...['-numa', 'node,nodeid=0,memdev=n0,cpus=0-2', '-numa', 'node,nodeid=1,memdev=n1,cpus=3-5'],
      ],
    )
    qmp = guest.qmp
  })
  afterAll(() => {
    guest?.end()
    rmSync(directory, { recursive: true, force: true })
  })

  /** Attached, and from QEMU's own dump of the same moment. */
  async function compare(bytes: number): Promise<Session> {
    await qmp.execute('stop')
    const vm = await attach(at('qmp.sock'), { memory: way })
    const file = at('own.elf')
    await dumpOf(qmp, file)
    const dump = openDump(file)
    expect(total(vm)).toBe(bytes)
    expect(seen(vm)).toEqual(seen(dump))
    expect(dump.cpuProblems).toEqual([])
    expect(dump.problems).toEqual([])
    expect(vm.cpuProblems).toEqual([])
    await dump.close()
    rmSync(file)
    return vm
  }

  it('has its kernel and all of its RAM', async () => {
    const vm = await compare(512 * MiB)
    expect(vm.vcpus.map(({ cpu }) => cpu)).toEqual([0, 1])
    const tasks = vm.tasks.length
    await vm.close()
    if (way === 'process') {
      const copy = await attach(at('qmp.sock'), { memory: 'copy' })
      expect(total(copy)).toBe(512 * MiB)
      expect(copy.tasks.length).toBe(tasks)
      await copy.close()
    }
    await qmp.execute('cont')
  })

  it('has the DIMM and the CPU that were plugged in, under the numbers that Linux gives', async () => {
    await qmp.execute('object-add', {
      'qom-type': 'memory-backend-memfd',
      id: 'm1',
      size: 128 * MiB,
      share: true,
    })
    await qmp.execute('device_add', { driver: 'pc-dimm', id: 'dimm1', memdev: 'm1', node: 1 })
    // Socket 1 has QEMU's indices 3 to 5.
    const cpu = { driver: 'max-x86_64-cpu', 'socket-id': 1, 'core-id': 1, 'thread-id': 0, 'node-id': 1 }
    await qmp.execute('device_add', { ...cpu, id: 'cpu4' })
    await said(/blocks: .*\/online online/)
    // Which number Linux gave it, it says itself.
    const plugged = Number(/cpu(\d+)\/online online/.exec(serial())?.[1])
    const vm = await compare(640 * MiB)
    expect(vm.vcpus.map(({ index, cpu: own }) => [index, own])).toEqual([
      [0, 0],
      [1, 1],
      [4, plugged],
    ])
    expect(plugged).not.toBe(4)
    expect(vm.cpus.filter(({ online }) => online === true).map(({ cpu: own }) => own)).toEqual([
      0,
      1,
      plugged,
    ])
    // It is idle: it may be halted, and not step at all.
    expect(await vm.step(4, 2)).toMatchObject({ reason: 'step', cpu: 4 })
    await vm.close()
  })
})
