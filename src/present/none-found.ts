/**
 * What is said where a list is empty: `otherwise`, which may say that there is none, only where nothing stood in the way of
 * reading it. `problems` are those of the session after the list was read.
 */
export function noneFound(problems: readonly string[], kind: string, otherwise: string): string {
  const [first] = problems
  return first === undefined ? otherwise : `No ${kind} could be read; there may be some: ${first}`
}
