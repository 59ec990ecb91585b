import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { takeLock } from './file-lock.js'
import { identify, isAlive, type ProcessIdentity } from './host-process.js'
import { delay } from './wait.js'

// Freezing takes QEMU milliseconds, seconds at worst; dozens of commands at once wait in line for it.
const patience = 60_000
/** Who runs the guest to a place may do so for hours: after this a look stops it. */
const drivenPatience = 5000
const pollMilliseconds = 5

/** A look at a guest that would run otherwise. */
export interface Look {
  /** Ends the look. The guest runs again, unless others look too or somebody has decided about it since. */
  release(): Promise<void>
  /** The same for a process that ends in this moment; true when somebody has to let the guest run. */
  abandon(): boolean
}

/** What a look does to its guest. */
export interface Held {
  isRunning(): Promise<boolean>
  /** Whether somebody steps it or runs it to a place: it runs for a moment, and stands still then on purpose. */
  isDriven(): boolean
  stop(): Promise<void>
  start(): Promise<void>
}

/**
 * Who looks at a guest that would run otherwise: a file for each look in the guest's directory. The guest stands still
 * as long as there is one. Whoever freezes or runs the guest on purpose removes the files of all others, and then it
 * stays as it was put. Every change is made under a lock.
 */
export class Looks {
  readonly #directory: string
  readonly #lock: string
  readonly #own = new Set<string>()

  constructor({ looks, looksLock }: { readonly looks: string; readonly looksLock: string }) {
    this.#directory = looks
    this.#lock = looksLock
  }

  async lock(signal?: AbortSignal): Promise<() => void> {
    return await takeLock(this.#lock, { patience, signal, holderIs: 'is freezing the guest' })
  }

  /** Stops the guest for a look that may share it with others. Undefined when it stands still on purpose. */
  async hold(guest: Held, signal?: AbortSignal): Promise<Look | undefined> {
    // A step takes a moment, and the guest stands still after it.
    const end = performance.now() + drivenPatience
    while (guest.isDriven() && performance.now() < end) await delay(pollMilliseconds, signal)
    const unlock = await this.lock(signal)
    try {
      // Asked first: who drives it from now on needs our lock before.
      if (guest.isDriven()) {
        await guest.stop()
        return { release: async () => {}, abandon: () => false }
      }
      const { living, dead } = this.find()
      if (living + dead.length === 0 && !(await guest.isRunning())) return undefined
      const name = this.add()
      try {
        await guest.stop()
      } catch (error) {
        this.remove(name)
        throw error
      }
      return { release: () => this.#release(name, guest), abandon: () => this.#isLast(name) }
    } finally {
      unlock()
    }
  }

  async #release(name: string, guest: Held): Promise<void> {
    const unlock = await this.lock()
    try {
      if (this.#isLast(name)) await guest.start()
    } finally {
      unlock()
    }
  }

  /** Ends a look; true when the guest stood still for nothing else. */
  #isLast(name: string): boolean {
    return this.remove(name) && this.find().living === 0
  }

  /** Notes a look of this process; the result names it. */
  add(): string {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
    const name = `${process.pid}.${performance.now()}`
    writeFileSync(join(this.#directory, name), JSON.stringify(identify(process.pid)), { mode: 0o600 })
    this.#own.add(name)
    return name
  }

  /** Ends a look. Whether it counted still: nobody has decided about the guest since. */
  remove(name: string): boolean {
    this.#own.delete(name)
    const counted = this.#names().includes(name)
    rmSync(join(this.#directory, name), { force: true })
    return counted
  }

  /** Whether somebody looks. Looks of dead processes are removed, and given as `dead`. */
  find(): { readonly living: number; readonly dead: readonly ProcessIdentity[] } {
    const dead: ProcessIdentity[] = []
    let living = 0
    for (const name of this.#names()) {
      const file = join(this.#directory, name)
      const looker = readLooker(file)
      if (looker !== undefined && isAlive(looker)) {
        living++
      } else {
        if (looker !== undefined) dead.push(looker)
        rmSync(file, { force: true })
      }
    }
    return { living, dead }
  }

  /** Whether a look was noted by a process that is dead now, without changing anything. */
  get hasDead(): boolean {
    return this.#names().some((name) => {
      const looker = readLooker(join(this.#directory, name))
      return looker !== undefined && !isAlive(looker)
    })
  }

  /** Removes the looks of others: the guest is frozen or runs on purpose from now on. */
  overrule(): void {
    for (const name of this.#names())
      if (!this.#own.has(name)) rmSync(join(this.#directory, name), { force: true })
  }

  #names(): string[] {
    try {
      return readdirSync(this.#directory)
    } catch {
      // Nobody ever looked, or the guest is gone.
      return []
    }
  }
}

function readLooker(file: string): ProcessIdentity | undefined {
  try {
    const looker = JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity
    return Number.isSafeInteger(looker.pid) ? looker : undefined
  } catch {
    return undefined
  }
}
