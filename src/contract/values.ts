import type { Value } from '../value/types.js'
import { plainInteger } from './json.js'

/** A value where it is a member of other JSON: structs, pointers and arrays know theirs. */
export function valueJson(value: Value | undefined): unknown {
  if (value === undefined) return null
  return typeof value === 'bigint' ? plainInteger(value) : value
}
