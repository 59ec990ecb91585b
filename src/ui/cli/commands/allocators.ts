import type { Allocator } from '../../../bpf/allocators/allocator.js'
import { typeName } from '../../../btf/type-name.js'
import { allocatorDocument, allocatorsDocument } from '../../../contract/allocators.js'
import { hexAddress } from '../../../contract/json.js'
import { allocatorColumns } from '../../../present/columns/allocators.js'
import { noneFound } from '../../../present/none-found.js'
import type { Session } from '../../../session/session.js'
import { escapeText } from '../../../text.js'
import { hexOf } from '../../../value/bytes.js'
import type { Value } from '../../../value/types.js'
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

export const allocators = defineCommand<PointerOptions & { readonly json?: boolean }>({
  configure(command) {
    command
      .argument('<target>', targetHelp)
      .argument('[name]', 'only the allocator of this name, with all it handed out; ARENA/NAME among several')
      .option(...objectOption)
      .option(...onlyProvenOption)
      .option('--json', 'print one JSON document, every live allocation rendered')
  },
  async run(call) {
    const { output, options } = call
    await withTarget(
      required(call, 0),
      output,
      async (session) => {
        const name = call.args[1]
        if (name !== undefined) {
          const found = session.allocator(name)
          if (options.json) {
            for (const piece of allocatorDocument(found)) await output.write(piece)
          } else await printAllocator(output, found)
        } else if (options.json) {
          for (const piece of allocatorsDocument(session.allocators)) await output.write(piece)
        } else await printAllocators(output, session)
        noteProblems(output, session.problems)
      },
      options,
    )
    return 0
  },
})

async function printAllocators(output: Output, session: Session): Promise<void> {
  const found = session.allocators
  const none = 'no program with an arena has an allocator that is known'
  if (found.length === 0) output.note(noneFound(session.problems, 'allocator', none))
  else await printRows(output, allocatorColumns, found)
}

async function printAllocator(output: Output, allocator: Allocator): Promise<void> {
  const { payload, reading } = allocator
  await output.line(
    escapeText(`${allocator.name}: ${allocator.kind} in ${allocator.section}, arena ${allocator.arena.id}`),
  )
  if (reading.elementSize !== undefined) {
    const type =
      payload.type === undefined ? 'of unknown type' : `${payload.certainty}: ${typeName(payload.type)}`
    await output.line(escapeText(`elements of ${reading.elementSize} bytes, ${type} (${payload.evidence})`))
  }
  for (const allocation of allocator.allocations()) {
    const { state, index, address, generation, value, bytes } = allocation
    if (state === 'free' || state === 'recycled' || state === 'reserved') continue
    const head = `[${index}] ${address === undefined ? 'no memory yet' : hexAddress(address)}`
    const notes = `${state === 'live' ? '' : ` ${state}`}${generation === 0 ? '' : ` generation ${generation}`}`
    const shown = value === undefined ? hexOf(bytes ?? new Uint8Array()) : valueText(value, output.columns)
    await output.line(`${output.bold(head)}${notes} ${shown}`)
  }
  for (const { address, type, from, value } of allocator.objects) {
    const head = `${hexAddress(address)} ${typeName(type)} (from ${from})`
    await output.line(`${output.bold(escapeText(head))} ${valueText(value, output.columns)}`)
  }
  for (const { index } of allocator.leaks) output.note(`[${index}] is handed out, and nothing refers to it`)
  for (const { from, why } of allocator.dangling) output.note(escapeText(`${from} dangles: ${why}`))
  noteProblems(output, allocator.unreadRoots)
  noteProblems(
    output,
    allocator.problems.map(({ where, why }) => escapeText(`${where}: ${why}`)),
  )
}

function valueText(value: Value, width: number): string {
  return typeof value === 'object' && '$format' in value
    ? value.$format({ columns: width })
    : escapeText(String(value))
}
