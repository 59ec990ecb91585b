import { type Address, hexAddress, plainInteger } from './json.js'

/**
 * How a bigint of a noun is written: addresses and ids that carry flag bits (those of dispatch queues) as `0x…`, integers
 * as plainInteger does.
 */
export type Rule = 'address' | 'id' | 'integer'

type Bare<T> = Exclude<T, undefined | null>
type KeyOf<T> = T extends unknown ? keyof T : never
type Member<T, Key> = T extends unknown ? (Key extends keyof T ? T[Key] : never) : never
type KnowsItsJson = { toJSON(): unknown }

/** Whether there is a bigint somewhere in a noun; what knows its own JSON is left to itself. */
type HoldsBigint<T> = [Bare<T>] extends [never]
  ? false
  : [Extract<T, bigint>] extends [never]
    ? [Bare<T>] extends [string | number | boolean | KnowsItsJson]
      ? false
      : [Bare<T>] extends [readonly (infer Item)[]]
        ? HoldsBigint<Item>
        : [Bare<T>] extends [object]
          ? true extends { [Key in KeyOf<Bare<T>>]: HoldsBigint<Member<Bare<T>, Key>> }[KeyOf<Bare<T>>]
            ? true
            : false
          : false
    : true

/**
 * Says of each bigint in a noun how it is written. A noun with a bigint that its shape does not mention does not compile, so
 * that no address is told from an integer by what its member happens to be called. Members of open records, whose names are
 * not known, are integers.
 */
export type Shape<T> = [Extract<T, bigint>] extends [never]
  ? [Bare<T>] extends [readonly (infer Item)[]]
    ? Shape<Item>
    : {
        readonly [Key in KeyOf<Bare<T>> as HoldsBigint<Member<Bare<T>, Key>> extends true
          ? Key
          : never]: Shape<Member<Bare<T>, Key>>
      }
  : Rule

/** A noun as JSON by its shape: what is undefined is null, so that a reader sees that it was asked for. */
export type Json<T, S = unknown> = T extends bigint
  ? S extends 'address' | 'id'
    ? Address
    : number | string
  : T extends undefined
    ? null
    : T extends string | number | boolean | null
      ? T
      : T extends readonly (infer Item)[]
        ? readonly Json<Item, S>[]
        : T extends { toJSON(): infer Own }
          ? Own
          : T extends object
            ? { readonly [Key in keyof T]: Json<T[Key], Key extends keyof S ? S[Key] : unknown> }
            : unknown

/** Writes nouns of one kind. */
export interface JsonWriter<T, S = unknown> {
  (noun: T): Json<T, S>
  readonly shape: S
}

/** Makes the writer of a kind of nouns: `jsonOf<Task>()({ address: 'address' })`. */
export function jsonOf<T>(): <const S extends Shape<T>>(shape: S) => JsonWriter<T, S> {
  return <const S extends Shape<T>>(shape: S) =>
    Object.assign((noun: T) => written(noun, shape, true) as Json<T, S>, { shape })
}

type Rules = Readonly<Record<string, unknown>>

function written(value: unknown, shape: unknown, isWhole = false): unknown {
  if (value === undefined) return null
  if (typeof value === 'bigint')
    return shape === 'address' || shape === 'id' ? hexAddress(value) : plainInteger(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => written(item, shape))
  if (!isWhole && 'toJSON' in value && typeof value.toJSON === 'function') return value.toJSON()
  const json: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(value))
    if (typeof member !== 'function') json[name] = written(member, (shape as Rules | undefined)?.[name])
  return json
}

/**
 * Gives a noun that is a plain object its JSON, and with it each object in it that its shape speaks of, so that JSON.stringify
 * of any of them gives what the contract says. It is not enumerable: copies and comparisons do not see it.
 */
export function withJson<T extends object>(
  noun: T,
  json: ((noun: T) => unknown) & { readonly shape?: unknown },
): T {
  if (json.shape === undefined) giveJson(noun, json)
  else giveShape(noun, json.shape)
  return noun
}

/** The same for a list. */
export function eachWithJson<T extends object>(
  nouns: readonly T[],
  json: ((noun: T) => unknown) & { readonly shape?: unknown },
): readonly T[] {
  for (const noun of nouns) withJson(noun, json)
  return nouns
}

function giveShape(value: unknown, shape: unknown): void {
  if (typeof value !== 'object' || value === null || typeof shape !== 'object') return
  if (Array.isArray(value)) {
    for (const item of value) giveShape(item, shape)
    return
  }
  for (const [name, rule] of Object.entries(shape as Rules))
    giveShape((value as Readonly<Record<string, unknown>>)[name], rule)
  giveJson(value, (noun) => written(noun, shape, true))
}

function giveJson<T extends object>(noun: T, json: (noun: T) => unknown): void {
  Object.defineProperty(noun, 'toJSON', {
    value: function toJSON(this: T) {
      return json(this)
    },
    enumerable: false,
    configurable: true,
    writable: true,
  })
}
