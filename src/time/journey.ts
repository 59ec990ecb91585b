import type { ChildProcess } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { CryoscopeError } from '../errors.js'
import { failureLine } from '../machine/init-script.js'
import type { VcpuState } from '../machine/registers.js'
import { guestFiles } from '../machine/registry.js'
import { escapeText } from '../text.js'
import type { RawEvent } from './engine/event.js'
import { milestoneSpacing } from './engine/layout.js'
import type { MemoryFile } from './engine/memory-file.js'
import { repeatHint } from './engine/plugin.js'
import { asPaused, preempt, preemptionOf } from './engine/preempt.js'
import { type Hold, type Moment, Run, type RunOptions } from './engine/run.js'
import type { Checkpoint, RunStore } from './run-store.js'

/** What a run is made of, whoever runs it. */
export interface RunSetup extends Pick<RunOptions, 'qemu' | 'plugin' | 'machine' | 'seed'> {
  /** Instructions between two checkpoints. Part of what the run is: a stop changes what comes after. */
  readonly spacing: number
  /** At the end of each segment one vCPU goes on alone for a while, as the seed says. */
  readonly preempts: boolean
  /** Console text that ends the first segment. */
  readonly readyText: string | RegExp
}

export interface TravelOptions {
  readonly signal?: AbortSignal | undefined
  /** Events of watched memory and functions, in order; of a stretch that had to be done again only once. */
  readonly onEvent?: ((event: RawEvent) => void) | undefined
  readonly onProgress?: ((instructions: number) => void) | undefined
  /** Arrive where something was reported, too. */
  readonly stopsAtEvents?: boolean | undefined
}

/** A place to run to: the first block at or after it. The earlier of both where both are given. */
export interface Destination {
  readonly instructions?: number
  readonly ns?: number
}

interface JourneyOptions {
  readonly directory: string
  readonly ram: MemoryFile
  readonly stores: boolean
  readonly onChild?: ((child: ChildProcess) => void) | undefined
}

/** While booting the console is looked at so often. */
const bootSpacing = 2 ** 26
const mostTries = 4

function matches({ source, flags }: RegExp, text: string): boolean {
  return new RegExp(source, flags.replace(/[gy]/g, '')).test(text)
}

/** The run that was to be repeated took another way. */
class Strayed extends Error {}

/**
 * A way along the record, segment by segment: each in a process of its own, which is never stopped and continued. What was
 * not exact, or differs from what is known of the run, is done again from the segment's begin and not shown.
 */
export class Journey {
  readonly ram: MemoryFile
  readonly directory: string
  readonly #setup: RunSetup
  readonly #store: RunStore
  readonly #options: JourneyOptions
  #run: Run | undefined
  #segment = 0
  /** The next milestone that was not yet held against what is known. */
  #unverified = 0
  /** Set up again in each process: what to watch. */
  #prepare: ((run: Run) => void) | undefined

  constructor(setup: RunSetup, store: RunStore, options: JourneyOptions) {
    this.#setup = setup
    this.#store = store
    this.#options = options
    this.ram = options.ram
    this.directory = options.directory
  }

  get hold(): Hold | undefined {
    return this.#run?.isAlive === true ? this.#run.hold : undefined
  }

  /** The process of this moment. */
  get run(): Run {
    if (this.#run === undefined)
      throw new CryoscopeError('guest', 'the guest of this record does not run; go to a place of it')
    return this.#run
  }

  get segment(): number {
    return this.#segment
  }

  /** Called with each process before it runs. */
  prepare(work: (run: Run) => void): void {
    this.#prepare = work
    if (this.#run !== undefined) work(this.#run)
  }

  /** Boots until the guest is ready, and makes the first checkpoint there. */
  async boot(options: TravelOptions & { readonly timeoutMs: number }): Promise<void> {
    const store = this.#store
    const limit = performance.now() + options.timeoutMs
    await this.#enter(undefined)
    for (let target = bootSpacing; ; target += bootSpacing) {
      await this.run.runTo({ instructions: target }, options)
      if (this.#isReady()) {
        store.first = target
        this.#verify()
        await this.#cross()
        return
      }
      if (performance.now() > limit) {
        throw new CryoscopeError('guest', `the guest was not ready after ${options.timeoutMs / 1000} s`)
      }
    }
  }

  /** Whether the console says so. Throws where it says that a program or the script failed. */
  #isReady(): boolean {
    const text = readFileSync(guestFiles(this.directory).console, 'utf8').replaceAll('\r', '')
    const { readyText } = this.#setup
    if (typeof readyText === 'string' ? text.includes(readyText) : matches(readyText, text)) return true
    const [, name, how] = failureLine.exec(text) ?? []
    if (name === undefined) return false
    throw new CryoscopeError(
      'guest',
      `${escapeText(name)} ${escapeText(how ?? 'failed')}, so the guest is not ready`,
    )
  }

  /** Goes to a place of the record, back or forth. */
  async goTo(instructions: number, options: TravelOptions = {}): Promise<Hold> {
    const { hold } = this
    const best = this.#store.before(instructions)
    // Going on is best, unless a checkpoint is nearer or it lies behind.
    if (hold === undefined || hold.instructions > instructions || (best?.segment ?? 0) > this.#segment) {
      await this.#enter(best)
    }
    return await this.runTo({ instructions }, options)
  }

  /** Runs on, through as many segments as it takes. */
  async runTo(destination: Destination, options: TravelOptions = {}): Promise<Hold> {
    for (let tries = 1; ; ) {
      const boundary = this.#boundary
      const within = Math.min(destination.instructions ?? boundary, boundary)
      try {
        const events: RawEvent[] = []
        const { onEvent } = options
        const take = onEvent === undefined ? undefined : (event: RawEvent) => void events.push(event)
        const hold = await this.run.runTo(
          { instructions: within, ...(destination.ns === undefined ? {} : { ns: destination.ns }) },
          { ...options, onEvent: take },
        )
        this.#verify()
        const arrived = hold.instructions >= (destination.instructions ?? Number.POSITIVE_INFINITY)
        const early = hold.instructions < boundary && !arrived
        if (!arrived && !early) await this.#cross(take)
        for (const event of events) onEvent?.(event)
        const called = options.stopsAtEvents === true && events.length > 0
        if (arrived || early || called || this.#isThere(destination)) return this.#arrive(this.hold ?? hold)
        tries = 1
      } catch (error) {
        if (!(error instanceof Strayed)) throw error
        if (tries++ >= mostTries) {
          const { plugin, machine } = this.#setup
          throw new CryoscopeError(
            'guest',
            `segment ${this.#segment} of this run does not repeat: ${error.message}, ${mostTries} times${repeatHint(plugin, machine.cpus)}`,
          )
        }
        await this.#enter(this.#store.checkpoints.get(this.#segment))
      }
    }
  }

  /** Crossing a boundary executes one block more: the place that was asked for may lie in it. */
  #isThere({ instructions, ns }: Destination): boolean {
    const now = this.run.moment()
    return (
      now.instructions >= (instructions ?? Number.POSITIVE_INFINITY) ||
      now.ns >= (ns ?? Number.POSITIVE_INFINITY)
    )
  }

  #arrive(hold: Hold): Hold {
    if (hold.instructions > this.#store.end.instructions) {
      this.#store.end = { instructions: hold.instructions, ns: hold.ns }
    }
    return hold
  }

  /** Where this segment ends: the first block at or after it. Where the next begins, once that is known. */
  get #boundary(): number {
    const { first, checkpoints } = this.#store
    const next = checkpoints.get(this.#segment + 1)
    if (next !== undefined) return next.instructions
    if (first === undefined) return Number.POSITIVE_INFINITY
    const { spacing, preempts, seed } = this.#setup
    return first + this.#segment * spacing + (preempts ? preemptionOf(seed, this.#segment).delay : 0)
  }

  async registers(): Promise<VcpuState[]> {
    return await this.run.registers()
  }

  /** Ends the process. The record stays. */
  async end(): Promise<void> {
    const run = this.#run
    this.#run = undefined
    await run?.end()
  }

  /** Starts a process at a checkpoint, or at the guest's start. */
  async #enter(checkpoint: Checkpoint | undefined): Promise<void> {
    await this.end()
    const files = guestFiles(this.directory)
    const empty = Buffer.alloc(0)
    const written =
      checkpoint === undefined ? { console: empty, outbox: empty } : this.#store.written(checkpoint)
    writeFileSync(files.console, written.console, { mode: 0o600 })
    writeFileSync(files.outbox, written.outbox, { mode: 0o600 })
    if (checkpoint === undefined) this.ram.clear()
    else this.#store.restore(checkpoint, this.ram)
    const devices = checkpoint === undefined ? undefined : this.#store.devices(checkpoint)
    await this.#start(checkpoint ?? { instructions: 0, ns: 0 }, devices, checkpoint?.segment ?? 0)
  }

  async #start(
    { instructions, ns }: Moment,
    devices: Uint8Array | undefined,
    segment: number,
  ): Promise<void> {
    const { qemu, plugin, machine, seed } = this.#setup
    const { directory, ram, stores, onChild } = this.#options
    const start = { instructions, ns, devices }
    this.#run = await Run.start({ qemu, plugin, machine, seed, directory, ram, stores, start }, onChild)
    this.#segment = segment
    this.#unverified = Math.ceil(instructions / milestoneSpacing)
    this.#run.shared.set('lowRam', this.#lowRam)
    this.#prepare?.(this.#run)
    // Held before its first block, where it can be looked at.
    await this.#run.runTo({ instructions })
  }

  get #lowRam(): number {
    return this.#store.ranges.find(({ physical }) => physical >= 2 ** 32)?.offset ?? 0
  }

  /** From the end of a segment, where the guest is held, into the next one. */
  async #cross(onEvent?: (event: RawEvent) => void): Promise<void> {
    const next = this.#segment + 1
    const known = this.#store.checkpoints.get(next)
    if (known !== undefined) {
      await this.#enter(known)
      return
    }
    const { run } = this
    if (this.#store.ranges.length === 0) {
      const { findRamFile } = await import('../machine/ram-file.js')
      this.#store.ranges = (await findRamFile(run.qmp, run.qemu.pid)).ranges
    }
    let moment = await run.stop()
    if (moment === undefined) throw new Strayed('it was not stopped in time')
    const { preempts, seed } = this.#setup
    if (preempts && this.#segment > 0) {
      if ((await preempt(run, preemptionOf(seed, this.#segment))) === undefined)
        throw new Strayed('a vCPU did not execute its next instruction in time')
      moment = run.moment()
    }
    // A stop lets one block more run.
    run.shared.drain((event) => onEvent?.(event))
    const saved = await run.saveDevices()
    const devices = preempts ? asPaused(saved) : saved
    const { console, outbox } = guestFiles(this.directory)
    const text = [readFileSync(console), readFileSync(outbox)] as const
    await this.end()
    const checkpoint = { ...moment, segment: next, console: text[0].length, outbox: text[1].length }
    this.#arrive({ ...moment, cpu: 0, pc: 0n, hash: 0n, previous: 0 })
    // QEMU comes up beside: it does not touch the RAM of an incoming guest.
    const starting = this.#start(moment, devices, next)
    try {
      this.#store.add(checkpoint, devices, this.ram, ...text)
    } finally {
      await starting
    }
  }

  /** Holds the way that was gone against what is known of it, and learns the rest. */
  #verify(): void {
    const { milestones } = this.#store
    let known = milestones.get(this.#segment)
    if (known === undefined) {
      known = new Map()
      milestones.set(this.#segment, known)
    }
    for (const [number, hash] of this.run.shared.milestones(this.#unverified)) {
      this.#unverified = number + 1
      const before = known.get(number)
      if (before !== undefined && before !== hash) {
        throw new Strayed(
          `between ${(number - 1) * milestoneSpacing} and ${number * milestoneSpacing} instructions it took another way`,
        )
      }
      known.set(number, hash)
    }
  }
}
