import type { Container } from '../../../bpf/containers/container.js'
import { containerDocument, containersDocument } from '../../../contract/containers.js'
import {
  containerColumns,
  countText,
  entryColumns,
  originText,
  stateText,
} from '../../../present/columns/containers.js'
import { problemText } from '../../../problems.js'
import { escapeText } from '../../../text.js'
import { defineCommand, required } from '../definition.js'
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

export const containers = defineCommand<PointerOptions & { readonly json?: boolean }>({
  configure(command) {
    command
      .argument('<target>', targetHelp)
      .argument('[container]', 'only the one of this name, with what it holds; ARENA/NAME among several')
      .option(...objectOption)
      .option(...onlyProvenOption)
      .option('--json', 'print one JSON document, with every entry')
  },
  async run(call) {
    const { output, options } = call
    await withTarget(
      required(call, 0),
      output,
      async (session) => {
        const name = call.args[1]
        if (name !== undefined) {
          const found = session.container(name)
          if (options.json) {
            for (const piece of containerDocument(found)) await output.write(piece)
          } else await printContainer(output, found)
        } else if (options.json) {
          for (const piece of containersDocument(session.containers)) await output.write(piece)
        } else await printContainers(output, session.containers)
        noteProblems(output, session.problems)
        for (const arena of session.arenas) noteProblems(output, arena.problems.map(problemText))
      },
      options,
    )
    return 0
  },
})

async function printContainers(output: Output, found: readonly Container[]): Promise<void> {
  if (found.length === 0)
    output.note('no program with an arena has a structure of the sched_ext library that is known')
  else await printRows(output, containerColumns, found)
}

async function printContainer(output: Output, container: Container): Promise<void> {
  const { name, kind, entries, problems } = container
  await output.line(`${output.bold(escapeText(name))}: ${escapeText(originText(container))}`)
  const state = stateText(container)
  const counted = countText(container)
  await output.line(escapeText(state === '' ? counted : `${counted}; ${state}`))
  if (entries.length > 0) await printRows(output, entryColumns[kind], entries)
  noteProblems(
    output,
    problems.map((problem) => escapeText(problemText(problem))),
  )
}
