import { types } from 'node:util'
import type { Message, Operation } from './parts.js'

/** What an operation does; what it says is shown at its end. */
export type Work = (signal: AbortSignal, progress: (part: number) => void) => Promise<string | undefined>

/** Begins work that a person can end; `ended` resolves, always, to what is to be said then. */
export function startOperation(
  title: string,
  work: Work,
  silent: number,
): { readonly operation: Operation; readonly ended: Promise<Message | undefined> } {
  const operation: Operation = {
    title,
    started: performance.now(),
    silent,
    progress: undefined,
    abort: new AbortController(),
  }
  const { signal } = operation.abort
  const ended = work(signal, (part) => {
    operation.progress = part
  }).then(
    (text): Message | undefined => (text === undefined ? undefined : { text, tone: 'good' }),
    (error: unknown): Message => {
      if (signal.aborted) return { text: `${title}: ended`, tone: 'warning' }
      return { text: types.isNativeError(error) ? error.message : String(error), tone: 'problem' }
    },
  )
  return { operation, ended }
}
