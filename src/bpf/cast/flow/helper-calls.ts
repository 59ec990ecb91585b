import {
  callbackHelpers,
  exchangeKptr,
  helperWrites,
  isKnownHelper,
  kernelArguments,
  kernelReads,
  kernelResults,
  mapUpdateHelpers,
  mapValueHelpers,
  perCpuHelpers,
  pointerResults,
  reserveRingBuffer,
  userReads,
} from '../code/helpers.js'
import type { Call, CallEffects } from './call-effects.js'
import type { Functions } from './functions.js'
import type { Knowledge } from './knowledge.js'
import { innerMapDefinition, mapDefinitions, mapValueType } from './maps.js'
import { copyFromStack } from './stack-copies.js'
import { forgetShownStack, forgetStack, frameOffset, writeStack } from './state.js'
import { Space, TOP, type Value, ValueKind } from './values.js'

/** What helpers return, write and reveal. */
export class HelperCalls {
  readonly #knowledge: Knowledge
  readonly #functions: Functions
  readonly #effects: CallEffects
  readonly #kernelStructs = new Map<string, number>()

  constructor(knowledge: Knowledge, functions: Functions, effects: CallEffects) {
    this.#knowledge = knowledge
    this.#functions = functions
    this.#effects = effects
  }

  call(call: Call, helper: number): Value {
    const { at, state, observer } = call
    const result = this.#helperResult(call, helper)
    const update = mapUpdateHelpers.get(helper)
    if (update !== undefined) this.#updateMap(call, state[update] as Value)
    const expected = kernelArguments.get(helper)
    const struct = expected && this.#kernelStruct(expected[1])
    if (expected !== undefined && struct) {
      observer?.view(at, state[expected[0]] as Value, struct, 'argument')
    }
    if (kernelReads.has(helper)) observer?.follow(at, state[3] as Value, Space.kernel, 'kernel read')
    if (userReads.has(helper)) observer?.number(at, state[3] as Value, 'an address in user space')
    this.#helperWrites(call, helper)
    this.#runCallback(call, helper)
    if (!isKnownHelper(helper)) this.#effects.callUnknown(call)
    return result
  }

  #helperResult(call: Call, helper: number): Value {
    const { values } = this.#knowledge
    const { state } = call
    if (mapValueHelpers.has(helper)) return this.#effects.made(call, this.#mapValue(state[1] as Value), TOP)
    const struct = kernelResults.get(helper)
    if (struct !== undefined) {
      return this.#effects.made(call, values.typed(this.#kernelStruct(struct), 0, 0, Space.kernel), TOP)
    }
    if (perCpuHelpers.has(helper))
      return this.#effects.made(call, this.#perCpuVariable(state[1] as Value), TOP)
    if (helper === reserveRingBuffer) return this.#effects.made(call, values.apart(), TOP)
    if (helper === exchangeKptr) return this.#exchangeKptr(call)
    if (pointerResults.has(helper) || !isKnownHelper(helper)) return this.#effects.made(call, TOP, TOP)
    return values.scalar(1)
  }

  /** A pointer to the value of a map, or the map within a map. */
  #mapValue(map: Value): Value {
    const { values } = this.#knowledge
    const definitions = mapDefinitions(this.#knowledge, map)
    let joined: Value | undefined
    for (const definition of definitions ?? []) {
      const type = mapValueType(this.#knowledge, definition)
      const inner = type === 0 ? innerMapDefinition(this.#knowledge, definition) : 0
      const found =
        type !== 0 ? values.typed(type, 0, 0, Space.kernel) : inner !== 0 ? values.map(inner) : values.apart()
      joined = joined === undefined ? found : this.#knowledge.join(joined, found)
    }
    return joined ?? TOP
  }

  /** This CPU's copy of a variable of the kernel. The address of the variable itself leads nowhere. */
  #perCpuVariable(address: Value): Value {
    const { values, types, code } = this.#knowledge
    const origin = this.#knowledge.originOf(address)
    // A parameter is said to come from the first instruction of its function, whatever that one does.
    const reference = origin?.kind === 'derived' ? code.references.get(origin.at) : undefined
    if (reference?.kind !== 'variable' || values.offset(address) !== 0) return TOP
    return values.typed(types.bare(reference.typeId), 0, 0, Space.kernel)
  }

  #exchangeKptr(call: Call): Value {
    const { at, state, observer } = call
    const held = this.#knowledge.heldAt(state[1] as Value, 0)
    const slot = this.#knowledge.slotOf(held)
    if (slot !== undefined) {
      observer?.put(at, slot, state[2] as Value, 'exchange')
      if (slot.target !== 0) observer?.view(at, state[2] as Value, slot.target, 'typed store')
    }
    return this.#effects.made(call, held, TOP)
  }

  #updateMap(call: Call, from: Value): void {
    const { at, state, observer } = call
    const { values } = this.#knowledge
    if (observer === undefined || values.isNull(from)) return
    const definitions = mapDefinitions(this.#knowledge, state[1] as Value)
    if (definitions === undefined) {
      observer.replace(at, 0, 'an unknown map is changed')
      return
    }
    for (const definition of definitions) {
      const type = mapValueType(this.#knowledge, definition)
      if (type === 0) continue
      const pointer = this.#knowledge.pointer(from)
      const isSame = pointer !== undefined && this.#knowledge.typesBehind(pointer).includes(type)
      if (isSame) continue
      if (values.kind(from) === ValueKind.frame && values.stride(from) === 0) {
        copyFromStack(this.#knowledge, state, values.offset(from), type, (slot, value) => {
          observer.put(at, slot, value, 'copy to map')
        })
      } else observer.replace(at, type, 'a value of unknown origin is copied into the map')
    }
  }

  #helperWrites(call: Call, helper: number): void {
    const writes = helperWrites.get(helper)
    if (writes === undefined) return
    const { at, state, observer } = call
    const { values } = this.#knowledge
    const to = state[writes.to] as Value
    const given = writes.sizeIn === undefined ? undefined : (state[writes.sizeIn] as Value)
    const isConstant = given !== undefined && values.kind(given) === ValueKind.constant
    const size = isConstant ? values.offset(given) : writes.size
    const offset = frameOffset(this.#knowledge, to)
    if (offset !== undefined) {
      const held = kernelReads.has(helper) && size === 8 ? this.#knowledge.heldAt(state[3] as Value, 0) : TOP
      const isExact = values.kind(to) === ValueKind.frame && values.stride(to) === 0
      if (held !== TOP && isExact) writeStack(state, offset, 8, this.#effects.made(call, held, TOP))
      else forgetStack(state, offset, isExact ? size : undefined)
    }
    observer?.overwrite(at, to, size, 'a helper writes there')
  }

  #runCallback(call: Call, helper: number): void {
    const callback = callbackHelpers.get(helper)
    if (callback === undefined) return
    const { at, state, observer } = call
    const { values } = this.#knowledge
    const context = state[callback.context] as Value
    const called = state[callback.function] as Value
    const isKnown = values.kind(called) === ValueKind.function
    const prototype = isKnown ? this.#functions.trustedPrototype(values.ref(called)) : undefined
    const declared = prototype?.parameters[callback.parameter]
    this.#effects.observeArgument(call, context, declared)
    const isTyped = declared?.kind === 'pointer' && this.#effects.isStruct(declared.target)
    if (!isTyped) observer?.escape(at, context)
    const offset = frameOffset(this.#knowledge, context)
    if (offset !== undefined) this.#effects.shareStack(state, offset, context, declared)
    forgetShownStack(state)
  }

  #kernelStruct(name: string): number {
    let id = this.#kernelStructs.get(name)
    if (id === undefined) {
      id = this.#knowledge.types.btf.find(name, 'struct')?.id ?? 0
      this.#kernelStructs.set(name, id)
    }
    return id
  }
}
