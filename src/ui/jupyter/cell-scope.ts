import { AsyncLocalStorage } from 'node:async_hooks'
import { isInterrupted, takeInterrupt } from './wire/control.js'
import type { Message } from './wire/message.js'

/** One request and all that it started: code, its promises and its timers. Output goes to the cell that asked. */
export interface CellScope {
  readonly request: Message
  /** Ends what the cell waits for. */
  readonly abort: AbortController
}

/** Thrown into a cell that is interrupted. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError'
  constructor() {
    super('interrupted')
  }
}

const scopes = new AsyncLocalStorage<CellScope>()
/** Asking for the scope costs more than a turn of most loops: it is asked only when some cell was interrupted. */
let anyInterrupted = false

export function currentScope(): CellScope | undefined {
  return scopes.getStore()
}

export function runInScope<T>(scope: CellScope, work: () => T): T {
  return scopes.run(scope, work)
}

/** What the cell that runs now wants to know of its interrupt; undefined outside cells. */
export function currentSignal(): AbortSignal | undefined {
  return scopes.getStore()?.abort.signal
}

/** The cell or callback that the kernel works on. */
let running: CellScope | undefined

/** Runs what an interrupt is meant for. */
export async function foreground<T>(scope: CellScope, work: () => Promise<T>): Promise<T> {
  takeInterrupt()
  running = scope
  try {
    return await work()
  } finally {
    running = undefined
  }
}

/** Ends what is running: its loops, and what it awaits. False when nothing runs. */
export function interruptRunning(): boolean {
  takeInterrupt()
  noticed = 0
  if (running === undefined) return false
  anyInterrupted = true
  running.abort.abort(new InterruptedError())
  return true
}

/** Loops of other cells, in the background, go on, unless they are what keeps the event loop from turning. */
const patienceMs = 100
let noticed = 0

/**
 * Throws when the cell was interrupted, from then on at every call: a cell may catch what is thrown, and each turn of a
 * loop asks before it tries anything, so that the loop around comes to its end as well. Every loop of a cell calls it
 * (`guardLoops`).
 */
export function checkInterrupt(): void {
  if (isInterrupted() && isMeant()) {
    takeInterrupt()
    const error = new InterruptedError()
    anyInterrupted = true
    const scope = scopes.getStore() ?? running
    scope?.abort.abort(error)
    throw error
  }
  if (anyInterrupted && scopes.getStore()?.abort.signal.aborted) throw new InterruptedError()
}

function isMeant(): boolean {
  if (running === undefined || scopes.getStore() === running) return true
  const now = performance.now()
  if (noticed === 0) noticed = now
  return now - noticed > patienceMs
}
