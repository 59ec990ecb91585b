import type { Command } from 'commander'
import type { CommandEntry } from './commands.js'
import type { Output } from './output.js'

/** What a command gets when it runs. */
export interface Call<Options> {
  /** Positional arguments in their order; missing optional ones are undefined. */
  readonly args: readonly (string | undefined)[]
  readonly options: Options
  readonly output: Output
  /** Every command. */
  readonly commands: () => readonly CommandEntry[]
}

/** One command: how it is called, and what it does. A file of its own under commands/. */
export interface CommandDefinition<Options = unknown> {
  /** Adds arguments, options and longer help. Name and summary come from the table in commands.ts. */
  configure(command: Command): void
  /** Rewrites words that commander cannot read by itself. */
  prepare?(words: readonly string[]): string[]
  /** Resolves to the exit code, 0 when it is left out. */
  run(call: Call<Options>): Promise<number | undefined>
}

/** Gives `run` the type of its options; configure and Options must be kept in step by hand. */
export function defineCommand<Options = Record<string, never>>(
  definition: CommandDefinition<Options>,
): CommandDefinition<Options> {
  return definition
}

/** The argument that must be there: commander has checked it. */
export function required<Options>(call: Call<Options>, index: number): string {
  const word = call.args[index]
  if (word === undefined) throw new Error(`argument ${index} was not declared`)
  return word
}
