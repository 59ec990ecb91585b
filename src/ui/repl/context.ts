import type { EventEmitter } from 'node:events'
import { type REPLServer, type ReplOptions, start } from 'node:repl'
import { CryoscopeError } from '../../errors.js'
import '../../history/attach.js'
import '../../report/attach.js'
import type { Session } from '../../session/session.js'
import { escapeLines, escapeText } from '../../text.js'
import '../fuse/attach.js'

export type Done = (error: unknown, result?: unknown) => void

export interface CodeRunner {
  readonly server: REPLServer
  /** Evaluates a piece of code, awaits what it awaits, and calls back once. */
  evaluate(code: string, done: Done): void
  /** Ends the listening for errors that come late. */
  end(): void
}

/** What stack frames of the evaluated code are called. */
const fileName = 'code'
const framesShown = 5

/**
 * Node's own prompt with `vm` in its context: its evaluator gives top-level await, `const` across lines and Ctrl-C out of
 * an endless loop. `onLateError` hears of errors that belong to no evaluation: of timers, and of promises nobody awaits.
 */
export function startRunner(
  session: Session,
  options: ReplOptions,
  onLateError: (error: unknown) => void,
): CodeRunner {
  let pending: Done | undefined
  const settle: Done = (error, result) => {
    const done = pending
    pending = undefined
    if (done !== undefined) done(error, result)
    else if (error !== null && error !== undefined) onLateError(error)
  }
  // Node 26 gives what evaluated code throws to this option, which types of earlier releases do not know.
  const handleError = (error: unknown): 'ignore' => {
    settle(error)
    return 'ignore'
  }
  const server = start({ useGlobal: false, breakEvalOnSigint: true, ...options, handleError } as ReplOptions)
  const bind = () => {
    Object.defineProperty(server.context, 'vm', { value: session, enumerable: true })
  }
  bind()
  server.on('reset', bind)
  // Node 20 to 24 report it to a domain, which prints it as "Uncaught" with its stack.
  const domain = (server as unknown as { _domain?: EventEmitter })._domain
  domain?.removeAllListeners('error').on('error', settle)
  process.on('unhandledRejection', onLateError)
  const evaluator = server.eval
  return {
    server,
    evaluate: (code, done) => {
      pending = done
      withoutSigintListeners(() => evaluator.call(server, code, server.context, fileName, settle))
    },
    end: () => {
      process.off('unhandledRejection', onLateError)
    },
  }
}

/**
 * The prompt watches for Ctrl-C in a way that Node undoes when it sets listeners aside for the script, after which the
 * signal would end the process (lib/repl.js starts its watchdog before lib/vm.js removes them). They must be gone before.
 */
function withoutSigintListeners(work: () => void): void {
  const listeners = process.rawListeners('SIGINT')
  process.removeAllListeners('SIGINT')
  try {
    work()
  } finally {
    for (const listener of listeners) process.on('SIGINT', listener as NodeJS.SignalsListener)
  }
}

/** Ctrl-C while code ran or was awaited. */
export function isInterrupt(error: unknown): boolean {
  return isError(error) && (error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED'
}

/** What a person is told about an error in their code: sentences of ours as they are, other errors without our stack. */
export function errorText(error: unknown): string {
  if (error instanceof CryoscopeError) return error.message
  if (!isError(error)) return `the code threw ${escapeText(String(error))}`
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at .*\bcode:\d+:\d+\)?$/.test(line))
  return [`${error.name}: ${error.message}`, ...frames.slice(0, framesShown)].map(escapeLines).join('\n')
}

/** Errors of the prompt's context are not instances of our Error. */
function isError(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && 'message' in error && 'name' in error
}
