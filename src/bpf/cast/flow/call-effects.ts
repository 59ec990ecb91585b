import type { Declared } from '../code/prototypes.js'
import type { Knowledge } from './knowledge.js'
import type { Observer } from './observer.js'
import { copyFromStack, sizeOfType } from './stack-copies.js'
import { forgetStack, frameOffset, type State, writeStack } from './state.js'
import { type Value, ValueKind } from './values.js'

/** One call as it happens. */
export interface Call {
  readonly at: number
  readonly inFunction: number
  readonly state: State
  readonly observer: Observer | undefined
}

/** What all kinds of calls do to stack and arguments. */
export class CallEffects {
  readonly #knowledge: Knowledge

  constructor(knowledge: Knowledge) {
    this.#knowledge = knowledge
  }

  /**
   * Another function has had the address of a part of the stack. Where it takes that for a struct, the fields now
   * hold what such fields hold; what they have held so far has been counted among it.
   */
  shareStack(state: State, offset: number, address: Value, declared: Declared | undefined): void {
    const { values, places } = this.#knowledge
    const target = declared?.kind === 'pointer' ? declared.target : 0
    const size = sizeOfType(this.#knowledge, target)
    forgetStack(state, offset, size || undefined)
    const isExact = values.kind(address) === ValueKind.frame && values.stride(address) === 0
    if (!isExact || !this.isStruct(target)) return
    for (const word of places.wordsOf(target, Math.min(size, -offset))) {
      writeStack(state, offset + word.offset, 8, values.slot(word.slot.id))
    }
  }

  /** What passing a value for such a parameter says of it, and what it copies. */
  observeArgument({ at, state, observer }: Call, value: Value, declared: Declared | undefined): void {
    if (observer === undefined || declared?.kind !== 'pointer') return
    const { values } = this.#knowledge
    observer.view(at, value, declared.target, 'argument')
    const isStruct = this.isStruct(declared.target)
    if (!isStruct || frameOffset(this.#knowledge, value) === undefined) return
    if (values.kind(value) === ValueKind.frame && values.stride(value) === 0) {
      copyFromStack(this.#knowledge, state, values.offset(value), declared.target, (slot, held) => {
        observer.put(at, slot, held, 'copy to callee')
      })
    } else observer.replace(at, declared.target, 'a struct on the stack is handed to a function')
  }

  /** Code of which nothing is known may write wherever its arguments lead. */
  callUnknown({ at, state, observer }: Call): void {
    for (let register = 1; register <= 5; register++) {
      const value = state[register] as Value
      const offset = frameOffset(this.#knowledge, value)
      if (offset !== undefined) forgetStack(state, offset)
      observer?.overwrite(at, value, undefined, 'code that is not known may write there')
    }
  }

  made({ at, inFunction }: Call, general: Value, size: Value): Value {
    return this.#knowledge.made('call', at, inFunction, general, size)
  }

  isStruct(type: number): boolean {
    return this.#knowledge.types.of(type).kind === 'struct'
  }
}
