import type { REPLServer } from 'node:repl'
import { writeOutputFile } from '../../output-file.js'
import type { Session } from '../../session/session.js'
import { escapeLines, escapeText } from '../../text.js'
import { errorText } from './context.js'
import type { Engine } from './engine.js'
import { type ResultOptions, resultJson } from './result.js'
import { scriptOf } from './script.js'

export interface PromptParts {
  readonly session: Session
  readonly engine: Engine
  /** Keeps further lines waiting; the result lets them go on. */
  hold(): () => void
  print(value: unknown, options?: Partial<ResultOptions>): Promise<void>
  setChecks(checks: boolean): void
}

/** What the prompt offers besides code. */
export function defineCommands(server: REPLServer, parts: PromptParts): void {
  const { session, engine, hold, print } = parts
  const define = (name: string, help: string, work: (text: string) => Promise<void> | void): void => {
    server.defineCommand(name, {
      help,
      action(text: string) {
        server.clearBufferedCommand()
        const release = hold()
        void (async () => {
          try {
            await work(text.trim())
          } catch (error) {
            process.stdout.write(`${errorText(error)}\n`)
          }
          server.displayPrompt()
          release()
        })()
      },
    })
  }
  /** The value of the expression, of the last one without. */
  const withValue = async (text: string, show: (value: unknown) => Promise<void> | void): Promise<void> => {
    if (text === '') return await show(engine.valueOf('_'))
    const outcome = await engine.evaluate(text)
    if (outcome.kind === 'value') return await show(outcome.value)
    process.stdout.write(`${outcome.kind === 'unfinished' ? 'the expression is not whole' : outcome.text}\n`)
  }
  define('full', 'The last value, or one given, with everything in it', (text) =>
    withValue(text, (value) => print(value, { full: true })),
  )
  define('hex', 'The last value, or one given, with integers in hexadecimal', (text) =>
    withValue(text, (value) => print(value, { hex: true })),
  )
  define('json', 'The last value, or one given, as JSON', (text) =>
    withValue(text, (value) => print(escapeLines(resultJson(value)))),
  )
  define(
    'save',
    'Save what ran here as a script: .save FILE; cryoscope repl TARGET -f FILE runs it',
    async (file) => {
      if (file === '') return void process.stdout.write('give a file: .save script.ts\n')
      await writeOutputFile(file, [scriptOf(session.target.name, engine.transcript)])
      process.stdout.write(
        `${escapeText(file)} runs with: cryoscope repl ${escapeText(session.target.name)} -f ${escapeText(file)}\n`,
      )
    },
  )
  define('check', 'Whether types are checked before code runs: .check on, .check off', (word) => {
    if (word !== 'on' && word !== 'off') return void process.stdout.write('say .check on or .check off\n')
    parts.setChecks(word === 'on')
  })
  define('vm', 'What vm offers (the same as vm.help())', (topic) => {
    process.stdout.write(`${session.help(topic || undefined)}\n`)
  })
  // Of Node's own commands, these are for its evaluator.
  for (const name of ['load', 'editor', 'clear']) delete (server.commands as Record<string, unknown>)[name]
}
