import type { Container } from '../../../bpf/containers/container.js'
import { noContainer } from '../../../bpf/containers/named.js'
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
import type { Output } from '../output.js'
import { printRows } from '../table.js'
import { noteProblems } from '../target.js'
import { inArenasCommand } from './in-arenas.js'

export const containers = inArenasCommand<Container>({
  argument: ['[container]', 'only the one of this name, with what it holds; ARENA/NAME among several'],
  jsonHelp: 'print one JSON document, with every entry',
  noun: 'container',
  none: noContainer,
  columns: containerColumns,
  list: (session) => session.containers,
  named: (session, name) => session.container(name),
  listDocument: containersDocument,
  document: containerDocument,
  print: printContainer,
})

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
