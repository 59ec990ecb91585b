import { sizeOf } from '../../../btf/layout.js'
import type { Knowledge } from './knowledge.js'
import type { Slot } from './places.js'
import { readStack, type State } from './state.js'
import type { Value } from './values.js'

/** Bytes of a type; 0 when it has no size. */
export function sizeOfType(knowledge: Knowledge, type: number): number {
  return sizeOf(knowledge.types.btf.type(type)) ?? 0
}

/** The stack, from an offset on, taken for a value of a type: what each of its slots gets. */
export function copyFromStack(
  knowledge: Knowledge,
  state: State,
  offset: number,
  type: number,
  put: (slot: Slot, value: Value) => void,
): void {
  const limit = Math.min(sizeOfType(knowledge, type), -offset)
  for (const word of knowledge.places.wordsOf(type, limit))
    put(word.slot, readStack(state, offset + word.offset))
}
