import type { ChildProcess } from 'node:child_process'
import { rmSync } from 'node:fs'

/** A QEMU whose end is due when this process ends. */
export interface OwnedGuest {
  readonly directory: string
  /** Set once it is started. */
  child: ChildProcess | undefined
}

const owned = new Set<OwnedGuest>()
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

/** Ends the guest and removes its directory when this process exits or is told to; the result lifts that. */
export function own(guest: OwnedGuest): () => void {
  if (owned.size === 0) {
    process.on('exit', endAll)
    for (const signal of signals) process.on(signal, endAndDie)
  }
  owned.add(guest)
  return () => {
    if (!owned.delete(guest) || owned.size > 0) return
    process.off('exit', endAll)
    for (const signal of signals) process.off(signal, endAndDie)
  }
}

function endAll(): void {
  for (const { child, directory } of owned) {
    child?.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
  owned.clear()
}

function endAndDie(signal: NodeJS.Signals): void {
  // Whoever else listens decides what the signal means (Ctrl-C of a prompt); its exit, if any, comes by 'exit'.
  if (process.listenerCount(signal) > 1) return
  endAll()
  process.off('exit', endAll)
  for (const name of signals) process.off(name, endAndDie)
  // Now with the default action, so that our parent sees what ended us.
  process.kill(process.pid, signal)
}
