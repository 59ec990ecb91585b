import type { Problems } from '../../problems.js'

/** Objects of one chain among many that were not met in another. A chain that runs into another is a problem. */
export function* fresh(
  walk: Iterable<bigint>,
  seen: Set<bigint>,
  where: string,
  problems: Problems,
): Generator<bigint> {
  for (const address of walk) {
    if (seen.has(address)) {
      problems.add(where, 'it runs into a chain that was walked before')
      return
    }
    seen.add(address)
    yield address
  }
}
