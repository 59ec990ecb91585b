import type { Allocator } from '../bpf/allocators/allocator.js'
import { jsonText } from './json.js'
import { pieces } from './pieces.js'

/** The contract's document of allocators, in pieces: an array, each with every allocation that it ever handed out. */
export function allocatorsDocument(allocators: readonly Allocator[]): Generator<string> {
  return pieces(listParts(allocators))
}

/** The document of one allocator, in pieces. */
export function allocatorDocument(allocator: Allocator): Generator<string> {
  return pieces(withNewline(allocator))
}

function* listParts(allocators: readonly Allocator[]): Generator<string> {
  yield '['
  for (const [n, allocator] of allocators.entries()) {
    yield n === 0 ? '\n' : ',\n'
    yield* allocatorParts(allocator)
  }
  yield allocators.length === 0 ? ']\n' : '\n]\n'
}

function* withNewline(allocator: Allocator): Generator<string> {
  yield* allocatorParts(allocator)
  yield '\n'
}

function* allocatorParts(allocator: Allocator): Generator<string> {
  yield `${jsonText(allocator).replace(/\n\}$/, '')},\n  "allocations": [`
  let count = 0
  for (const document of allocator.json()) yield `${count++ === 0 ? '' : ','}\n    ${document}`
  yield `${count === 0 ? ']' : '\n  ]'}\n}`
}
