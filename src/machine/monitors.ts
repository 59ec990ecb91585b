import { existsSync } from 'node:fs'
import type { CryoscopeError } from '../errors.js'
import { tryLock } from './file-lock.js'
import { MonitorBusyError, QmpClient, type QmpOptions } from './qmp.js'
import { delay } from './wait.js'

/** A minute: a loaded machine with dozens of commands at once gets through them. */
const usualPatience = 60_000
const firstPause = 5
const longestPause = 100

/**
 * Connects to a free one of a guest's monitors, each of which serves one client at a time; where all are taken, waits in
 * line. Who has a monitor says so in a lock file beside it, so that nobody queues at a socket, where waiting looks like
 * a QEMU that does not answer.
 */
export async function connectToMonitors(
  paths: readonly string[],
  { timeoutMs = usualPatience, signal, whySilent }: QmpOptions = {},
): Promise<QmpClient> {
  const present = paths.filter((path) => existsSync(path))
  // None: the guest is gone, or still starting. Connecting says which.
  if (present.length === 0) return await QmpClient.connect(paths[0] ?? '', { signal, whySilent })
  const end = performance.now() + timeoutMs
  let pause = firstPause
  for (;;) {
    const holders = new Set<number>()
    for (const path of present) {
      const taken = tryLock(`${path}.lock`)
      if (typeof taken !== 'function') {
        if (taken !== undefined) holders.add(taken.pid)
        continue
      }
      const qmp = await connectHolding(path, taken, { signal, whySilent })
      if (qmp !== undefined) return qmp
    }
    if (performance.now() >= end) throw allTaken(present.length, [...holders])
    // Uneven, so that those who wait do not all come back at once.
    await delay(pause * (0.5 + Math.random()), signal)
    pause = Math.min(longestPause, pause * 1.5)
  }
}

/** Undefined when somebody has the monitor who knows nothing of lock files. */
async function connectHolding(
  path: string,
  release: () => void,
  options: QmpOptions,
): Promise<QmpClient | undefined> {
  try {
    const qmp = await QmpClient.connect(path, options)
    qmp.closed.then(release, release)
    return qmp
  } catch (error) {
    release()
    if (error instanceof MonitorBusyError) return undefined
    throw error
  }
}

function allTaken(count: number, holders: readonly number[]): CryoscopeError {
  const who =
    holders.length === 0
      ? ''
      : ` (by ${holders.length === 1 ? 'process' : 'processes'} ${holders.join(', ')})`
  return new MonitorBusyError(
    'guest',
    `all ${count} monitors of the guest are in use${who}; close one of the programs that look at it`,
  )
}
