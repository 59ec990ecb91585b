import type { ChildProcess } from 'node:child_process'
import { readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { CryoscopeError } from '../../errors.js'
import { connectWhenUp, ended, started } from '../../machine/boot.js'
import type { ProcessIdentity } from '../../machine/host-process.js'
import { type QemuOptions, startQemu } from '../../machine/qemu.js'
import { openUnixSocket, type QmpClient } from '../../machine/qmp.js'
import { parseInfoRegisters, type VcpuState } from '../../machine/registers.js'
import { guestFiles } from '../../machine/registry.js'
import { delay } from '../../machine/wait.js'
import type { RawEvent } from './event.js'
import { layoutNumber, registerOrder } from './layout.js'
import type { MemoryFile } from './memory-file.js'
import { never, SharedFile } from './shared-file.js'

/** A place in a run: instructions executed by all vCPUs together, and what the guest's clock said there. */
export interface Moment {
  readonly instructions: number
  /** Nanoseconds of the guest's clock, which counts from its start. */
  readonly ns: number
}

/** Where the guest is held: before a block of instructions, which the vCPU executes next. */
export interface Hold extends Moment {
  readonly cpu: number
  readonly pc: bigint
  /** Over all changes of vCPU since the segment began: another hash here is another run. */
  readonly hash: bigint
  /** The entry of the block before. */
  readonly previous: number
}

export interface RunStart extends Moment {
  /** State of the devices and vCPUs to go on from; undefined boots. */
  readonly devices: Uint8Array | undefined
}

export interface RunOptions {
  readonly qemu: string
  readonly plugin: string
  /** All but what the run itself decides. */
  readonly machine: Omit<QemuOptions, 'directory' | 'deterministic'>
  readonly seed: number
  readonly directory: string
  readonly ram: MemoryFile
  readonly start: RunStart
  /** Report stores into watched memory: costs some speed. */
  readonly stores: boolean
  readonly signal?: AbortSignal | undefined
}

/** Instructions take so many nanoseconds of the guest's clock: -icount shift=1. */
const nsPerInstruction = 2
/** What is near is there in microseconds. */
const fastPolls = 50
const pollMilliseconds = 1
const slowPollMilliseconds = 4
const migrationMilliseconds = 30_000
/** How long QEMU's main loop may take to wait for the vCPU thread, which then is let go. */
const stopMilliseconds = 3000
const futexCall = '202'

/** The guest ended (crashed, powered off, rebooted) before the place was reached. */
export class RunEnded extends CryoscopeError {
  readonly at: Moment

  constructor(message: string, at: Moment) {
    super('guest', message)
    this.at = at
  }
}

/**
 * One process of QEMU that executes a part of a run. While it runs nobody may talk to it: whatever reaches its vCPU thread
 * from outside changes what comes after. Held it may be asked anything that does not stop it.
 */
export class Run {
  readonly ram: MemoryFile
  readonly directory: string
  readonly qemu: ProcessIdentity
  readonly qmp: QmpClient
  readonly child: ChildProcess
  readonly shared: SharedFile
  #isStarted = false
  #ended = false

  private constructor(
    options: RunOptions,
    child: ChildProcess,
    qemu: ProcessIdentity,
    qmp: QmpClient,
    shared: SharedFile,
  ) {
    this.ram = options.ram
    this.directory = options.directory
    this.child = child
    this.qemu = qemu
    this.qmp = qmp
    this.shared = shared
    child.once('exit', () => {
      this.#ended = true
    })
  }

  /** Starts the process; it stands before its first instruction. `onChild` hears of the process at once. */
  static async start(options: RunOptions, onChild?: (child: ChildProcess) => void): Promise<Run> {
    const { qemu, plugin, machine, seed, directory, ram, start, stores, signal } = options
    const files = guestFiles(directory)
    // Those of a process before are no sign of life.
    for (const socket of [...files.monitors, files.gdb, join(directory, 'state')])
      rmSync(socket, { force: true })
    // A path that the loader's list of libraries can hold, whatever the package's is.
    const library = join(directory, 'record.so')
    rmSync(library, { force: true })
    symlinkSync(plugin, library)
    const shared = new SharedFile(join(directory, 'shared'))
    shared.set('tsc', start.ns)
    shared.set('tscCount', start.instructions)
    const child = startQemu(
      qemu,
      {
        ...machine,
        directory,
        deterministic: {
          seed,
          plugin: library,
          shared: shared.path,
          pluginArguments: [`count=${start.instructions}`, ...(stores ? ['stores=on'] : [])],
          ram: ram.fd,
          incoming: start.devices !== undefined,
        },
      },
      false,
    )
    onChild?.(child)
    try {
      const identity = await started(child, files)
      const qmp = await connectWhenUp(child, files, signal)
      if (shared.get('layout') !== layoutNumber) {
        throw new CryoscopeError(
          'environment',
          'the plugin of deterministic guests is another version; run make -C engine',
        )
      }
      const run = new Run(options, child, identity, qmp, shared)
      if (start.devices !== undefined) {
        await run.#load(start.devices)
        if (shared.get('asksRegisters') !== 0) await run.#tellRegisters()
      }
      return run
    } catch (error) {
      await ended(child)
      shared.close()
      throw error
    }
  }

  get isAlive(): boolean {
    return !this.#ended
  }

  /** What the guest's clock says at that count, from what it last read of it. */
  moment(instructions = this.shared.get('count')): Moment {
    const { shared } = this
    const ns = shared.get('tsc') + (instructions - shared.get('tscCount')) * nsPerInstruction
    return { instructions, ns }
  }

  /**
   * Runs until the first block at or after that many instructions. `target` may also be a place of the guest's clock.
   * Throws RunEnded when the guest ends before. On an abort it is held wherever it is.
   */
  async runTo(
    target: { readonly instructions?: number; readonly ns?: number },
    { signal, onEvent, onProgress }: RunToOptions = {},
  ): Promise<Hold> {
    signal?.throwIfAborted()
    const { shared } = this
    shared.set('tscTarget', target.ns ?? never)
    shared.set('target', Math.min(target.instructions ?? never, never))
    await this.release()
    const hold = await this.#untilHeld(signal, onEvent, onProgress)
    shared.set('tscTarget', never)
    return hold
  }

  /** Lets the guest run; it is held when the plugin's target says so. */
  async release(): Promise<void> {
    const { shared } = this
    const held = shared.get('held')
    if (!this.#isStarted) {
      this.#isStarted = true
      await this.qmp.execute('cont')
    } else if (held !== 0) {
      shared.set('released', held)
      while (shared.get('held') === held && this.isAlive) await setImmediate()
    }
  }

  /** Holds a guest that runs at the next block. */
  async holdNow(): Promise<Hold> {
    this.shared.set('target', 0)
    return await this.#untilHeld(undefined, undefined, undefined)
  }

  get hold(): Hold | undefined {
    const { shared } = this
    if (shared.get('held') === 0) return undefined
    return {
      ...this.moment(),
      cpu: shared.get('cpu'),
      pc: shared.getBig('pc'),
      hash: shared.getBig('hash'),
      previous: shared.get('previous'),
    }
  }

  async #untilHeld(
    signal: AbortSignal | undefined,
    onEvent: RunToOptions['onEvent'],
    onProgress: RunToOptions['onProgress'],
  ): Promise<Hold> {
    const { shared } = this
    for (let turn = 0; ; turn++) {
      const alive = this.isAlive
      if (signal?.aborted) shared.set('target', 0)
      const { hold } = this
      const found = shared.drain((event) => onEvent?.(event))
      if (hold !== undefined) {
        shared.drain((event) => onEvent?.(event))
        signal?.throwIfAborted()
        if (shared.get('unknownVcpus') !== 0) throw unknownVcpus()
        return hold
      }
      if (!alive) throw this.#tellEnd()
      onProgress?.(shared.get('count'))
      if (found > 0 || turn < fastPolls) await setImmediate()
      else await delay(turn < 2 * fastPolls ? pollMilliseconds : slowPollMilliseconds)
    }
  }

  #tellEnd(): RunEnded {
    const at = this.moment()
    const words = readFileSync(guestFiles(this.directory).log, 'utf8').trim().slice(-300)
    const why = words === '' ? '' : ` (QEMU: ${words})`
    return new RunEnded(
      `the guest ended after ${at.instructions} instructions: it crashed, rebooted or powered off${why}`,
      at,
    )
  }

  /** Registers of all vCPUs. The guest is held, or stopped. */
  async registers(): Promise<VcpuState[]> {
    const vcpus = parseInfoRegisters(await this.qmp.monitor('info registers -a'))
    const { hold, shared } = this
    if (
      hold !== undefined &&
      !isAs(
        vcpus.find(({ cpu }) => cpu === hold.cpu),
        shared.registers(),
      )
    )
      throw unknownVcpus()
    return vcpus
  }

  /** By which the plugin knows the vCPUs, where QEMU does not say which is meant. */
  async #tellRegisters(): Promise<void> {
    for (const { architecture, cpu, registers } of await this.registers())
      if (architecture === 'amd64') this.shared.tellRegisters(cpu, registers)
  }

  /**
   * Stops a guest that is held, at the entry of the next block; the process is good for saving its state or for a branch
   * then. Undefined when it went on further: the host was too slow, and the process must be thrown away.
   */
  async stop(): Promise<Moment | undefined> {
    const { shared } = this
    const stopped = this.qmp.execute('stop', {}, { timeoutMs: 30_000 })
    await this.#untilMainLoopWaits()
    shared.set('target', never)
    shared.set('tscTarget', never)
    await this.release()
    await stopped
    return shared.get('after') === 0 ? this.moment() : undefined
  }

  /** QEMU's main thread sleeps in futex(2) once it has asked the vCPU thread to stop; before it polls. */
  async #untilMainLoopWaits(): Promise<void> {
    const place = `/proc/${this.qemu.pid}/syscall`
    const end = performance.now() + stopMilliseconds
    let seen = 0
    while (performance.now() < end) {
      let call: string | undefined
      try {
        call = readFileSync(place, 'latin1').split(' ')[0]
      } catch {
        // Not ours to look at: a time that was always enough.
        await delay(50)
        return
      }
      seen = call === futexCall ? seen + 1 : 0
      if (seen >= 2) return
      await delay(1)
    }
  }

  /** The state of vCPUs and devices of a stopped guest, without RAM. The process cannot go on afterwards. */
  async saveDevices(): Promise<Uint8Array> {
    const path = join(this.directory, 'state')
    const chunks: Buffer[] = []
    const server = createServer()
    const whole = new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.once('connection', (socket) => {
        socket.on('data', (chunk) => chunks.push(chunk))
        socket.once('end', resolve)
        socket.once('error', reject)
      })
    })
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(path, resolve)
      })
      await this.#withoutRam()
      await this.qmp.execute('migrate', { uri: `unix:${path}` })
      await this.#migrated()
      await whole
      return Buffer.concat(chunks)
    } finally {
      server.close()
    }
  }

  /** Shared RAM stays out of the state, and no announcement to a network keeps a timer of the host's clock. */
  async #withoutRam(): Promise<void> {
    const capabilities = [{ capability: 'x-ignore-shared', state: true }]
    await this.qmp.execute('migrate-set-parameters', { 'announce-rounds': 0 })
    await this.qmp.execute('migrate-set-capabilities', { capabilities })
  }

  async #migrated(): Promise<void> {
    const end = performance.now() + migrationMilliseconds
    for (;;) {
      const { status, 'error-desc': error } = Object(await this.qmp.execute('query-migrate')) as Record<
        string,
        unknown
      >
      if (status === 'completed') return
      if (status === 'failed' || performance.now() > end)
        throw new CryoscopeError('guest', `QEMU cannot pass on the guest's state: ${String(error ?? status)}`)
      await delay(1)
    }
  }

  async #load(devices: Uint8Array): Promise<void> {
    const path = join(this.directory, 'state')
    await this.#withoutRam()
    await this.qmp.execute('migrate-incoming', { uri: `unix:${path}` })
    const socket = await openUnixSocket(path)
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject)
        socket.end(devices, resolve)
      })
      await this.#migrated()
    } finally {
      socket.destroy()
    }
  }

  /** Ends the process; its RAM file stays. */
  async end(): Promise<void> {
    this.qmp.close()
    await ended(this.child)
    this.shared.close()
  }
}

/** Whether the plugin's own reading is of this vCPU. */
function isAs(vcpu: VcpuState | undefined, own: ReturnType<SharedFile['registers']>): boolean {
  if (vcpu?.architecture !== 'amd64') return false
  return registerOrder.every((name) => (vcpu.registers[name] ?? 0n) === own[name])
}

function unknownVcpus(): CryoscopeError {
  return new CryoscopeError(
    'environment',
    'this QEMU keeps its vCPUs in a way not known here, so that nothing could be said of them; use one that docs/time.md names, or --cpus 1',
  )
}

export interface RunToOptions {
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ((event: RawEvent) => void) | undefined
  /** Called now and then with the instructions executed so far. */
  readonly onProgress?: ((instructions: number) => void) | undefined
}
