import { escapeJson } from '../text.js'
import { plainInteger } from './json.js'

/**
 * Anything that code gave, as JSON: what has `toJSON` says itself what it is, bytes are hex, integers by the contract's rule, maps
 * and sets and other iterables arrays, and what JSON has no word for is null. Throws TypeError for what refers to itself.
 */
export function anyText(value: unknown, indent?: number): string {
  return escapeJson(JSON.stringify(value ?? null, plain, indent) ?? 'null')
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return plainInteger(value)
  // undefined and functions would vanish from objects; symbols are no data either.
  if (value === undefined || typeof value === 'function' || typeof value === 'symbol') return null
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value) || !(Symbol.iterator in value)) return value
  return [...(value as Iterable<unknown>)]
}
