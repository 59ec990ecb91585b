import { inspect } from 'node:util'
import { CryoscopeError } from '../errors.js'
import { describeProblem, type Problem } from '../memory/types.js'
import { escapeText } from '../text.js'
import type { Unreadable } from './types.js'

class Missing {
  readonly $kind = 'unreadable'
  readonly $reason: string
  readonly $problem: Problem | undefined

  constructor(reason: string, problem: Problem | undefined) {
    this.$reason = reason
    this.$problem = problem
  }

  toJSON(): { unreadable: string } {
    return { unreadable: this.$reason }
  }

  $json(): { unreadable: string } {
    return this.toJSON()
  }

  $format(): string {
    return this.toString()
  }

  toString(): string {
    return `unreadable: ${escapeText(this.$reason)}`
  }

  [Symbol.toPrimitive](hint: string): string | number {
    return hint === 'number' ? Number.NaN : this.toString()
  }

  /** No elements would mean an empty array. */
  [Symbol.iterator](): never {
    throw new CryoscopeError('unreadable', `There are no elements to go through: ${this.$reason}.`)
  }

  [inspect.custom](): string {
    return `<${this.toString()}>`
  }
}

const handler: ProxyHandler<Missing> = {
  get(missing, key, proxy) {
    if (typeof key === 'symbol' || key in missing) {
      const own: unknown = Reflect.get(missing, key)
      return typeof own === 'function' ? own.bind(missing) : own
    }
    // A promise would take anything with a `then` for one of its own.
    return key === 'then' ? undefined : proxy
  },
  set(missing) {
    throw new CryoscopeError('usage', `This cannot be written: ${missing.$reason}.`)
  },
  ownKeys: () => [],
  getOwnPropertyDescriptor: () => undefined,
}

/** The value of something that cannot be read. */
export function unreadable(why: string | Problem): Unreadable {
  const missing =
    typeof why === 'string' ? new Missing(why, undefined) : new Missing(describeProblem(why), why)
  // The handler answers every other name with the value itself, which the class cannot say.
  return new Proxy(missing, handler) as unknown as Unreadable
}

export function isUnreadable(value: unknown): value is Unreadable {
  return typeof value === 'object' && value !== null && '$kind' in value && value.$kind === 'unreadable'
}
