import { Session } from '../../../src/session/session.js'
import type { Control, Stop, Target } from '../../../src/session/target.js'
import { KernelGuest } from '../../support/kernel-guest.js'

/** A guest that takes down what it is told, and runs and stands still as a test says. */
export class RecordingControl {
  state: 'running' | 'frozen' = 'frozen'
  epoch = 1
  readonly calls: unknown[][] = []
  /** What slices of running give, one after the other; then half a millisecond more than was asked for. */
  readonly stops: Partial<Stop>[] = []
  /** Whether it is held for a look, and how often that was let go. */
  released = 0

  freeze = async (...options: unknown[]) => {
    this.state = 'frozen'
    return this.#stop('freeze', ...options)
  }
  thaw = async () => void this.#stop('thaw')
  hold = async () => {
    this.calls.push(['hold'])
    return { release: async () => void this.released++ }
  }
  advance = async (time: { ms?: number }, options?: unknown): Promise<Stop> => {
    this.calls.push(['advance', time, options])
    return { reason: 'advance', ...this.stops.shift() }
  }
  step = async (...args: unknown[]) => this.#stop('step', ...args)
  runUntil = async (...args: unknown[]) => this.#stop('runUntil', ...args)
  dump = async (...args: unknown[]) => void this.#stop('dump', ...args)
  close = async () => void this.#stop('close')
  stop = async () => void this.#stop('stop')

  #stop(...call: unknown[]): Stop {
    this.calls.push(call)
    return { reason: 'freeze' }
  }
}

/** A session with what `make` puts into a kernel; its memory can be written to. */
export function sessionWith(make: (guest: KernelGuest) => void = () => {}, target: Partial<Target> = {}) {
  const guest = new KernelGuest()
  make(guest)
  guest.finish()
  return openedOn(guest, target)
}

/** The same of a guest that is finished. */
export function openedOn(guest: KernelGuest, target: Partial<Target> = {}) {
  const control = new RecordingControl()
  const memory = Object.assign(guest.memory, {
    write: (address: number, bytes: Uint8Array) => guest.memory.bytes.set(bytes, address),
  })
  const vm = new Session({
    name: '@test',
    memory,
    control: control as unknown as Control,
    vcpus: () => [],
    problems: [],
    facts: {},
    ...target,
  })
  return { vm, guest, control }
}
