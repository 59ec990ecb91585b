import type { Knowledge } from '../flow/knowledge.js'
import type { Observer, Rule } from '../flow/observer.js'
import type { Slot } from '../flow/places.js'
import type { SectionVariable } from '../flow/section-variables.js'
import { Space, TOP, type Value, ValueKind } from '../flow/values.js'

/** A value is a pointer to a type, `offset` bytes from where the value begins. */
export interface View {
  readonly at: number
  readonly offset: number
  readonly type: number
  readonly rule: Rule
}

/** A value is followed into a space. */
export interface Follow {
  readonly at: number
  readonly space: number
  readonly rule: Rule
}

export interface Store {
  readonly at: number
  readonly base: Value
  readonly displacement: number
  readonly width: number
  readonly value: Value
  readonly rule: Rule
}

export interface Put {
  readonly at: number
  readonly slot: Slot
  readonly value: Value
  readonly rule: Rule
}

/** So many bytes may be anything from then on. */
export interface Overwrite {
  readonly at: number
  readonly pointer: Value
  readonly size: number | undefined
  readonly why: string
}

/** Every slot of a type; of all types that maps hold when it is 0. */
export interface Replace {
  readonly at: number
  readonly type: number
  readonly why: string
}

/** An address inside something that others know as something else. */
export interface EscapedAddress {
  readonly root: number
  readonly offset: number
  readonly stride: number
  /** Where the address leads; unknown for anywhere. */
  readonly space: number
  /** The variable that it stays in; undefined for anything within the root. */
  readonly variable: SectionVariable | undefined
}

/** A value is passed to a function of the program. */
export interface Pass {
  readonly at: number
  readonly value: Value
  readonly called: number
  readonly parameter: number
}

/** A function of the program returns a value. */
export interface Give {
  readonly at: number
  readonly value: Value
  readonly from: number
}

/** Where something is used as a number. */
export interface NumberUse {
  readonly at: number
  readonly why: string
}

/** Writes down what the instructions of an object do with values and slots. */
export class Evidence implements Observer {
  /** By origin. */
  readonly views = new Map<number, View[]>()
  readonly follows = new Map<number, Follow[]>()
  /** How far from its start the memory behind an origin is used. */
  readonly reach = new Map<number, number>()
  /** Instructions that use the content of a slot as an address, by slot. */
  readonly basedOn = new Map<number, number[]>()
  /** By slot: what is true of everything that the slot holds. */
  readonly slotViews = new Map<number, View[]>()
  readonly slotFollows = new Map<number, Follow[]>()
  readonly numbers = new Map<number, NumberUse>()
  readonly stores: Store[] = []
  readonly puts: Put[] = []
  readonly overwrites: Overwrite[] = []
  readonly replaces: Replace[] = []
  readonly passes: Pass[] = []
  readonly gives: Give[] = []
  readonly escapes = new Map<string, EscapedAddress>()
  /** In which spaces types have been met: 1 << Space. */
  readonly residence = new Map<number, number>()
  /** Instructions that access the arena. */
  readonly #arenaAccesses = new Set<number>()
  readonly #knowledge: Knowledge

  constructor(knowledge: Knowledge) {
    this.#knowledge = knowledge
  }

  /**
   * The space that an instruction accesses through one of the values of its base. The verifier lets no instruction
   * access the arena on one path and other memory on another (reg_type_mismatch in kernel/bpf/verifier.c).
   */
  spaceOfAccess(at: number, base: Value): number {
    const { values } = this.#knowledge
    if (values.isCast(base) || this.#arenaAccesses.has(at)) return Space.arena
    // Of what is nothing in particular the cast may have been lost sight of.
    return base === TOP || values.isNumber(base) ? Space.unknown : Space.kernel
  }

  access(at: number, base: Value, displacement: number, width: number): void {
    const { values } = this.#knowledge
    if (values.members(base).some((member) => values.isCast(member))) this.#arenaAccesses.add(at)
    for (const member of values.members(base)) {
      const kind = values.kind(member)
      if (!values.isAddress(member) || kind === ValueKind.frame) continue
      const isCast = values.isCast(member)
      const held = this.#slotOf(member)
      if (held !== undefined) {
        append(this.basedOn, held, at)
        if (!isCast) this.follow(at, member, Space.kernel, 'dereference')
      }
      if (kind === ValueKind.origin) {
        const origin = values.ref(member)
        const end = values.offset(member) + displacement + width
        this.reach.set(origin, Math.max(this.reach.get(origin) ?? 0, end))
      }
      const pointer = this.#knowledge.pointer(member)
      if (pointer === undefined) continue
      const root = this.#knowledge.rootOf(pointer)
      const space = isCast ? Space.arena : Space.kernel
      this.residence.set(root, (this.residence.get(root) ?? 0) | (1 << space))
      if (width === 8) continue
      const place = this.#knowledge.placeAt(pointer, displacement, width)
      if (place.kind === 'part') this.#takeAsNumber(place.slot.id, at, 'only a part of it is read or written')
    }
  }

  store(at: number, base: Value, displacement: number, width: number, value: Value, rule: Rule): void {
    const { values } = this.#knowledge
    if (values.kind(base) === ValueKind.frame || values.kind(base) === ValueKind.context) return
    this.stores.push({ at, base, displacement, width, value, rule })
  }

  overwrite(at: number, pointer: Value, size: number | undefined, why: string): void {
    const { values } = this.#knowledge
    if (values.isNumber(pointer) || values.kind(pointer) === ValueKind.frame) return
    this.overwrites.push({ at, pointer, size, why })
  }

  put(at: number, slot: Slot, value: Value, rule: Rule): void {
    this.puts.push({ at, slot, value, rule })
  }

  replace(at: number, type: number, why: string): void {
    this.replaces.push({ at, type, why })
  }

  view(at: number, value: Value, type: number, rule: Rule): void {
    const { values, types } = this.#knowledge
    const bare = types.bare(type)
    const isStruct = types.of(bare).kind === 'struct' || types.btf.type(bare).kind === 'forward'
    if (!isStruct || values.stride(value) !== 0) return
    const view: View = { at, offset: values.offset(value), type: bare, rule }
    if (values.kind(value) === ValueKind.origin) append(this.views, values.ref(value), view)
    else if (values.kind(value) === ValueKind.slot) append(this.slotViews, values.ref(value), view)
  }

  pass(at: number, value: Value, called: number, parameter: number): void {
    if (this.#knowledge.values.isAddress(value)) this.passes.push({ at, value, called, parameter })
  }

  give(at: number, value: Value, from: number): void {
    if (!this.#knowledge.values.isNull(value)) this.gives.push({ at, value, from })
  }

  follow(at: number, value: Value, space: number, rule: Rule): void {
    const { values } = this.#knowledge
    const follow: Follow = { at, space, rule }
    if (values.kind(value) === ValueKind.origin) append(this.follows, values.ref(value), follow)
    else if (values.kind(value) === ValueKind.slot) append(this.slotFollows, values.ref(value), follow)
  }

  number(at: number, value: Value, why: string): void {
    const { values } = this.#knowledge
    for (const member of values.members(value)) {
      let at_ = member
      if (values.kind(at_) === ValueKind.low) at_ = values.ref(at_)
      if (values.kind(at_) === ValueKind.origin) at_ = this.#knowledge.general(at_)
      if (values.kind(at_) === ValueKind.slot) this.#takeAsNumber(values.ref(at_), at, why)
    }
  }

  escape(_at: number, value: Value): void {
    const { values } = this.#knowledge
    for (const member of values.members(value)) {
      const pointer = this.#knowledge.pointer(member)
      if (pointer === undefined) continue
      const root = this.#knowledge.rootOf(pointer)
      const [offset, stride] = [values.offset(pointer), values.stride(pointer)]
      const space = this.#knowledge.spaceOf(pointer)
      const variable = this.#knowledge.variableOf(pointer)
      this.escapes.set(`${root},${offset},${stride},${space},${variable?.part}`, {
        root,
        offset,
        stride,
        space,
        variable,
      })
    }
  }

  /** The slot whose content a value is, perhaps with an offset. */
  #slotOf(value: Value): number | undefined {
    const { values } = this.#knowledge
    if (values.kind(value) === ValueKind.slot) return values.ref(value)
    const general = this.#knowledge.originOf(value)?.general
    const isSlot = general !== undefined && values.kind(general) === ValueKind.slot && !values.isCast(general)
    return isSlot ? values.ref(general) : undefined
  }

  #takeAsNumber(slot: number, at: number, why: string): void {
    if (!this.numbers.has(slot)) this.numbers.set(slot, { at, why })
  }
}

function append<T>(lists: Map<number, T[]>, key: number, item: T): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [item])
  else list.push(item)
}
