import { escapeText } from './text.js'

/** What kind of failure this is; it decides the exit code of the command line. */
export type ErrorCode =
  /** The thing asked for is not there (no such map, symbol, guest). Exit 1. */
  | 'not-found'
  /** It is there, but its bytes cannot be read or do not make sense. Exit 1. */
  | 'unreadable'
  /** The guest or its engine did something else than asked (died, did not stop, timed out). Exit 1. */
  | 'guest'
  /** The request cannot be meant, whatever the target does (bad number, unknown option). Exit 2. */
  | 'usage'
  /** It can be meant, but not now or not of this target: the guest runs, a dump does not, it is mounted already. Exit 2. */
  | 'state'
  /** The environment lacks something; the sentence says what to install. Exit 3. */
  | 'environment'

/**
 * An error for people: the message is one sentence that says what is wrong and what to do next. Names in it may come from a
 * guest or a file: no character of it acts on what shows it.
 * Anything else that is thrown is a bug of ours.
 */
export class CryoscopeError extends Error {
  override readonly name: string = 'CryoscopeError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    const { stackTraceLimit } = Error
    if (expecting > 0) Error.stackTraceLimit = 0
    super(escapeText(message), options)
    Error.stackTraceLimit = stackTraceLimit
    this.code = code
  }
}

let expecting = 0

/**
 * Does what its caller takes a CryoscopeError of for an answer: such an error needs no stack, which takes longer to put
 * together than the read that failed, and damaged memory makes many.
 */
export function expectant<T>(read: () => T): T {
  expecting++
  try {
    return read()
  } finally {
    expecting--
  }
}

/** What could be read; undefined where a CryoscopeError says that it could not. Other errors are mistakes, and go on. */
export function quietly<T>(read: () => T): T | undefined {
  try {
    return expectant(read)
  } catch (error) {
    if (error instanceof CryoscopeError) return undefined
    throw error
  }
}

/** The exit code the contract gives to each kind of failure. */
export const exitCodes: Readonly<Record<ErrorCode, number>> = {
  'not-found': 1,
  unreadable: 1,
  guest: 1,
  usage: 2,
  state: 2,
  environment: 3,
}
