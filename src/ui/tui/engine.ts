import { Console } from 'node:console'
import { Writable } from 'node:stream'
import type { Session } from '../../session/session.js'
import { escapeLines } from '../../text.js'
import { errorText } from '../repl/context.js'
import { Engine as Evaluator, type Outcome } from '../repl/engine.js'
import { resultText } from '../repl/result.js'
import { startTypes } from '../repl/start-types.js'
import type { Engine } from './model/parts.js'

/** What is under the cursor, for TypeScript: it can be anything. */
const selection = 'var _: any = undefined'
const mostCompletions = 40

/**
 * The REPL's evaluator for the line at the bottom of the screen: TypeScript, checked before it runs. `onLateError` hears of
 * what fails after its line has ended; `beforeRun` is
 * awaited when a line is about to run. It starts with the first line that is asked for.
 */
export function makeEngine(
  session: Session,
  onLateError: (sentence: string) => void,
  beforeRun: () => Promise<void>,
): Engine & { close(): void } {
  /** What code wrote to its console: the screen is not its own. */
  let printed = ''
  let evaluator: Evaluator | undefined
  const start = (): Evaluator => {
    if (evaluator === undefined) {
      const types = startTypes(session)
      types?.accept(selection).catch(() => {})
      const output = new Writable({
        write(chunk, _encoding, done) {
          printed += String(chunk)
          done()
        },
      })
      evaluator = new Evaluator(session, {
        types,
        console: new Console(output, output),
        screen: true,
        beforeRun,
        onLateError: (error) => onLateError(errorText(error)),
      })
    }
    return evaluator
  }
  return {
    warm: () => {
      start()
    },
    async evaluate(code, selected, columns, signal) {
      printed = ''
      const outcome = await start().evaluate(code, { bindings: { _: selected }, signal })
      if (outcome.kind === 'unfinished')
        throw new Error('this goes on in another line; here one line is all there is')
      if (outcome.kind !== 'value') throw new Error(sentence(outcome))
      const shown = outcome.value === undefined ? '' : resultText(outcome.value, { colors: false, columns })
      return `${escapeLines(printed)}${shown}`.replace(/\n$/, '')
    },
    async holds(condition, signal) {
      const outcome = await start().evaluate(condition, { bindings: { _: undefined }, signal, check: false })
      if (outcome.kind === 'unfinished') throw new Error('the condition ends too early')
      if (outcome.kind !== 'value') throw new Error(sentence(outcome))
      return Boolean(outcome.value)
    },
    async complete(text, at) {
      const { start: from, items } = await start().complete(text, at, 0)
      return items.slice(0, mostCompletions).map(({ name }) => ({ text: name, from }))
    },
    close: () => evaluator?.close(),
  }
}

/** One line of what went wrong; the code itself stands above it already. */
function sentence({ kind, text }: Exclude<Outcome, { kind: 'value' | 'unfinished' }>): string {
  const lines = text.split('\n')
  return kind === 'refused' ? lines.filter((line) => !line.startsWith('  ')).join(' ') : (lines[0] ?? '')
}
