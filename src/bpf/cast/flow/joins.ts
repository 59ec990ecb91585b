import type { Knowledge } from './knowledge.js'
import { lowestOnStack } from './state.js'
import { gcd, TOP, type Value, ValueKind } from './values.js'

/** Members of a set, beside anything. */
const largestSet = 6
const largestWideSet = 48

/** What values have in common where paths meet. */
export class Joins {
  readonly #knowledge: Knowledge
  #joined: (Map<Value, Value> | undefined)[] = []

  constructor(knowledge: Knowledge) {
    this.#knowledge = knowledge
  }

  /** More is known of values than when they were joined. */
  forget(): void {
    this.#joined = []
  }

  /** What is true of both: of one path or of another. */
  join(a: Value, b: Value): Value {
    if (a === b) return a
    let known = this.#joined[a]
    if (known === undefined) {
      known = new Map()
      this.#joined[a] = known
    }
    let joined = known.get(b)
    if (joined === undefined) {
      joined = this.#join(a, b)
      known.set(b, joined)
    }
    return joined
  }

  #join(a: Value, b: Value): Value {
    const { values } = this.#knowledge
    if (values.isNumber(a) && values.isNumber(b)) return this.#joinNumbers(a, b)
    if (values.isNull(a)) return b
    if (values.isNull(b)) return a
    if (values.kind(a) === ValueKind.low && values.kind(b) === ValueKind.low) {
      const whole = this.join(values.ref(a), values.ref(b))
      return whole === TOP || values.isNumber(whole) ? values.scalar(1) : values.low(whole)
    }
    const merged = values.merge(a, b)
    if (merged !== undefined) return merged
    const members: Value[] = []
    for (const member of [...this.#parts(a), ...this.#parts(b)]) this.#add(members, member)
    return this.#union(members)
  }

  #mergeParts(x: Value, y: Value): Value | undefined {
    const { values } = this.#knowledge
    if (values.isNumber(x) && values.isNumber(y)) return this.#joinNumbers(x, y)
    return values.merge(x, y)
  }

  #joinNumbers(a: Value, b: Value): Value {
    const { values } = this.#knowledge
    const stride = gcd(this.#strideOf(a), this.#strideOf(b))
    return stride === 0 ? values.constant(0) : values.scalar(stride)
  }

  /** What a number is a multiple of; 0 for zero. */
  #strideOf(value: Value): number {
    const { values } = this.#knowledge
    return values.kind(value) === ValueKind.scalar ? values.stride(value) : Math.abs(values.offset(value))
  }

  /** The members of a value that are not nothing, without where they come from. */
  #parts(value: Value): readonly Value[] {
    const { values } = this.#knowledge
    if (values.isNull(value)) return []
    if (values.kind(value) === ValueKind.origin) {
      return this.#parts(this.#knowledge.general(value))
    }
    if (values.kind(value) === ValueKind.low) return [values.scalar(1)]
    return values.members(value)
  }

  #add(members: Value[], value: Value): void {
    for (const [index, member] of members.entries()) {
      if (member === value) return
      const merged = this.#mergeParts(member, value)
      if (merged !== undefined) {
        members[index] = merged
        return
      }
    }
    members.push(value)
  }

  #union(all: readonly Value[]): Value {
    const { values } = this.#knowledge
    const isOpen = all.includes(TOP)
    const members = isOpen ? all.filter((one) => one === TOP || this.#isWorthKeeping(one)) : all
    if (members.length <= 1) return members[0] ?? values.constant(0)
    const common = this.#commonPointer(members)
    if (common !== undefined) return common
    return members.length > (isOpen ? largestSet + 1 : largestSet)
      ? this.#widen(members)
      : values.set(members)
  }

  /** Of too many values only this remains: the things that they lead into, wherever in these. */
  #widen(members: readonly Value[]): Value {
    const { values } = this.#knowledge
    const wide = new Set<Value>()
    for (const member of members) wide.add(this.#widened(member))
    if (wide.size <= largestWideSet) return wide.size === 1 ? ([...wide][0] as Value) : values.set([...wide])
    for (const member of wide) {
      const pointer = this.#knowledge.pointer(member)
      if (pointer !== undefined) this.#knowledge.lost.add(this.#knowledge.rootOf(pointer))
    }
    return TOP
  }

  #widened(member: Value): Value {
    const { values } = this.#knowledge
    if (values.isNumber(member)) return values.scalar(1)
    if (values.kind(member) === ValueKind.frame) return values.shift(values.frame(lowestOnStack), 0, 1)
    if (values.kind(member) === ValueKind.map) return member
    if (!this.#isWorthKeeping(member)) return TOP
    const pointer = this.#knowledge.pointer(member) ?? member
    return values.isAddress(pointer) ? values.anywhere(pointer) : TOP
  }

  /** Among anything, only what is a pointer, or may turn out to be one: what is stored through it counts. */
  #isWorthKeeping(value: Value): boolean {
    const { values } = this.#knowledge
    return (
      values.kind(value) === ValueKind.slot ||
      values.isCast(value) ||
      this.#knowledge.pointer(value) !== undefined
    )
  }

  /** The pointer that all are when one forgets which slot they come from. */
  #commonPointer(members: readonly Value[]): Value | undefined {
    let common: Value | undefined
    for (const member of members) {
      const isCommon =
        this.#knowledge.values.kind(member) === ValueKind.slot ||
        this.#knowledge.values.kind(member) === ValueKind.typed
      const pointer = isCommon ? this.#knowledge.pointer(member) : undefined
      if (pointer === undefined) return undefined
      const merged: Value | undefined =
        common === undefined ? pointer : this.#knowledge.values.merge(common, pointer)
      if (
        merged === undefined ||
        this.#knowledge.values.offset(merged) !== this.#knowledge.values.offset(pointer)
      )
        return undefined
      common = merged
    }
    return common
  }
}
