import { anyText } from '../contract/any.js'

/** A value as it is now, of a guest that goes on: numbers and text as they are, other things as plain JSON. */
export function keptValue<T>(value: T): T {
  const isPlain = typeof value !== 'object' || value === null
  return isPlain ? value : (JSON.parse(anyText(value)) as T)
}
