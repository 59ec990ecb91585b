import type { Knowledge } from './knowledge.js'
import { TOP, type Value, ValueKind } from './values.js'

/** R0 to R10, then how far the stack has been shown to others, then the words of the stack from the top down. */
export type State = Value[]

const escapedIndex = 11
const firstWord = 12
const wordSize = 8

/** Words of stack that a function of the largest frame has. */
export const mostWords = 64
/** The verifier lets no frame grow beyond. */
export const lowestOnStack = -mostWords * wordSize

export function makeState(words: number): State {
  return new Array<Value>(firstWord + words).fill(TOP)
}

/** Joins `from` into `into`; true when that changed it. */
export function joinStates(knowledge: Knowledge, into: State, from: State): boolean {
  let changed = false
  for (let index = 0; index < into.length; index++) {
    const old = into[index] as Value
    const other = from[index] as Value
    if (old === other) continue
    const joined = index === escapedIndex ? Math.min(old, other) : knowledge.join(old, other)
    if (joined !== old) {
      into[index] = joined
      changed = true
    }
  }
  return changed
}

/** Index of the stack word at an offset from the frame pointer; undefined when it is none. */
function wordAt(state: State, offset: number): number | undefined {
  const index = firstWord - offset / wordSize - 1
  return offset < 0 && offset % wordSize === 0 && index < state.length ? index : undefined
}

/** What 8 bytes of the stack hold. */
export function readStack(state: State, offset: number): Value {
  const index = wordAt(state, offset)
  return index === undefined ? TOP : (state[index] as Value)
}

export function writeStack(state: State, offset: number, width: number, value: Value): void {
  const index = wordAt(state, offset)
  if (width === wordSize && index !== undefined) state[index] = value
  else forgetStack(state, offset, width)
}

/**
 * Something is written at an unknown distance from an offset on the stack: upwards, anything may be there now. Below,
 * a number may be at most, for the verifier makes no pointer of what is stored at an offset that varies.
 */
export function blurStack(knowledge: Knowledge, state: State, offset: number): void {
  forgetStack(state, offset)
  const number = knowledge.values.scalar(1)
  for (let index = firstWord - Math.floor(offset / wordSize); index < state.length; index++) {
    state[index] = knowledge.join(state[index] as Value, number)
  }
}

/** Nothing is known any more of so many bytes of the stack; of all above the offset without a size. */
export function forgetStack(state: State, offset: number, size?: number): void {
  const first = Math.floor(offset / wordSize)
  const end = size === undefined ? 0 : Math.min(0, Math.ceil((offset + size) / wordSize))
  for (let word = Math.max(first, firstWord - state.length); word < end; word++) {
    state[firstWord - word - 1] = TOP
  }
}

/** Others may from now on write to the stack from this offset on upwards. */
export function showStack(state: State, offset: number): void {
  state[escapedIndex] = Math.min(state[escapedIndex] as number, offset)
}

/** Somebody to whom the stack has been shown has run. */
export function forgetShownStack(state: State): void {
  const escaped = state[escapedIndex] as number
  if (escaped < 0) forgetStack(state, escaped)
}

/** The lowest offset of a value that is an address on the stack; undefined when it is none. */
export function frameOffset(knowledge: Knowledge, value: Value): number | undefined {
  return lowestFrame(knowledge, value)?.offset
}

/** The same, and whether it may be another one by what has been added to it. */
export function lowestFrame(
  knowledge: Knowledge,
  value: Value,
): { readonly offset: number; readonly isMoving: boolean } | undefined {
  const { values } = knowledge
  const kind = values.kinds[value]
  if (kind !== ValueKind.frame && kind !== ValueKind.set) return undefined
  let lowest: number | undefined
  let isMoving = false
  for (const member of values.members(value)) {
    if (values.kind(member) !== ValueKind.frame) continue
    isMoving ||= values.stride(member) !== 0
    lowest = Math.min(lowest ?? 0, values.offset(member))
  }
  return lowest === undefined ? undefined : { offset: lowest, isMoving }
}
