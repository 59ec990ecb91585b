import type { Session } from '../../../session/session.js'
import type { Vcpu } from '../../../session/vcpu.js'
import type { Operation } from './parts.js'

/** What the target is like now, as the whole screen tells it. */
export abstract class Scene {
  readonly vm: Session
  operation: Operation | undefined
  /** When the guest was seen to stand still; pages that had been read then. */
  frozenSince = Date.now()
  /** Whether it ran before that; one that stood still from the beginning may have done so for longer. */
  sawStop = false
  pagesBefore = 0

  constructor(vm: Session) {
    this.vm = vm
  }

  /** Release of the kernel, where one is found. */
  get release(): string {
    this.#release ??= this.quietly(() => this.vm.kernel.release) ?? 'no kernel found'
    return this.#release
  }

  #release: string | undefined

  /** The vCPUs of a guest that stands still. */
  get vcpus(): readonly Vcpu[] {
    if (this.isLive) return []
    if (this.isTravelling) return this.#vcpus
    if (this.#vcpusAt !== this.state) {
      this.#vcpus = this.quietly(() => this.vm.vcpus) ?? []
      this.#vcpusAt = this.state
    }
    return this.#vcpus
  }

  #vcpus: readonly Vcpu[] = []
  #vcpusAt = ''

  /** Pages of guest memory that were read at this stop. */
  get pagesRead(): number {
    return (this.quietly(() => this.vm.kernel.space.pagesRead) ?? 0) - this.pagesBefore
  }

  protected quietly<T>(read: () => T): T | undefined {
    try {
      return read()
    } catch {
      return undefined
    }
  }

  get vcpuCount(): number {
    return Number(this.vm.machine?.record.cpus ?? this.#vcpuCount())
  }

  /** What is read under another state must be read again. */
  get state(): string {
    const { control } = this.vm.target
    return control === undefined ? 'dump' : `${control.state} ${control.epoch}`
  }

  /** The guest runs and is looked at meanwhile. */
  get isLive(): boolean {
    return this.vm.state === 'running' && !this.isTravelling
  }

  /** A record is on its way to another time: what its memory holds until then is no moment of the guest's. */
  get isTravelling(): boolean {
    const { target, state } = this.vm
    return target.record !== undefined && this.operation !== undefined && state === 'running'
  }

  /** What keeps the whole picture from being true: a dump that is cut short. */
  get wholeProblem(): string | undefined {
    const [first, ...more] = this.vm.targetProblems
    if (first === undefined) return undefined
    return more.length === 0 ? first : `${first} (and ${more.length} more)`
  }

  /** A guest with a record of its run has a line that says where in it one is. */
  get hasTimeLine(): boolean {
    return this.vm.target.record !== undefined
  }

  #vcpuCount(): number {
    if (!this.isTravelling)
      this.#vcpusSeen = this.quietly(() => this.vm.target.vcpus().length) ?? this.#vcpusSeen
    return this.#vcpusSeen
  }

  #vcpusSeen = 1
}
