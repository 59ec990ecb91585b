import { readFileSync } from 'node:fs'
import { delay } from './wait.js'

/** A process that survives pid reuse: `startTime` is field 22 of /proc/PID/stat, in clock ticks since boot. */
export interface ProcessIdentity {
  readonly pid: number
  readonly startTime: string
}

/** Who has that pid now; undefined when nobody or only a zombie does. */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name is in parentheses and may hold any character, so fields are counted from the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const startTime = fields[19]
    if (fields[0] === 'Z' || fields[0] === 'X' || startTime === undefined) return undefined
    return { pid, startTime }
  } catch {
    return undefined
  }
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTime === identity.startTime
}

/** The arguments of a process; empty when it is gone. */
export function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
  } catch {
    return []
  }
}

/** Kills exactly that process and waits until it is gone; false when it still stands after the limit (milliseconds). */
export async function killProcess(identity: ProcessIdentity, limit = 5000): Promise<boolean> {
  const end = performance.now() + limit
  if (isAlive(identity)) {
    try {
      process.kill(identity.pid, 'SIGKILL')
    } catch {
      // It ended by itself, or is not ours; isAlive below tells which.
    }
  }
  while (isAlive(identity)) {
    if (performance.now() >= end) return false
    await delay(5)
  }
  return true
}

/** Why a process does nothing, when it is stopped (proc_pid_stat(5): states T and t); undefined while it can run. */
export function whyStopped(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const state = stat[stat.lastIndexOf(')') + 2]
    if (state === 'T') return `process ${pid} is stopped by a signal; kill -CONT ${pid} lets it go on`
    return state === 't' ? `a debugger has stopped process ${pid}; detach it or let it go on` : undefined
  } catch {
    return undefined
  }
}
