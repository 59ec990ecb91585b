import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { CryoscopeError } from '../errors.js'
import { Console } from '../machine/console.js'
import type { Machine, MachineStop } from '../machine/machine.js'
import type { VcpuState } from '../machine/registers.js'
import { type GuestRecord, guestFiles, writeRecord } from '../machine/registry.js'
import type { RunCondition, RunOptions } from '../machine/run-until.js'
import type { TraceEnd, TraceHit, TraceOptions } from '../machine/trace.js'
import { branchFrom } from './branch.js'
import { MemoryFile } from './engine/memory-file.js'
import { type Moment, RunEnded } from './engine/run.js'
import { type Destination, Journey, type RunSetup, type TravelOptions } from './journey.js'
import type { RunDescription } from './open-run.js'
import type { Checkpoint, RunStore } from './run-store.js'

/** Where a session on a record is. */
export interface RecordTime extends Moment {
  /** The vCPU that goes on next; undefined on a branch that was stopped. */
  readonly cpu: number | undefined
  readonly seed: number
  /** Undefined on the record itself; else where the branch left it. */
  readonly branch: Moment | undefined
}

/** Why and where a guest on a record stopped. */
export type RecordStop = MachineStop

interface RecordParts {
  readonly setup: RunSetup
  readonly store: RunStore
  readonly directory: string
  readonly guest: GuestRecord
  readonly ram: MemoryFile
  /** Lifts the duty to end the guest with us. */
  readonly disown: () => void
  readonly journey: Journey
  readonly description: RunDescription
}

/**
 * A deterministic guest and the record of its run. What is looked at is held, not stopped, and goes on undisturbed; stepping
 * and writing make a branch, which is thrown away when one goes to a place of the record.
 */
export class RunRecord implements AsyncDisposable {
  readonly console: Console
  readonly store: RunStore
  readonly setup: RunSetup
  readonly memory: MemoryFile
  /** Described as other guests are. */
  readonly guest: GuestRecord
  readonly description: RunDescription
  readonly #closers: (() => void)[] = []
  readonly #directory: string
  readonly #disown: () => void
  readonly #journey: Journey
  readonly #listeners = new Set<(state: 'running' | 'frozen') => void>()
  #state: 'running' | 'frozen' = 'frozen'
  #epoch = 1
  #vcpus: readonly VcpuState[] = []
  #branch: { readonly from: Moment; machine: Machine | undefined } | undefined
  #travel: { readonly stop: AbortController; readonly done: Promise<void> } | undefined
  #failure: CryoscopeError | undefined
  #work: Promise<unknown> = Promise.resolve()
  #closed = false
  #sides = 0

  constructor({ setup, store, directory, guest, ram, disown, journey, description }: RecordParts) {
    this.setup = setup
    this.store = store
    this.guest = guest
    this.memory = ram
    this.console = new Console(guestFiles(directory).console, () => !this.#closed)
    this.#directory = directory
    this.#disown = disown
    this.#journey = journey
    this.description = description
  }

  get state(): 'running' | 'frozen' {
    return this.#branch?.machine?.state ?? this.#state
  }

  get epoch(): number {
    return this.#epoch + (this.#branch?.machine?.epoch ?? 0)
  }

  /** Registers of all vCPUs where the guest stands. */
  get vcpus(): readonly VcpuState[] {
    if (this.state === 'running') throw new CryoscopeError('usage', 'the guest is running; freeze it first')
    return this.#branch?.machine?.vcpus ?? this.#vcpus
  }

  /** Where the session is. On a branch that has run, where the branch left the record. */
  get time(): RecordTime {
    const { hold } = this.#journey
    const from = this.#branch?.from
    const { instructions, ns } = hold ?? from ?? this.store.end
    return { instructions, ns, cpu: hold?.cpu, seed: this.setup.seed, branch: from }
  }

  /** The furthest that the run has come. */
  get end(): Moment {
    return this.store.end
  }

  /** States that the run can be entered at, oldest first. */
  get checkpoints(): readonly Checkpoint[] {
    return [...this.store.checkpoints.values()].sort((a, b) => a.segment - b.segment)
  }

  onStateChange(listener: (state: 'running' | 'frozen') => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  // Control

  /** Holds the guest where it is. */
  async freeze(): Promise<RecordStop> {
    await this.#halt()
    if (this.#branch?.machine?.state === 'running') await this.#branch.machine.freeze()
    return { reason: 'freeze' }
  }

  /** Holds a guest that runs for the time of a look. */
  async hold() {
    if (this.state === 'frozen') return undefined
    await this.freeze()
    return { release: () => this.thaw(), abandon: () => false }
  }

  /** Lets the guest run on, making checkpoints; a branch runs on without. */
  async thaw(): Promise<void> {
    if (this.#branch !== undefined) {
      await (await this.#machine()).thaw()
      return
    }
    if (this.#travel !== undefined) return
    await this.#exclusive(async () => {
      const stop = new AbortController()
      this.#become('running')
      const done = this.#journey
        .runTo({}, { signal: stop.signal })
        .then(() => {})
        .catch(async (error: unknown) => {
          if (!stop.signal.aborted) await this.#ended(error)
        })
        .finally(async () => {
          this.#travel = undefined
          if (!this.#closed) await this.#arrive()
        })
      this.#travel = { stop, done }
    })
  }

  /** Lets the guest run for that long by its own clock, exactly the same each time. */
  async advance(
    time: { readonly ms?: number; readonly us?: number },
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<RecordStop> {
    const microseconds = (time.ms ?? 0) * 1000 + (time.us ?? 0)
    if (!(microseconds > 0))
      throw new CryoscopeError('usage', 'advance takes a positive time: { ms } or { us }')
    if (this.#branch !== undefined) return await (await this.#machine()).advance(time, { signal })
    await this.#halt()
    const start = this.time
    await this.#go((options) => this.#journey.runTo({ ns: start.ns + microseconds * 1000 }, options), {
      signal,
    })
    return { reason: 'advance', elapsedMicroseconds: Math.round((this.time.ns - start.ns) / 1000) }
  }

  /** Executes instructions of one vCPU while the others stand still: a branch from here. */
  async step(cpu: number, count: number, options: { signal?: AbortSignal } = {}): Promise<RecordStop> {
    await this.#halt()
    return await (await this.#machine()).step(cpu, count, options)
  }

  /** Runs until an address is reached or memory is written, by the debugger's means: a branch from here. */
  async runUntil(condition: RunCondition, options: RunOptions = {}): Promise<RecordStop> {
    await this.#halt()
    return await (await this.#machine()).runUntil(condition, options)
  }

  /** Stops by the debugger's means: a branch from here. */
  async trace(
    condition: RunCondition,
    visit: (hit: TraceHit) => Promise<boolean>,
    options: TraceOptions,
  ): Promise<TraceEnd> {
    await this.#halt()
    return await (await this.#machine()).trace(condition, visit, options)
  }

  /** The memory of a record is copied by whoever holds it; QEMU would have to stop it. */
  async dump(file: string, format: 'elf' | 'kdump', options: { signal?: AbortSignal } = {}): Promise<void> {
    await this.#halt()
    await (await this.#machine()).dump(file, format, options)
  }

  /** Called when somebody writes to the guest's memory. */
  wrote(): void {
    if (this.state === 'running')
      throw new CryoscopeError('usage', 'the guest runs and would write too; freeze it first')
    this.#branch ??= { from: this.#moment(), machine: undefined }
    this.#epoch++
  }

  // Time

  /** Goes to a place of the record, back or forth, and leaves any branch. */
  async goTo({ instructions, ns }: Destination, options: TravelOptions = {}): Promise<RecordTime> {
    await this.#halt()
    await this.#leaveBranch()
    const target = instructions ?? undefined
    if (target === undefined && ns === undefined)
      throw new CryoscopeError('usage', 'there is no such place: give instructions or a time')
    for (const number of [target, ns]) {
      if (number !== undefined && !(number >= 0))
        throw new CryoscopeError('usage', `a run begins at 0, not at ${number}`)
    }
    await this.#go(async (travel) => {
      if (target !== undefined) return await this.#journey.goTo(Math.floor(target), travel)
      const from = this.#before(ns ?? 0)
      const { hold } = this.#journey
      if (hold === undefined || hold.ns >= (ns ?? 0) || (from?.segment ?? 0) > this.#journey.segment) {
        await this.#journey.goTo(from?.instructions ?? 0, travel)
      }
      return await this.#journey.runTo({ ns: ns ?? 0 }, travel)
    }, options)
    return this.time
  }

  /** The last checkpoint before a time of the guest's clock. */
  #before(ns: number): Checkpoint | undefined {
    return this.checkpoints.filter((checkpoint) => checkpoint.ns < ns).at(-1)
  }

  /**
   * Another way along the same record, in a process and memory of its own: what is asked there leaves this place alone.
   * It lasts as long as `work`.
   */
  async aside<T>(options: { readonly stores: boolean }, work: (journey: Journey) => Promise<T>): Promise<T> {
    const directory = join(this.#directory, `side-${++this.#sides}`)
    mkdirSync(directory, { mode: 0o700 })
    const ram = new MemoryFile(this.memory.size)
    const journey = new Journey(this.setup, this.store, { directory, ram, stores: options.stores })
    try {
      return await work(journey)
    } finally {
      await journey.end()
      ram.close()
      rmSync(directory, { recursive: true, force: true })
    }
  }

  /** Called when the guest has ended. */
  onClose(work: () => void): void {
    this.#closers.push(work)
  }

  /** Ends the guest. What is known of its run stays on disk, for the next time that it is run. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#travel?.stop.abort(new CryoscopeError('guest', 'the guest was stopped'))
    await this.#travel?.done.catch(() => {})
    await this.#branch?.machine?.close().catch(() => {})
    await this.#journey.end().catch(() => {})
    this.store.save()
    this.store.close()
    this.memory.close()
    this.#disown()
    rmSync(this.#directory, { recursive: true, force: true })
    for (const work of this.#closers) work()
  }

  async stop(): Promise<void> {
    await this.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Reads the registers where the guest is held now. */
  async look(): Promise<void> {
    await this.#arrive()
  }

  #moment(): Moment {
    const { instructions, ns } = this.time
    return { instructions, ns }
  }

  /** Ends a run of ours, if there is one. */
  async #halt(): Promise<void> {
    const travel = this.#travel
    travel?.stop.abort(new CryoscopeError('guest', 'the guest was frozen'))
    await travel?.done
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) throw failure
  }

  async #go(work: (options: TravelOptions) => Promise<unknown>, options: TravelOptions): Promise<void> {
    await this.#exclusive(async () => {
      this.#become('running')
      try {
        await work(options)
      } catch (error) {
        if (error instanceof RunEnded) await this.#backFromEnd(error)
        throw error
      } finally {
        await this.#arrive()
      }
    })
  }

  async #ended(error: unknown): Promise<void> {
    if (!(error instanceof CryoscopeError)) throw error
    this.#failure = error
    if (error instanceof RunEnded) await this.#backFromEnd(error)
  }

  /** The process is gone; the moment before can be looked at. */
  async #backFromEnd({ at }: RunEnded): Promise<void> {
    const shortBefore = 1000
    await this.#journey.goTo(Math.max(0, at.instructions - shortBefore))
  }

  async #arrive(): Promise<void> {
    if (this.#journey.hold !== undefined) {
      this.#vcpus = await this.#journey.registers()
      const { run } = this.#journey
      writeRecord(this.#directory, { ...this.guest, qemu: run.qemu, state: 'ready' })
    }
    this.#become('frozen')
  }

  /** The debugger's control of a process that was stopped exactly here: a branch. */
  async #machine(): Promise<Machine> {
    const known = this.#branch?.machine
    if (known !== undefined) return known
    return await this.#exclusive(async () => {
      const isWritten = this.#branch !== undefined
      const from = this.#branch?.from ?? this.#moment()
      const machine = await branchFrom(this.#journey, this.#directory, this.guest, isWritten)
      machine.onStateChange((state) => this.#tell(state))
      this.#branch = { from, machine }
      this.#epoch++
      return machine
    })
  }

  async #leaveBranch(): Promise<void> {
    const branch = this.#branch
    if (branch === undefined) return
    this.#epoch = this.epoch + 1
    this.#branch = undefined
    await branch.machine?.close()
    await this.#journey.end()
  }

  /** One at a time. */
  async #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#work
    const turn = (async () => {
      await before.catch(() => {})
      return await work()
    })()
    this.#work = turn
    return await turn
  }

  #become(state: 'running' | 'frozen'): void {
    if (state === 'running') this.#epoch++
    if (state === this.#state) return
    this.#state = state
    this.#tell(state)
  }

  #tell(state: 'running' | 'frozen'): void {
    for (const listener of [...this.#listeners]) listener(state)
  }
}
