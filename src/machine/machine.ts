import { rmSync } from 'node:fs'
import { CryoscopeError } from '../errors.js'
import {
  type Checkpoint,
  type CheckpointOptions,
  deleteCheckpoint,
  isRestore,
  listCheckpoints,
  loadCheckpoint,
  saveCheckpoint,
} from './checkpoints.js'
import { type Connection, openConnection, startConnection } from './connection.js'
import { Console } from './console.js'
import { isLocked } from './file-lock.js'
import { lockGdb } from './gdb-lock.js'
import { GdbRemote } from './gdb-remote.js'
import { type DumpFormat, type DumpOptions, dumpGuest } from './guest-dump.js'
import { type CopiedRam, copyRam, findProcessRam, type ProcessRam } from './guest-memory.js'
import { isAlive, killProcess, whyStopped } from './host-process.js'
import { KeptNote } from './kept-note.js'
import { Lifeline } from './lifeline.js'
import { type Look, Looks } from './looks.js'
import type { BootOptions } from './options.js'
import type { QmpEvent } from './qmp.js'
import { isFlag, recordOf } from './qmp-shape.js'
import { findRamFile, findRamFiles, type RamFile } from './ram-file.js'
import { parseInfoRegisters, type Registers, type VcpuState } from './registers.js'
import { type GuestRecord, guestFiles } from './registry.js'
import { type RunCondition, type RunEnd, type RunOptions, runUntil, stepVcpu } from './run-until.js'
import { type TraceEnd, type TraceHit, type TraceOptions, traceRun } from './trace.js'
import { delay } from './wait.js'

export type {
  BootOptions,
  Checkpoint,
  CheckpointOptions,
  DumpFormat,
  DumpOptions,
  GuestRecord,
  Look,
  RamFile,
  Registers,
  RunCondition,
  RunOptions,
  VcpuState,
}

/** Why and where a guest stopped. */
export type MachineStop =
  | { readonly reason: 'freeze' }
  /** The guest ran for so many microseconds, by QEMU's clock. */
  | { readonly reason: 'advance'; readonly elapsedMicroseconds: number }
  /** That vCPU executed so many instructions; the note is a sentence about what was special. */
  | { readonly reason: 'step'; readonly cpu: number; readonly steps: number; readonly note?: string }
  | RunEnd

export interface StepOptions extends RunOptions {
  /** Called when the vCPU is halted, so that the step waits for an interrupt. */
  readonly onHalted?: (sentence: string) => void
}

// QEMU's vm_stop waits for each vCPU to leave guest code, and for disks; seconds at worst.
const stopTimeout = 30_000
const quitTimeout = 3000
/** How soon the end of a guest is known after its directory has gone. */
const endMilliseconds = 1000

/** A guest under QEMU: started by us, or connected to. Control is async; what a freeze found is there at once. */
export class Machine implements AsyncDisposable {
  readonly record: GuestRecord
  readonly console: Console
  /** Host file that holds what the guest wrote to its virtio-serial port `cryoscope.out`; undefined for a foreign QEMU. */
  readonly outbox: string | undefined
  /** Where its kernel was found the last time; undefined for a foreign QEMU. */
  readonly note: KeptNote | undefined
  /** Resolves, never rejects, when the guest has ended or the connection was closed; the error says how. */
  readonly ended: Promise<CryoscopeError>
  readonly #connection: Connection
  readonly #lifeline: Lifeline
  /** Undefined for a foreign QEMU. */
  readonly #looks: Looks | undefined
  readonly #gdbLock: string | undefined
  readonly #listeners = new Set<(state: 'running' | 'frozen') => void>()
  #state: 'running' | 'frozen' = 'running'
  #epoch = 0
  #vcpus: readonly VcpuState[] = []
  #lastStart = 0
  #lastStop = 0
  /** Milliseconds that QEMU takes to stop at least, from our asking to the news of it. */
  #stopTook = 0.5
  #stoppedAt = 0
  #startedAt = 0
  #operations = 0
  #looksDue = 0
  #closed = false
  /** A trace stands at one of its places. */
  #visited = false
  /** It ran when somebody attached, so it is to run again when they leave. */
  #resumes = false
  /** Frozen by us, not by another program. */
  #stoppedHere = false
  /** An aborted dump that QEMU still writes; until it ends QEMU takes no command that runs the guest. */
  #dumping: Promise<void> | undefined

  private constructor(connection: Connection) {
    const { directory, qemu, qmp } = connection
    this.#connection = connection
    this.record = connection.record
    const files = directory === undefined ? undefined : guestFiles(directory)
    this.outbox = files?.outbox
    this.note = files === undefined ? undefined : new KeptNote(files.note)
    this.#looks = files === undefined ? undefined : new Looks(files)
    this.#gdbLock = files?.gdbLock
    this.console = new Console(files?.console, () => isAlive(qemu))
    this.#lifeline = new Lifeline(connection.label, qemu, qmp, this.console)
    this.ended = this.#lifeline.ended
    qmp.onEvent((event) => this.#note(event))
  }

  /** Starts a guest and resolves when it is ready. It ends with this process unless `detach` is set. */
  static async boot(options: BootOptions = {}): Promise<Machine> {
    return await Machine.#open(await startConnection(options))
  }

  /** Connects to a guest that is running: "@name", or the path of any QEMU's QMP socket. */
  static async connect(
    target: string,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<Machine> {
    return await Machine.#open(await openConnection(target, { signal }))
  }

  /** Takes over a guest whose ways are known. */
  static async over(connection: Connection): Promise<Machine> {
    return await Machine.#open(connection)
  }

  /** The same for a guest of others: what was stopped here runs again when the connection is closed. */
  static async attach(socket: string, options: { signal?: AbortSignal | undefined } = {}): Promise<Machine> {
    const machine = await Machine.connect(socket, options)
    machine.#resumes = machine.#state === 'running'
    return machine
  }

  static async #open(connection: Connection): Promise<Machine> {
    const machine = new Machine(connection)
    try {
      await machine.#look()
      return machine
    } catch (error) {
      await machine.close()
      throw error
    }
  }

  get state(): 'running' | 'frozen' {
    return this.#state
  }

  /** Counts the times at which the guest may have changed: what was read under another number may be stale. */
  get epoch(): number {
    return this.#epoch
  }

  get qemuPid(): number {
    return this.#connection.qemu.pid
  }

  /** The vCPUs as the last stop left them. Throws while the guest runs. */
  get vcpus(): readonly VcpuState[] {
    this.#requireFrozen()
    return this.#vcpus
  }

  /** Calls the listener when the guest stops or runs, whoever caused it; the result ends that. */
  onStateChange(listener: (state: 'running' | 'frozen') => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Stops every vCPU and reads their registers. A frozen guest stays as it is. */
  async freeze({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<MachineStop> {
    await this.#operate(() => this.#decide(() => this.#stop(signal), signal))
    this.#requireFrozen('another program lets it run; freeze it again')
    return { reason: 'freeze' }
  }

  /**
   * Freezes a guest that runs, for the time of a look that it may share with others. Undefined when the guest stands
   * still on purpose.
   */
  async hold({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<Look | undefined> {
    const looks = this.#looks
    if (looks === undefined) {
      if (this.#state === 'frozen') return undefined
      await this.freeze({ signal })
      return { release: () => this.thaw(), abandon: () => true }
    }
    const guest = {
      isRunning: () => this.#isRunning(),
      isDriven: () => this.#gdbLock !== undefined && isLocked(this.#gdbLock),
      stop: () => this.#operate(() => this.#stop(signal)),
      start: () => this.#operate(() => this.#start()),
    }
    const look = await this.#whileThere(looks.hold(guest, signal))
    // It may have come to stand still a moment ago, and the news of that is on its way.
    if (this.#state === 'running') await this.#operate(() => this.#look(signal))
    return look
  }

  /** Lets the guest run. */
  async thaw({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    await this.#operate(() => this.#decide(() => this.#start(signal), signal))
  }

  /** Lets the guest run for about that long, and freezes it again. An abort freezes it at once. */
  async advance(
    time: { readonly ms?: number; readonly us?: number },
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<MachineStop> {
    const microseconds = (time.ms ?? 0) * 1000 + (time.us ?? 0)
    if (!(microseconds > 0 && microseconds < 2 ** 31 * 1000)) {
      throw new CryoscopeError('usage', 'advance takes a positive time: { ms } or { us }, below 24 days')
    }
    signal?.throwIfAborted()
    // Of a guest that ran already only the time from here on counts.
    if (this.#state === 'running') {
      this.#lastStart = Date.now() * 1000
      this.#startedAt = performance.now()
    }
    await this.#operate(async () => {
      await this.thaw()
      try {
        const end = this.#startedAt + microseconds / 1000 - this.#stopTook
        // Timers are good to a millisecond or two; the rest is waited out turn by turn.
        const rough = end - performance.now() - 2
        if (rough > 0) await this.#lifeline.orEnd(delay(rough, signal))
        while (performance.now() < end) await new Promise(setImmediate)
      } finally {
        const asked = performance.now()
        await this.#stop()
        // The quick ones count: a slow stop must not make the next slice too short.
        if (this.#stoppedAt > asked) this.#stopTook = Math.min(this.#stopTook * 1.2, this.#stoppedAt - asked)
        await this.#decide(async () => {})
      }
    })
    return { reason: 'advance', elapsedMicroseconds: this.#lastStop - this.#lastStart }
  }

  /**
   * Lets one vCPU execute so many instructions while all others stand still. A halted vCPU waits for an interrupt, two
   * seconds at most; the result then says fewer steps and why.
   */
  async step(cpu: number, count = 1, options: StepOptions = {}): Promise<MachineStop> {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw new CryoscopeError('usage', `a count of steps is a positive whole number, not ${count}`)
    }
    // Others may have been ahead in the line: how the guest stands counts when it is our turn.
    const check = async (): Promise<void> => {
      await this.#look()
      if (this.vcpus.some((each) => each.cpu === cpu)) return
      throw new CryoscopeError(
        'usage',
        `there is no vCPU ${cpu}; the guest has ${this.#vcpus.map((each) => each.cpu).join(', ')}`,
      )
    }
    const end = await this.#withGdb(
      (gdb) =>
        stepVcpu(gdb, cpu, count, this.#vcpus.find((each) => each.cpu === cpu)?.halted === true, options),
      options.signal,
      check,
    )
    return { reason: 'step', cpu, ...end }
  }

  /**
   * Lets the guest run until a vCPU reaches an address or touches memory. However it ends, the guest is frozen then
   * and no breakpoint is left.
   */
  async runUntil(condition: RunCondition, options: RunOptions = {}): Promise<MachineStop> {
    return await this.#withGdb(async (gdb) => {
      // Connecting stopped the guest; where it stands now counts.
      if (this.#state === 'running') await this.#look()
      const positions = this.#vcpus.map(({ cpu, pc, halted }) => ({ cpu, pc, halted: halted === true }))
      return await runUntil(gdb, condition, positions, options)
    }, options.signal)
  }

  /**
   * Stops the guest wherever the condition holds, for `visit` to look, and lets it go on while that gives true. It is frozen
   * when the trace ends, and no breakpoint is left.
   */
  async trace(
    condition: RunCondition,
    visit: (hit: TraceHit) => Promise<boolean>,
    options: TraceOptions = {},
  ): Promise<TraceEnd> {
    const look = async () => {
      await this.#look()
      return this.#vcpus.map(({ cpu, pc, halted }) => ({ cpu, pc, halted: halted === true }))
    }
    return await this.#withGdb(
      async (gdb) =>
        await traceRun(
          gdb,
          condition,
          look,
          async (hit) => {
            this.#visited = true
            try {
              return await visit(hit)
            } finally {
              this.#visited = false
            }
          },
          options,
        ),
      options.signal,
    )
  }

  /** Reads the registers again through gdb's protocol, which also knows k_gs_base and cr8 of x86-64. */
  async completeRegisters(): Promise<readonly VcpuState[]> {
    this.#requireFrozen()
    return await this.#withGdb(async (gdb) => {
      const complete: VcpuState[] = []
      for (const vcpu of this.#vcpus) {
        if (vcpu.architecture !== 'amd64') {
          complete.push(vcpu)
          continue
        }
        const known = await gdb.registers(vcpu.cpu)
        const added = (
          ['k_gs_base', 'cr8', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'] as const
        ).map((name) => [name, known.get(name) ?? vcpu.registers[name]] as const)
        complete.push({ ...vcpu, registers: { ...vcpu.registers, ...Object.fromEntries(added) } })
      }
      return complete
    }).then((complete) => {
      this.#vcpus = complete
      return complete
    })
  }

  /** Writes a dump of the guest's memory and registers. A running guest stands still meanwhile. */
  async dump(file: string, format: DumpFormat = 'elf', options: DumpOptions = {}): Promise<void> {
    const settled = (end: Promise<void>) => {
      this.#dumping = end
    }
    await this.#operate(() =>
      this.#lifeline.orEnd(dumpGuest(this.#connection.qmp, file, format, options, settled)),
    )
  }

  /** Saves the guest's state under a name. A running guest stands still meanwhile. */
  async checkpoint(name?: string, options: CheckpointOptions = {}): Promise<Checkpoint> {
    const { qmp, directory } = this.#connection
    return await this.#operate(async () => {
      const wasRunning = this.#state === 'running'
      await this.freeze()
      try {
        return await this.#lifeline.orEnd(saveCheckpoint(qmp, directory, name, options))
      } finally {
        if (wasRunning) await this.thaw()
      }
    })
  }

  /** Brings a saved state back. The guest is frozen then, in the state that it had. */
  async restore(name: string): Promise<Checkpoint> {
    return await this.#operate(async () => {
      await this.freeze()
      try {
        return await this.#lifeline.orEnd(loadCheckpoint(this.#connection.qmp, name))
      } finally {
        // What was read of the state before is as stale as after a run.
        this.#become('running')
        await this.#control('stop', undefined)
        await this.#look()
      }
    })
  }

  /** Saved states, oldest first. */
  async checkpoints(): Promise<readonly Checkpoint[]> {
    return await this.#lifeline.orEnd(listCheckpoints(this.#connection.qmp))
  }

  async deleteCheckpoint(name: string): Promise<void> {
    await this.#operate(() => this.#lifeline.orEnd(deleteCheckpoint(this.#connection.qmp, name)))
  }

  /** The guest's RAM as files, to be opened by this or another process of the same user. Guests of ours have one. */
  async ramFiles(): Promise<readonly RamFile[]> {
    return await this.#lifeline.orEnd(findRamFiles(this.#connection.qmp, this.qemuPid))
  }

  /** The largest of them. */
  async ramFile(): Promise<RamFile> {
    return await this.#lifeline.orEnd(findRamFile(this.#connection.qmp, this.qemuPid))
  }

  /** Where QEMU's process has the guest's RAM. */
  async processRam(): Promise<ProcessRam> {
    return await this.#lifeline.orEnd(findProcessRam(this.#connection.qmp, this.qemuPid))
  }

  /** A copy of the guest's RAM in a file, made by QEMU. */
  async copyRam(): Promise<CopiedRam> {
    return await this.#lifeline.orEnd(copyRam(this.#connection.qmp))
  }

  /** Ends the guest and removes everything that it had on the host. */
  async stop(): Promise<void> {
    const { qmp, qemu, child, directory, disown } = this.#connection
    if (this.#closed) return
    this.#closed = true
    this.#lifeline.closing()
    try {
      await qmp.execute('quit', {}, { timeoutMs: quitTimeout })
    } catch {
      // It is dead, deaf or busy; the kill settles that.
    }
    qmp.close()
    const end = performance.now() + quitTimeout
    while (isAlive(qemu) && performance.now() < end) await delay(2)
    if (!(await killProcess(qemu))) {
      throw new CryoscopeError('guest', `QEMU (process ${qemu.pid}) cannot be killed; end it by hand`)
    }
    child?.unref()
    disown()
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true })
  }

  /** Ends the connection. A guest that we started ends with it; one that was left running goes on as it is. */
  async close(): Promise<void> {
    if (this.#connection.child !== undefined) {
      await this.stop()
    } else if (!this.#closed) {
      if (this.#resumes && this.#stoppedHere && this.#state === 'frozen') await this.thaw().catch(() => {})
      await this.#connection.release?.().catch(() => {})
      this.#closed = true
      this.#lifeline.closing()
      this.#connection.qmp.close()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #requireFrozen(advice = 'freeze it first'): void {
    if (this.#state === 'running') {
      throw new CryoscopeError('state', `${this.#connection.label} is running; ${advice}`)
    }
  }

  /** Does what freezes or runs the guest on purpose: looks of others no longer decide about it. */
  async #decide(work: () => Promise<void>, signal?: AbortSignal): Promise<void> {
    const unlock = await this.#whileThere(this.#looks?.lock(signal))
    try {
      this.#looks?.overrule()
      await work()
    } finally {
      unlock?.()
    }
  }

  /** The guest's directory goes with the guest: then its end says more than a missing file. */
  async #whileThere<T>(work: Promise<T> | undefined): Promise<T | undefined> {
    try {
      return await work
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      throw await Promise.race([this.ended, delay(endMilliseconds).then(() => error)])
    }
  }

  async #stop(signal?: AbortSignal): Promise<void> {
    await this.#control('stop', signal)
    await this.#look(signal)
  }

  async #start(signal?: AbortSignal): Promise<void> {
    await this.#control('cont', signal)
    // The RESUME event came before the reply, unless the guest ran already.
    if (this.#state === 'frozen') this.#become('running')
  }

  async #isRunning(): Promise<boolean> {
    const asked = this.#connection.qmp.ask('query-status', recordOf({ running: isFlag }))
    return (await this.#lifeline.orEnd(asked)).running
  }

  /** Does something through the gdb stub; the guest is frozen and looked at afterwards. */
  async #withGdb<T>(
    work: (gdb: GdbRemote) => Promise<T>,
    signal?: AbortSignal,
    check?: () => Promise<void>,
  ): Promise<T> {
    return await this.#operate(() => this.#withLockedGdb(work, signal, check))
  }

  async #withLockedGdb<T>(
    work: (gdb: GdbRemote) => Promise<T>,
    signal: AbortSignal | undefined,
    check: (() => Promise<void>) | undefined,
  ): Promise<T> {
    const { socket, lock } = await this.#lifeline.orEnd(this.#connection.gdb())
    const unlock = await lockGdb(lock, signal)
    try {
      // Connecting would stop a guest that runs.
      await check?.()
      await this.#decide(async () => {})
      const gdb = await this.#lifeline.orEnd(
        GdbRemote.connect(socket, { signal, whySilent: () => whyStopped(this.qemuPid) }),
      )
      try {
        return await this.#lifeline.orEnd(work(gdb))
      } finally {
        gdb.close()
        if (isAlive(this.#connection.qemu)) {
          await this.#look()
          // A look that began meanwhile took the guest for one that runs; it stays frozen when that ends.
          await this.#decide(async () => {})
        }
      }
    } finally {
      unlock()
    }
  }

  async #control(command: 'stop' | 'cont', signal: AbortSignal | undefined): Promise<void> {
    await this.#lifeline.orEnd(this.#connection.qmp.execute(command, {}, { timeoutMs: stopTimeout, signal }))
  }

  /** Reads all registers if the guest stands still, and says so. */
  async #look(signal?: AbortSignal): Promise<void> {
    // The reply comes after the events of what has been: what moves `epoch` from here on is news.
    if (await this.#isRunning()) return
    const epoch = this.#epoch
    const text = await this.#lifeline.orEnd(this.#connection.qmp.monitor('info registers -a', { signal }))
    if (epoch !== this.#epoch) return
    this.#vcpus = parseInfoRegisters(text)
    this.#become('frozen')
  }

  /** Work of ours that stops and starts the guest; stops that come meanwhile are not news. */
  async #operate<T>(work: () => Promise<T>): Promise<T> {
    if (this.#visited) {
      throw new CryoscopeError(
        'usage',
        'what looks at a traced guest only looks: it can neither run nor stop it',
      )
    }
    const owed = this.#state === 'running' || this.#stoppedHere
    this.#operations++
    try {
      await this.#dumping
      return await work()
    } finally {
      this.#operations--
      if (owed && this.#state === 'frozen') this.#stoppedHere = true
    }
  }

  #note({ event, data, microseconds }: QmpEvent): void {
    if (this.#operations === 0 && isRestore(event, data)) {
      this.#become('running')
      this.#lookLater()
    } else if (event === 'RESUME') {
      this.#lastStart = microseconds
      this.#startedAt = performance.now()
      this.#become('running')
    } else if (event === 'STOP') {
      this.#lastStop = microseconds
      this.#stoppedAt = performance.now()
      if (this.#operations === 0) this.#lookLater()
    }
  }

  /**
   * Another program froze it; a failure to look shows in whatever is asked of the guest next. However many events
   * come, there is one look at a time, and one more for those that came meanwhile.
   */
  #lookLater(): void {
    this.#looksDue++
    if (this.#looksDue > 1) return
    this.#look()
      .catch(() => {})
      .finally(() => {
        const more = this.#looksDue > 1
        this.#looksDue = 0
        if (more && !this.#closed) this.#lookLater()
      })
  }

  #become(state: 'running' | 'frozen'): void {
    if (state === 'running') {
      this.#epoch++
      this.#stoppedHere = false
    }
    if (state === this.#state) return
    this.#state = state
    for (const listener of [...this.#listeners]) listener(state)
  }
}
