import { Console } from 'node:console'
import { CryoscopeError } from '../../errors.js'
import type { Session } from '../../session/session.js'
import { absentText, memberOfCallText } from './absent.js'
import { errorText } from './context.js'
import { Engine } from './engine.js'
import { resultJson, resultText } from './result.js'
import { startTypes } from './start-types.js'

/** Where results and messages go: the command line's Output. */
export interface Printer {
  readonly columns: number
  readonly isTerminal: boolean
  line(text: string): Promise<void>
  note(sentence: string): void
}

export interface EvaluateAndPrintOptions {
  readonly json: boolean
  readonly output: Printer
  /** Whether types are checked before anything runs; that takes a second or two. */
  readonly check?: boolean
}

/**
 * `repl -e CODE`: evaluates, prints the result unless it is undefined, and resolves to the exit code. Throws 'not-found'
 * when the code asks for a member or key that is not there. With `json` the
 * result is the only thing on stdout: what the code prints by console goes to stderr.
 */
export async function evaluateAndPrint(
  session: Session,
  code: string,
  { json, output, check = false }: EvaluateAndPrintOptions,
): Promise<number> {
  let failed = false
  const engine = new Engine(session, {
    types: check ? startTypes(session) : undefined,
    console: new Console(json ? process.stderr : process.stdout, process.stderr),
    onLateError: (error) => {
      failed = true
      output.note(errorText(error))
    },
  })
  try {
    const outcome = await engine.evaluate(code)
    if (outcome.kind === 'unfinished') {
      output.note('SyntaxError: the code ends too early')
      return 1
    }
    if (outcome.kind !== 'value') {
      // Exit codes of our own errors say more than "the code failed".
      if (outcome.kind === 'failed' && outcome.error instanceof CryoscopeError) throw outcome.error
      output.note(outcome.kind === 'refused' ? `the code is refused\n${outcome.text}` : outcome.text)
      return 1
    }
    const { value } = outcome
    const absent = value === undefined ? absentText(code, engine) : undefined
    if (absent !== undefined) throw new CryoscopeError('not-found', absent)
    const hint = value === undefined ? memberOfCallText(code) : undefined
    if (hint !== undefined) output.note(hint)
    if (json) await output.line(resultJson(value))
    else if (value !== undefined) {
      const colors = output.isTerminal && !process.env.NO_COLOR
      await output.line(resultText(value, { colors, columns: output.columns }))
    }
    return failed ? 1 : 0
  } finally {
    engine.close()
  }
}
