import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  closeSync,
  createReadStream,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { identify, isAlive, type ProcessIdentity } from '../../src/machine/host-process.js'
import { type BootOptions, Machine } from '../../src/machine/machine.js'
import { Registry } from '../../src/machine/registry.js'
import { x86Vcpus } from '../support/x86-vcpus.js'

// A runtime directory of our own: sweeping must not touch guests that someone else runs here.
const scratch = mkdtempSync(join(tmpdir(), 'cs-'))
const outside = process.env.XDG_RUNTIME_DIR
process.env.XDG_RUNTIME_DIR = scratch

const mebibyte = 1024 * 1024
const watched = ['do_sys_openat2', 'jiffies_64']
/** Two spinning programs, so that no vCPU idles, and one that opens files. */
const busyScript = `
grep -E ' (${watched.join('|')})$' /proc/kallsyms >/dev/virtio-ports/cryoscope.out
while :; do :; done &
while :; do :; done &
while :; do cat /proc/uptime >/dev/null; echo tick; sleep 0.2; done &
echo busy
`

afterAll(() => {
  // Other files share this process.
  if (outside === undefined) delete process.env.XDG_RUNTIME_DIR
  else process.env.XDG_RUNTIME_DIR = outside
  rmSync(scratch, { recursive: true, force: true })
})

function write(name: string, text: string): string {
  const path = join(scratch, name)
  writeFileSync(path, text)
  return path
}

async function until(condition: () => boolean, what: string, limit = 20_000): Promise<void> {
  const end = performance.now() + limit
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`)
    await sleep(10)
  }
}

describe('a busy guest', () => {
  let machine: Machine
  const symbols = new Map<string, bigint>()

  beforeAll(async () => {
    const options: BootOptions = {
      kernel: '6.18',
      memoryBytes: 256 * mebibyte,
      kaslr: false,
      script: write('busy.sh', busyScript),
      waitFor: /^busy$/m,
    }
    machine = await Machine.boot(options)
  })
  afterAll(async () => {
    await machine?.close()
    expect(readdirSync(join(scratch, 'cryoscope')).filter((name) => !name.startsWith('.'))).toEqual([])
  })

  it('writes its outbox on the host', async () => {
    const { outbox = '' } = machine
    await until(() => readFileSync(outbox, 'utf8').split('\n').length > watched.length, 'the symbols arrive')
    for (const line of readFileSync(outbox, 'utf8').trim().split('\n')) {
      const [address, , name = ''] = line.split(' ')
      symbols.set(name, BigInt(`0x${address}`))
    }
    expect([...symbols.keys()].sort()).toEqual(watched)
    expect(symbols.get('jiffies_64')).toBeGreaterThan(0xffff_ffff_8000_0000n)
  })

  /** Without KASLR the kernel image lies at its link address, so that physical is virtual minus the map's start. */
  async function jiffies(): Promise<bigint> {
    const { path, ranges } = await machine.ramFile()
    const physical = Number((symbols.get('jiffies_64') ?? 0n) - 0xffff_ffff_8000_0000n)
    const range = ranges.find(({ physical: start, length }) => physical >= start && physical < start + length)
    const bytes = Buffer.alloc(8)
    const file = openSync(path, 'r')
    try {
      readSync(file, bytes, 0, 8, physical - (range?.physical ?? 0) + (range?.offset ?? 0))
    } finally {
      closeSync(file)
    }
    return bytes.readBigUInt64LE()
  }

  async function hashOfRam(): Promise<string> {
    const hash = createHash('sha256')
    for await (const chunk of createReadStream((await machine.ramFile()).path)) hash.update(chunk as Buffer)
    return hash.digest('hex')
  }

  it('has RAM that nobody can cut off under a reader', async () => {
    const { path } = await machine.ramFile()
    expect(() => truncateSync(path, 4096)).toThrow(/EPERM/)
  })

  it('tells its registers when frozen, and only then', async () => {
    expect(machine.state).toBe('running')
    expect(() => machine.vcpus).toThrow(/is running; freeze it first/)
    await machine.freeze()
    expect(machine.state).toBe('frozen')
    expect(machine.vcpus.map(({ cpu }) => cpu)).toEqual([0, 1])
    for (const { registers, cpl } of x86Vcpus(machine.vcpus)) {
      expect(registers.rip).toBeGreaterThan(0n)
      expect(registers.efer & 0x500n).toBe(0x500n)
      expect(registers.cr3).toBeGreaterThan(0n)
      expect(registers.cs & 3n).toBe(BigInt(cpl))
    }
    // Interrupt entry runs some instructions at CPL 0 with the user's base, so CPL does not tell which is which.
    for (const { registers } of x86Vcpus(await machine.completeRegisters())) {
      const bases = [registers.gs_base, registers.k_gs_base ?? 0n].filter((base) => base >> 63n === 1n)
      expect(bases).not.toEqual([])
    }
  })

  it('keeps its memory still while frozen, and not while running', async () => {
    await machine.freeze()
    const { ranges, size } = await machine.ramFile()
    expect(size).toBe(256 * mebibyte)
    expect(ranges.reduce((sum, { length }) => sum + length, 0)).toBe(256 * mebibyte)
    const [before, time] = [await hashOfRam(), await jiffies()]
    await sleep(500)
    expect(await hashOfRam()).toBe(before)
    expect(await jiffies()).toBe(time)
    await machine.advance({ ms: 20 })
    expect(await hashOfRam()).not.toBe(before)
  })

  it('advances by about the time that was asked for', async () => {
    await machine.freeze()
    const epoch = machine.epoch
    for (const milliseconds of [5, 100]) {
      const before = await jiffies()
      const stop = await machine.advance({ ms: milliseconds })
      const ticks = Number((await jiffies()) - before)
      if (stop.reason !== 'advance') throw new Error(stop.reason)
      const elapsed = stop.elapsedMicroseconds / 1000
      // What QEMU takes to stop is taken off beforehand.
      expect(elapsed).toBeGreaterThan(milliseconds - 1)
      // 250 Hz: the count can be one tick off, and an emulated tick can come late or not at all before the stop. On a busy
      // host vCPUs run on for a while after QEMU has noted that it stops.
      expect(ticks * 4).toBeLessThan(elapsed * 1.5 + 50)
      if (milliseconds > 50) expect(ticks).toBeGreaterThan(0)
    }
    expect(machine.epoch).toBe(epoch + 2)
    expect(machine.state).toBe('frozen')
  })

  it('steps one vCPU and no other', async () => {
    await machine.freeze()
    for (const cpu of [0, 1, 0, 1, 1, 0]) {
      while (machine.vcpus.some(({ halted }) => halted)) await machine.advance({ ms: 3 })
      const before = machine.vcpus
      expect(await machine.step(cpu)).toEqual({ reason: 'step', cpu, steps: 1 })
      expect(machine.vcpus[cpu]?.registers).not.toEqual(before[cpu]?.registers)
      expect(machine.vcpus[1 - cpu]).toEqual(before[1 - cpu])
    }
    const before = machine.vcpus
    await machine.step(1, 200)
    expect(machine.vcpus[0]).toEqual(before[0])
    await expect(machine.step(7)).rejects.toThrow('there is no vCPU 7; the guest has 0, 1')
  })

  it('stops at a breakpoint, again and again, and leaves none behind', async () => {
    const address = symbols.get('do_sys_openat2') ?? 0n
    for (let times = 0; times < 3; times++) {
      const stop = await machine.runUntil({ addresses: [address] }, { timeoutMs: 20_000 })
      if (stop.reason !== 'breakpoint') throw new Error(stop.reason)
      expect(machine.vcpus[stop.cpu]?.pc).toBe(address)
    }
    await machine.thaw()
    await sleep(1000)
    expect(machine.state).toBe('running')
  })

  it('stops when memory is written', async () => {
    const write = symbols.get('jiffies_64') ?? 0n
    await machine.freeze()
    const before = await jiffies()
    const stop = await machine.runUntil({ write }, { timeoutMs: 20_000 })
    expect(stop).toMatchObject({ reason: 'watchpoint', address: write, access: 'write' })
    expect(await jiffies()).toBeGreaterThan(before)
    await machine.thaw()
    await sleep(300)
    expect(machine.state).toBe('running')
  })

  it('gives up a run after the time or at an abort, frozen', async () => {
    const nowhere = { addresses: [0xffff_ffff_ff00_0000n] }
    expect(await machine.runUntil(nowhere, { timeoutMs: 200 })).toEqual({ reason: 'timeout' })
    expect(machine.state).toBe('frozen')
    const signal = AbortSignal.timeout(200)
    await expect(machine.runUntil(nowhere, { signal })).rejects.toThrow(/abort/i)
    expect(machine.state).toBe('frozen')
    await machine.thaw()
  })

  it('lets its console be followed', async () => {
    await machine.thaw()
    let ticks = 0
    for await (const text of machine.console.follow({ signal: AbortSignal.timeout(20_000) })) {
      ticks += text.split('tick').length - 1
      if (ticks >= 2) break
    }
    expect(ticks).toBeGreaterThanOrEqual(2)
    expect(machine.console.text()).toContain('cryoscope: guest ready')
  })

  it('hears of a freeze by another process', async () => {
    await machine.thaw()
    const other = await Machine.connect(`@${machine.record.name}`)
    try {
      expect(other.state).toBe('running')
      await other.freeze()
      await until(() => machine.state === 'frozen', 'the first one knows')
      expect(machine.vcpus).toEqual(other.vcpus)
      const { cpu } = (await other.step(0)) as { cpu: number }
      expect(cpu).toBe(0)
      await machine.thaw()
      await until(() => other.state === 'running', 'the second one knows')
    } finally {
      await other.close()
    }
    expect(machine.state).toBe('running')
  })

  it('writes dumps, whole or not at all', async () => {
    await machine.freeze()
    const elf = join(scratch, 'core.elf')
    let last = 0
    await machine.dump(elf, 'elf', {
      progress: (done, total) => {
        last = done / total
      },
    })
    expect(last).toBe(1)
    expect(statSync(elf).size).toBeGreaterThan(256 * mebibyte)
    expect(statSync(elf).mode & 0o777).toBe(0o600)
    expect(readFileSync(elf).subarray(0, 4).toString('latin1')).toBe('\x7fELF')
    const kdump = join(scratch, 'core.kdump')
    await machine.dump(kdump, 'kdump')
    expect(readFileSync(kdump).subarray(0, 12).toString('latin1')).toBe('makedumpfile')
    const aborted = join(scratch, 'aborted.elf')
    await expect(machine.dump(aborted, 'elf', { signal: AbortSignal.timeout(30) })).rejects.toThrow(/abort/i)
    await machine.thaw()
    expect(machine.state).toBe('running')
    expect(readdirSync(scratch).filter((name) => name.startsWith('aborted'))).toEqual([])
    await expect(machine.dump('/no/such/directory/core')).rejects.toThrow(/cannot write/)
  })

  it('is told dead at once when it dies', async () => {
    await machine.thaw()
    const waiting = machine.runUntil({ addresses: [0xffff_ffff_ff00_0000n] }, { timeoutMs: 60_000 })
    await sleep(300)
    process.kill(machine.qemuPid, 'SIGKILL')
    await expect(waiting).rejects.toThrow(/guest @vm1 ended: its QEMU is gone; last console lines: .*tick/)
    await expect(machine.freeze()).rejects.toThrow(/its QEMU is gone/)
  })
})

describe('what a guest is given', () => {
  it('boots a vmlinux by PVH with programs and files of the host', async () => {
    const hello = write('hello', 'hello guest\n')
    const sentences: string[] = []
    await using machine = await Machine.boot({
      kernel: '7.0',
      boot: 'elf',
      machine: 'pc',
      cpus: 1,
      cpu: 'max,la57=off',
      name: 'given',
      files: [`${hello}:/data/hello`],
      run: [['sha256sum', '/data/hello']],
      script: write('who.sh', 'hostname; exit 5\n'),
      waitFor: /script ended with status 5/,
      onProgress: (sentence) => sentences.push(sentence),
    })
    await machine.console.waitFor('sha256sum ended', { signal: AbortSignal.timeout(20_000) })
    const text = machine.console.text()
    const hash = createHash('sha256').update('hello guest\n').digest('hex')
    expect(text).toContain(`${hash}  /data/hello`)
    expect(text).toContain('cryoscope: sha256sum ended with status 0')
    expect(text).toMatch(/^given$/m)
    expect(text).not.toContain('cannot mount')
    await machine.freeze()
    // CR4.LA57 is bit 12.
    expect(x86Vcpus(machine.vcpus).map(({ registers }) => registers.cr4 & 0x1000n)).toEqual([0n])
    expect(sentences.some((sentence) => sentence.startsWith('using '))).toBe(true)
  })

  it('does not come up when a program fails, and finds those below /tmp', async () => {
    const sentences: string[] = []
    const failing = Machine.boot({
      files: [`${write('list.sh', 'cat /tmp/own/file /run/own/file\nexit 3\n')}:/tmp/own/list.sh`],
      run: [
        [
          'sh',
          '-c',
          'echo below > /tmp/own/file; mkdir -p /run/own; cp /tmp/own/file /run/own; sh /tmp/own/list.sh',
        ],
      ],
      waitFor: 'nobody ever says this',
      onProgress: (sentence) => sentences.push(sentence),
    })
    await expect(failing).rejects.toMatchObject({
      code: 'guest',
      message: expect.stringMatching(
        /^sh ended with status 3; last console lines: .*below \| below \| cryoscope: sh ended/,
      ),
    })
    expect(sentences.filter((sentence) => /once more/.test(sentence))).toEqual([])
    await expect(Machine.boot({ run: [['sh', '-c', 'kill -9 $$']] })).rejects.toThrow(
      'sh was killed by signal 9',
    )
  })

  it('is told what memory would do where its files do not fit, and comes up with that', async () => {
    const large = write('large', '')
    truncateSync(large, 60 * mebibyte)
    const options = { files: [`${large}:/large`], script: write('size.sh', 'stat -c "large %s" /large\n') }
    const cramped = await Machine.boot({ ...options, memoryBytes: 128 * mebibyte }).catch(
      (error: Error) => error,
    )
    expect(cramped).toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/ take \d+ MiB and do not fit /),
    })
    const [, enough] = /--memory (\d+)M would do$/.exec((cramped as Error).message) ?? []
    const memoryBytes = Number(enough) * mebibyte
    await using machine = await Machine.boot({ ...options, memoryBytes, waitFor: /large \d+/ })
    expect(machine.console.text()).toContain(`large ${60 * mebibyte}`)
  })

  it('splits more than 3 GiB round the PCI hole', async () => {
    await using machine = await Machine.boot({ kernel: '6.18', memoryBytes: 4096 * mebibyte, cpus: 4 })
    await machine.freeze()
    const { ranges, size } = await machine.ramFile()
    expect(machine.vcpus).toHaveLength(4)
    expect(size).toBe(4096 * mebibyte)
    expect(ranges).toEqual([
      { physical: 0, offset: 0, length: 2048 * mebibyte },
      { physical: 4096 * mebibyte, offset: 2048 * mebibyte, length: 2048 * mebibyte },
    ])
  })

  it('says of a halted vCPU that it waits for an interrupt', async () => {
    await using machine = await Machine.boot({ kernel: '6.18', memoryBytes: 128 * mebibyte, cpus: 2 })
    let halted: number | undefined
    while (halted === undefined) {
      await machine.advance({ ms: 50 })
      halted = machine.vcpus.find((vcpu) => vcpu.halted)?.cpu
    }
    const others = machine.vcpus.filter(({ cpu }) => cpu !== halted)
    const sentences: string[] = []
    const stop = await machine.step(halted, 1, { onHalted: (sentence) => sentences.push(sentence) })
    expect(sentences).toEqual([`vCPU ${halted} is halted; it will step when an interrupt arrives`])
    if (stop.reason !== 'step') throw new Error(stop.reason)
    expect(stop.note).toMatch(
      stop.steps === 1 ? /stepped when an interrupt arrived/ : /no interrupt came for it/,
    )
    expect(machine.vcpus.filter(({ cpu }) => cpu !== halted)).toEqual(others)
  })

  it('tries a boot that dies once more, and then says how it died', async () => {
    const sentences: string[] = []
    const boot = Machine.boot({
      kernel: '6.18',
      script: write('crash.sh', 'sleep 0.5; echo c >/proc/sysrq-trigger; sleep 9\n'),
      waitFor: 'never said',
      onProgress: (sentence) => sentences.push(sentence),
    })
    await expect(boot).rejects.toThrow(/^the guest died while it booted; last console lines: .*Kernel/)
    expect(sentences.filter((sentence) => sentence.endsWith('; trying once more'))).toHaveLength(1)
  })

  it('gives up a boot that hangs, and an aborted one at once', async () => {
    const boot = Machine.boot({ kernel: '6.18', bootTimeoutMs: 300 })
    await expect(boot).rejects.toThrow(/the guest was not ready after 0.3 s; its console is empty/)
    const signal = AbortSignal.timeout(1500)
    await expect(Machine.boot({ kernel: '6.18', signal, waitFor: 'never said' })).rejects.toThrow(/abort/i)
    expect(new Registry().list()).toEqual([])
  })
})

describe('what is left behind', () => {
  const library = new URL('../../dist/machine/machine.js', import.meta.url)

  /** A process of its own that boots a guest and then does as it is told. */
  async function starter(options: BootOptions, then = 'setInterval(() => {}, 1000)') {
    if (!existsSync(library)) throw new Error('build first: npm run build')
    const code = `
      import { Machine } from ${JSON.stringify(pathToFileURL(library.pathname).href)}
      const machine = await Machine.boot(${JSON.stringify(options)})
      console.log(JSON.stringify([machine.record.name, machine.qemuPid]))
      ${then}`
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise<string | number | null>((resolve) => {
      child.once('close', (status, signal) => resolve(signal ?? status))
    })
    const line = await new Promise<string>((resolve, reject) => {
      child.stdout.setEncoding('utf8').once('data', resolve)
      child.once('close', () => reject(new Error('it ended before its guest was ready')))
    })
    const [name, pid] = JSON.parse(line) as [string, number]
    return { child, ended, name, qemu: identify(pid), directory: join(scratch, 'cryoscope', name) }
  }

  function isGone(qemu: ProcessIdentity | undefined): boolean {
    return qemu === undefined || !isAlive(qemu)
  }

  it('nothing runs after a kill -9 of the one who booted, and the next sweep says what it cleaned', async () => {
    const { child, ended, name, qemu, directory } = await starter({ kernel: '6.18' })
    child.kill('SIGKILL')
    expect(await ended).toBe('SIGKILL')
    await until(() => isGone(qemu), 'QEMU is gone', 2000)
    expect(existsSync(directory)).toBe(true)
    expect(await new Registry().sweep()).toEqual([
      `cleaned up guest @${name}: process ${child.pid}, which started it, ended without stopping it`,
    ])
    expect(existsSync(directory)).toBe(false)
  })

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('nothing after %s', async (signal) => {
    const { child, ended, qemu, directory } = await starter({ kernel: '6.18' })
    child.kill(signal)
    expect(await ended).toBe(signal)
    await until(() => isGone(qemu), 'QEMU is gone', 2000)
    expect(existsSync(directory)).toBe(false)
  })

  it('nothing after an error that nobody caught, nor after a program that just ends', async () => {
    for (const [then, status] of [
      ['throw new Error("on purpose, from the test")', 1],
      ['', 0],
    ] as const) {
      const { ended, qemu, directory } = await starter({ kernel: '6.18' }, then)
      expect(await ended).toBe(status)
      await until(() => isGone(qemu), 'QEMU is gone', 2000)
      expect(existsSync(directory)).toBe(false)
    }
  })

  it('a detached guest, until it is stopped', async () => {
    const { ended, qemu, directory } = await starter(
      { kernel: '6.18', detach: true, name: 'left' },
      'await machine.close()',
    )
    expect(await ended).toBe(0)
    expect(isGone(qemu)).toBe(false)
    expect(await new Registry().sweep()).toEqual([])
    expect(new Registry().list().map(({ record }) => record.name)).toEqual(['left'])
    await expect(Machine.boot({ kernel: '6.18', name: 'left' })).rejects.toThrow(
      'there is a guest @left already',
    )
    await using first = await Machine.connect('@left')
    await using second = await Machine.connect(join(directory, 'qmp.3'))
    await first.freeze()
    await second.freeze()
    expect(second.vcpus).toEqual(first.vcpus)
    await second.thaw()
    await first.stop()
    expect(isGone(qemu)).toBe(true)
    expect(existsSync(directory)).toBe(false)
    await expect(second.freeze()).rejects.toThrow(/guest @left ended/)
    expect(() => new Registry().find('@left')).toThrow('there is no guest @left; none is running')
  })

  it('a QEMU that someone else started is controlled by its QMP socket, and left alone', async () => {
    const directory = mkdtempSync(join(scratch, 'foreign-'))
    const socket = join(directory, 'monitor')
    const arguments_ = [
      ...[
        '-accel',
        'tcg',
        '-m',
        '128M',
        '-display',
        'none',
        '-nodefaults',
        '-qmp',
        'unix:monitor,server=on,wait=off',
      ],
      ...[
        '-object',
        'memory-backend-memfd,id=theirs,size=128M,share=on',
        '-machine',
        'pc,memory-backend=theirs',
      ],
    ]
    const child = spawn('qemu-system-x86_64', arguments_, { cwd: directory, stdio: 'inherit' })
    try {
      await until(() => existsSync(socket), 'QEMU listens')
      await using machine = await Machine.connect(socket)
      expect(machine.record).toMatchObject({ accelerator: 'tcg', cpus: 1, memoryBytes: 128 * mebibyte })
      await sleep(300)
      await machine.freeze()
      expect(await machine.step(0)).toMatchObject({ reason: 'step', cpu: 0 })
      expect(await machine.ramFile()).toMatchObject({ size: 128 * mebibyte })
      expect(() => machine.console.text()).toThrow(/not known/)
      await machine.thaw()
      expect(machine.outbox).toBe(undefined)
    } finally {
      expect(child.exitCode).toBe(null)
      child.kill('SIGKILL')
    }
  })

  it('a detached guest that crashed is swept with its last words', async () => {
    const script = write('later.sh', 'sleep 2; echo c >/proc/sysrq-trigger\n')
    const { ended, qemu, name } = await starter(
      { kernel: '6.18', detach: true, script },
      'await machine.close()',
    )
    expect(await ended).toBe(0)
    await until(() => isGone(qemu), 'it crashed')
    const sentences = await new Registry().sweep()
    expect(sentences).toHaveLength(1)
    expect(sentences[0]).toMatch(
      new RegExp(`^cleaned up guest @${name}: it had ended by itself; last console line: .`),
    )
  })
})
