import { toJson } from '../sched/json.js'

/** What a TypeScript value is as JSON: addresses and large integers as text, what is undefined null. */
export type Plain<T> = T extends bigint
  ? number | string
  : T extends undefined
    ? null
    : T extends string | number | boolean | null
      ? T
      : T extends readonly (infer Item)[]
        ? readonly Plain<Item>[]
        : T extends object
          ? { readonly [Key in keyof T]: Key extends AddressName ? AddressOf<T[Key]> : Plain<T[Key]> }
          : unknown

type AddressName = 'address' | `${string}Address` | 'blockedOn'
type AddressOf<T> = T extends bigint ? string : Plain<T>

/** A value made of plain objects, as JSON. Members called `address` or `…Address` are addresses. */
export function plain<T>(value: T): Plain<T> {
  return toJson(value) as Plain<T>
}

/** A value whose parts know their own JSON. */
export function jsonOf(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, bigintText)) as unknown
}

function bigintText(_key: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value.toString()
}
