import type { Knowledge } from '../../../../src/bpf/cast/flow/knowledge.js'
import type { Slot } from '../../../../src/bpf/cast/flow/places.js'
import { Space, TOP, type Value } from '../../../../src/bpf/cast/flow/values.js'
import { Evidence } from '../../../../src/bpf/cast/weigh/evidence.js'
import type { Stored } from '../../../../src/bpf/cast/weigh/stored-values.js'
import { dataSection, knowledgeOf, type Types } from '../flow/support.js'

export const number: Stored = { kind: 'number', why: 'a number is stored' }
export const loaded: Stored = { kind: 'unknown', why: 'nobody knows', isLoaded: true }
export const lost: Stored = { kind: 'unknown', why: 'lost' }

export function pointer(of: number[], space: number = Space.kernel, size?: number): Stored {
  return { kind: 'pointer', types: of, space, size }
}

export function likely(of: number[], space: number = Space.kernel): Stored {
  return { kind: 'unknown', why: 'not always', likely: { types: of, space } }
}

/** The slot at an offset of a type, by default that one. */
export function slotsOf({ places }: Knowledge, general: number) {
  return (offset: number, type = general, stride = 0): Slot => {
    const place = places.at(type, offset, stride, 8)
    if (place.kind !== 'slot') throw new Error(`there is no slot at ${offset}`)
    return place.slot
  }
}

/** A call at instruction 20, and a `struct value v` in .bss. */
export function withVariable({ b, value }: Types) {
  const bss = b.section('.bss', [{ type: b.variable('v', value), offset: 0, size: 112 }])
  const more = {
    data: [dataSection(bss, '.bss', [['v', value, 0, 112]])],
    references: new Map([[20, { kind: 'function', index: 1 } as const]]),
  }
  return { bss, more }
}

export interface Seen {
  readonly knowledge: Knowledge
  readonly evidence: Evidence
  /** What is held at an offset of `struct value`. */
  readonly slot: (offset: number) => Value
  /** What a load made. */
  readonly made: (at: number, general?: Value, size?: Value, from?: Value) => Value
}

export function seenIn(types: Types, more: ReturnType<typeof withVariable>['more']): Seen {
  const knowledge = knowledgeOf(types, more)
  return {
    knowledge,
    evidence: new Evidence(knowledge),
    slot: (offset) => knowledge.heldIn(types.value, offset, 0),
    made: (at, general = TOP, size = TOP, from = TOP) => knowledge.made('load', at, 0, general, size, from),
  }
}
