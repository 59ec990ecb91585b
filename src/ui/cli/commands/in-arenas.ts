import type { Column } from '../../../present/columns/column.js'
import { noneFound } from '../../../present/none-found.js'
import { problemText } from '../../../problems.js'
import type { Session } from '../../../session/session.js'
import { type CommandDefinition, defineCommand, required } from '../definition.js'
import type { Output } from '../output.js'
import { printRows } from '../table.js'
import {
  noteProblems,
  objectOption,
  onlyProvenOption,
  type PointerOptions,
  targetHelp,
  withTarget,
} from '../target.js'

/** A noun that programs keep in arenas: how a command lists all of it, and prints one. */
export interface InArenas<T> {
  /** The argument in the help, and what it and --json say there. */
  readonly argument: readonly [name: string, help: string]
  readonly jsonHelp: string
  /** "allocator", and what is said where there is none. */
  readonly noun: string
  readonly none: string
  readonly columns: readonly Column<T>[]
  list(session: Session): readonly T[]
  named(session: Session, name: string): T
  listDocument(list: readonly T[]): Iterable<string>
  document(one: T): Iterable<string>
  print(output: Output, one: T): Promise<void>
}

/** The command of such a noun: a table of all, or the one that is named with what it holds; either as JSON. */
export function inArenasCommand<T>(
  noun: InArenas<T>,
): CommandDefinition<PointerOptions & { readonly json?: boolean }> {
  return defineCommand({
    configure(command) {
      command
        .argument('<target>', targetHelp)
        .argument(...noun.argument)
        .option(...objectOption)
        .option(...onlyProvenOption)
        .option('--json', noun.jsonHelp)
    },
    async run(call) {
      const { output, options, args } = call
      const show = async (session: Session): Promise<void> => {
        const name = args[1]
        if (name === undefined) await showAll(session)
        else await showOne(noun.named(session, name))
        noteProblems(output, session.problems)
        for (const arena of session.arenas) noteProblems(output, arena.problems.map(problemText))
      }
      const showAll = async (session: Session): Promise<void> => {
        const found = noun.list(session)
        if (options.json) await write(noun.listDocument(found))
        else if (found.length > 0) await printRows(output, noun.columns, found)
        else output.note(noneFound(session.problems, noun.noun, noun.none))
      }
      const showOne = async (one: T): Promise<void> => {
        if (options.json) await write(noun.document(one))
        else await noun.print(output, one)
      }
      const write = async (pieces: Iterable<string>): Promise<void> => {
        for (const piece of pieces) await output.write(piece)
      }
      await withTarget(required(call, 0), output, show, options)
      return 0
    },
  })
}
