import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { CryoscopeError } from '../errors.js'
import { identify, isAlive, type ProcessIdentity } from './host-process.js'
import { delay } from './wait.js'

export interface LockOptions {
  readonly signal?: AbortSignal | undefined
  /** Milliseconds to wait for another holder. */
  readonly patience: number
  /** What the other holder is doing, for the error when patience ends: "is stepping the guest". */
  readonly holderIs: string
}

const pollMilliseconds = 10

/** Takes a lock file, also from a process that is dead; the result gives it back. */
export async function takeLock(path: string, options: LockOptions): Promise<() => void> {
  const end = performance.now() + options.patience
  for (;;) {
    const taken = tryLock(path)
    if (typeof taken === 'function') return taken
    if (performance.now() > end) {
      const who = taken === undefined ? 'another program' : `process ${taken.pid}`
      throw new CryoscopeError('guest', `${who} ${options.holderIs}; wait until it has finished`)
    }
    await delay(pollMilliseconds * (0.5 + Math.random()), options.signal)
  }
}

/** The same without waiting: who holds it instead, undefined where that cannot be read. */
export function tryLock(path: string): (() => void) | ProcessIdentity | undefined {
  const own = `${path}.${process.pid}.${performance.now()}`
  writeFileSync(own, JSON.stringify(identify(process.pid)), { mode: 0o600 })
  try {
    for (;;) {
      try {
        linkSync(own, path)
        return () => rmSync(path, { force: true })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      const holder = readHolder(path)
      if (holder !== 'dead') return holder
      takeAway(path, `${own}.dead`)
    }
  } finally {
    rmSync(own, { force: true })
  }
}

/** Whether a living process holds a lock file. */
export function isLocked(path: string): boolean {
  const holder = readHolder(path)
  return holder !== undefined && holder !== 'dead'
}

/** Removes the lock of a dead process. Another may have done so and have taken it since: then it gets it back. */
function takeAway(path: string, aside: string): void {
  try {
    renameSync(path, aside)
    if (readHolder(aside) !== 'dead') linkSync(aside, path)
  } catch {
    // Somebody was faster.
  } finally {
    rmSync(aside, { force: true })
  }
}

function readHolder(path: string): ProcessIdentity | 'dead' | undefined {
  try {
    const holder = JSON.parse(readFileSync(path, 'utf8')) as ProcessIdentity
    return isAlive(holder) ? holder : 'dead'
  } catch {
    return undefined
  }
}
