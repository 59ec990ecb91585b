import { type Address, plainInteger } from './json.js'

/**
 * What a reader says beyond bytes, by name: an open record, made to be shown. Addresses in it are text already; members that
 * are undefined are left out of JSON.
 */
export interface Details {
  readonly address?: Address | undefined
  readonly [name: `${string}Address`]: Address | undefined
  readonly [name: string]: Detail
}

export type Detail = string | number | bigint | boolean | null | undefined | readonly Detail[] | Details

type PlainJson =
  | string
  | number
  | boolean
  | null
  | readonly PlainJson[]
  | { readonly [name: string]: PlainJson }

/** As the contract writes JSON: integers beyond 2^53-1 as decimal text. */
export function detailsJson(details: Details): { readonly [name: string]: PlainJson } {
  const json: Record<string, PlainJson> = {}
  for (const [name, value] of Object.entries(details) as [string, Detail][]) {
    if (value !== undefined) json[name] = detailJson(value)
  }
  return json
}

function detailJson(value: Exclude<Detail, undefined>): PlainJson {
  if (typeof value === 'bigint') return plainInteger(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value !== 'object' || value === null) return value
  if (!isList(value)) return detailsJson(value)
  return value.map((item) => (item === undefined ? null : detailJson(item)))
}

function isList(value: readonly Detail[] | Details): value is readonly Detail[] {
  return Array.isArray(value)
}
