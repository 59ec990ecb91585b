import type { Allocator } from '../../../bpf/allocators/allocator.js'
import { noAllocator } from '../../../bpf/allocators/named.js'
import { typeName } from '../../../btf/type-name.js'
import { allocatorDocument, allocatorsDocument } from '../../../contract/allocators.js'
import { hexAddress } from '../../../contract/json.js'
import { allocatorColumns } from '../../../present/columns/allocators.js'
import { escapeText } from '../../../text.js'
import { hexOf } from '../../../value/bytes.js'
import type { Value } from '../../../value/types.js'
import type { Output } from '../output.js'
import { noteProblems } from '../target.js'
import { inArenasCommand } from './in-arenas.js'

export const allocators = inArenasCommand<Allocator>({
  argument: ['[name]', 'only the allocator of this name, with all it handed out; ARENA/NAME among several'],
  jsonHelp: 'print one JSON document, every live allocation rendered',
  noun: 'allocator',
  none: noAllocator,
  columns: allocatorColumns,
  list: (session) => session.allocators,
  named: (session, name) => session.allocator(name),
  listDocument: allocatorsDocument,
  document: allocatorDocument,
  print: printAllocator,
})

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
