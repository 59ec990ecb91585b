/**
 * What a reader says beyond bytes, by name. Members called `address`, or whose names end in `Address`, are addresses;
 * members that are undefined are left out of JSON.
 */
export interface Details {
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

/** As the contract writes JSON: addresses as 0x text, integers beyond 2^53-1 as decimal text. */
export function detailsJson(details: object): { readonly [name: string]: PlainJson } {
  const json: Record<string, PlainJson> = {}
  for (const [name, value] of Object.entries(details) as [string, Detail][]) {
    if (value !== undefined) json[name] = detailJson(name, value)
  }
  return json
}

function detailJson(name: string, value: Exclude<Detail, undefined>): PlainJson {
  if (typeof value === 'bigint') {
    if (/^address$|Address$/.test(name)) return `0x${value.toString(16)}`
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : value.toString()
  }
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value !== 'object' || value === null) return value
  if (!isList(value)) return detailsJson(value)
  return value.map((item) => (item === undefined ? null : detailJson(name, item)))
}

function isList(value: readonly Detail[] | Details): value is readonly Detail[] {
  return Array.isArray(value)
}
