import type { CType } from '../btf/types.js'
import { CryoscopeError, quietly } from '../errors.js'
import type { Kernel } from '../kernel/kernel.js'
import type { Checkpoint, CheckpointOptions, Machine } from '../machine/machine.js'
import type { ValueContext } from '../value/context.js'
import { codePlaces, placeOf, typedPlace } from './places.js'
import type { Session } from './session.js'
import type {
  Control,
  DumpOptions,
  OneCondition,
  SessionState,
  Stop,
  StopCondition,
  StopPlaces,
  Target,
  WaitOptions,
  WriteTarget,
} from './target.js'
import { type Place, type Write, Writes } from './writes.js'

/** The part of a session that changes its target: lets it run and stand, saves and restores it, writes to it. */
export abstract class Steering implements AsyncDisposable {
  readonly target: Target
  readonly #writes = new Writes()

  constructor(target: Target) {
    this.target = target
  }

  /** The Linux kernel in memory: symbols, types, page tables. */
  abstract get kernel(): Kernel

  /** How values of this target are read. */
  abstract get valueContext(): ValueContext

  /** What was read is read anew: a write may have changed a list, an allocator, a page table. */
  protected abstract forget(): void

  /** The guest behind the session, when it is one of ours. */
  get machine(): Machine | undefined {
    return this.target.machine
  }

  get state(): SessionState {
    return this.target.control?.state ?? 'dump'
  }

  /** Stops all vCPUs; resolves when none runs. */
  async freeze(options: { signal?: AbortSignal } = {}): Promise<Stop> {
    return await this.#control('freeze').freeze(options)
  }

  /** Lets all vCPUs run. */
  async thaw(): Promise<void> {
    await this.#control('thaw').thaw()
  }

  /** Lets the guest run for about that long, then freezes it. */
  async advance(time: { ms?: number; us?: number }, options: { signal?: AbortSignal } = {}): Promise<Stop> {
    return await this.#control('advance').advance(time, options)
  }

  /** Executes `count` instructions on one vCPU while the others stand still. */
  async step(cpu: number, count = 1): Promise<Stop> {
    return await this.#control('step').step(cpu, count)
  }

  /**
   * Runs until a symbol or address is reached, or memory is written: `vm.runUntil('schedule')`,
   * `vm.runUntil({ write: 'jiffies' })`, `vm.runUntil({ write: vm.map('x').get(1) })`; `{ any: [...] }` takes whichever of several comes first. Of a name that several functions
   * have, whichever is reached first; the stop says which.
   */
  async runUntil(condition: StopCondition, options: WaitOptions = {}): Promise<Stop> {
    const control = this.#control('runUntil')
    if (typeof condition === 'object' && condition !== null && 'any' in condition) {
      const each = condition.any.map((one) => this.#placesOf(one))
      const addresses = each.flatMap((places) => ('addresses' in places ? places.addresses : []))
      const writes = each.flatMap((places) => ('write' in places ? [places] : []))
      return await control.runUntil({ addresses, writes }, options)
    }
    return await control.runUntil(this.#placesOf(condition), options)
  }

  #placesOf(condition: OneCondition): StopPlaces {
    if (typeof condition !== 'object' || condition === null)
      return { addresses: codePlaces(this.#session, condition) }
    const { address, size } = placeOf(this.#session, condition.write)
    return { write: address, length: condition.length ?? size }
  }

  /**
   * Writes the whole memory as a dump that `open`, crash and drgn read. A running guest stands still meanwhile. Of a guest
   * in which no kernel is found QEMU writes one, without VMCOREINFO.
   */
  async dump(file: string, format: 'elf' | 'kdump' = 'elf', options: DumpOptions = {}): Promise<void> {
    const control = this.#control('dump')
    const look = await control.hold()
    try {
      if (this.#hasKernel()) {
        const { writeCoreFile } = await import('./core-file.js')
        await writeCoreFile(this.#session, file, undefined, { ...options, format })
      } else {
        await control.dump(file, format, options)
      }
    } finally {
      await look?.release()
    }
  }

  #hasKernel(): boolean {
    return quietly(() => this.kernel.release !== '') ?? false
  }

  /**
   * Saves the state of the guest (memory, registers, devices) under a name, c1, c2, … unless told. A running guest
   * stands still meanwhile. It lasts as long as the guest.
   */
  async checkpoint(name?: string, options: CheckpointOptions = {}): Promise<Checkpoint> {
    const checkpoint = await this.#guest('checkpoint').checkpoint(name, options)
    this.#writes.remember(checkpoint.name)
    return checkpoint
  }

  /** Brings a saved state back; the guest is frozen then, in the state that it had. */
  async restore(name: string): Promise<Checkpoint> {
    const checkpoint = await this.#guest('restore').restore(name)
    this.#writes.recall(name)
    return checkpoint
  }

  /** Saved states, oldest first. */
  async checkpoints(): Promise<readonly Checkpoint[]> {
    return await this.#guest('checkpoints').checkpoints()
  }

  async deleteCheckpoint(name: string): Promise<void> {
    await this.#guest('deleteCheckpoint').deleteCheckpoint(name)
  }

  /**
   * Writes to the memory of a frozen guest: a value with a place, a global of the kernel or of a program by name, a map
   * entry, or an address with a type. Members that the value leaves out stay: `vm.write({ map: 'control', key: 0 }, { pause: 1 })`.
   */
  write(where: WriteTarget, value: unknown, type?: string | CType): Write {
    this.#mayWrite()
    return this.writePlace(typedPlace(this.#session, where, type), value)
  }

  /** Writes to a place that is known. */
  protected writePlace(place: Place, value: unknown): Write {
    this.#mayWrite()
    const write = this.#writes.write(this.kernel.space, this.valueContext, place, value)
    this.forget()
    return write
  }

  #mayWrite(): void {
    if (this.#control('write').state === 'running') {
      throw new CryoscopeError('state', 'the guest runs and would write too; freeze it first')
    }
  }

  /** What was written in this session and not taken back. */
  get written(): readonly Write[] {
    return this.#writes.list
  }

  /** Takes the newest write back; `force` even where the guest has written since. */
  undo({ force = false }: { force?: boolean } = {}): Write {
    if (this.#control('undo').state === 'running') {
      throw new CryoscopeError('state', 'the guest runs and would write too; freeze it first')
    }
    const undone = this.#writes.undo(this.kernel.space, force)
    this.forget()
    return undone
  }

  /** Lets go of the target. A guest that this session started ends; one that it connected to goes on. */
  async close(): Promise<void> {
    try {
      await this.target.control?.close()
    } finally {
      this.target.memory.close()
    }
  }

  /** Ends the guest. */
  async stop(): Promise<void> {
    const control = this.#control('stop')
    try {
      await control.stop()
    } finally {
      this.target.memory.close()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #guest(what: string): Machine {
    const { machine } = this
    if (machine !== undefined) return machine
    throw new CryoscopeError(
      'state',
      `${what} needs a guest that QEMU runs; ${this.target.name} is ${this.state === 'dump' ? 'a dump and does not run' : 'none'}`,
    )
  }

  #control(what: string): Control {
    if (this.target.control === undefined) {
      throw new CryoscopeError(
        'state',
        `${what} needs a guest; ${this.target.name} is a dump and does not run`,
      )
    }
    return this.target.control
  }

  /** Places are named by what the whole session knows. */
  get #session(): Session {
    return this as unknown as Session
  }
}
