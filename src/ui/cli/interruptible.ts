const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs work that must tidy up when it is cut short. Ctrl-C, SIGTERM and SIGHUP abort its signal; when the work has
 * come to its end the process ends by that signal, so that our parent sees what ended us.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController()
  let received: NodeJS.Signals | undefined
  const listener = (signal: NodeJS.Signals) => {
    received ??= signal
    abort.abort(new Error(`ended by ${signal}`))
  }
  for (const signal of signals) process.on(signal, listener)
  try {
    return await work(abort.signal)
  } finally {
    for (const signal of signals) process.off(signal, listener)
    if (received !== undefined) {
      process.kill(process.pid, received)
      // The default action ends us in this turn or the next; nothing after the work must run.
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
  }
}
