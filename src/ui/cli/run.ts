import { Command, CommanderError } from 'commander'
import { CryoscopeError } from '../../errors.js'
import type { CommandEntry } from './commands.js'
import type { Call, CommandDefinition } from './definition.js'
import { finish, guarded } from './failures.js'
import { addOpeningOptions, setOpening } from './opening.js'
import { Output } from './output.js'
import { sweepLeftovers } from './sweep.js'

/** Loads a command, runs it with these words, and ends the process with its exit code. */
export async function runCommand(entry: CommandEntry, words: readonly string[]): Promise<void> {
  const output = new Output()
  const code = await guarded(output, async () => {
    const definition = await entry.load()
    return await parseAndRun(entry, definition, words, output)
  })
  finish(code)
}

/** Reads the words and runs the command; the result is the exit code. */
export async function parseAndRun(
  entry: CommandEntry,
  definition: CommandDefinition<never>,
  words: readonly string[],
  output: Output,
): Promise<number> {
  const command = new Command(`cryoscope ${entry.name}`).description(sentence(entry.summary))
  definition.configure(command)
  addOpeningOptions(command)
  command
    .addHelpText('after', `\nExample:\n  $ ${entry.example}`)
    .allowExcessArguments(false)
    .showSuggestionAfterError()
    .configureHelp({ helpWidth: output.columns })
    .exitOverride()
    .configureOutput({ writeOut: () => {}, writeErr: () => {}, outputError: () => {} })
  try {
    command.parse(definition.prepare?.(words) ?? [...words], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.code !== 'commander.helpDisplayed') throw usageError(entry, error)
    await output.write(helpOf(command))
    return 0
  }
  setOpening(command.opts())
  await sweepLeftovers(output)
  // commander types neither: configure has declared what run is written for.
  const call: Call<never> = {
    args: command.processedArgs as string[],
    options: command.opts() as never,
    output,
    commands: entry.table,
  }
  return (await definition.run(call)) ?? 0
}

function usageError(entry: CommandEntry, error: CommanderError): CryoscopeError {
  const words = error.message
    .replace(/^error: /, '')
    .replace(/\n\(?(Did you mean)/, '; $1')
    .replace(/\?\)$/, '?')
  return new CryoscopeError('usage', `${words} ("cryoscope help ${entry.name}" says how it is used)`)
}

/** exitOverride throws before commander's own help text with the parts after it is complete. */
function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (part) => {
      text += part
    },
  })
  command.outputHelp()
  return text
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`
}
