import { hex } from './context.js'

/**
 * Answers as plain JSON: addresses as `0x…`, other bigints as numbers or, beyond 2^53-1, decimal text; what is undefined
 * is null, so that a reader sees that it was asked for.
 */
export function toJson(value: unknown, key = ''): unknown {
  if (value === undefined) return null
  if (typeof value === 'bigint') {
    if (isAddress(key)) return hex(value)
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : value.toString()
  }
  if (Array.isArray(value)) return value.map((item) => toJson(item, key))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, toJson(item, name)]))
}

function isAddress(key: string): boolean {
  return /^(address|id|scheduler|blockedOn|parent|trampoline)$|Address$/.test(key)
}
