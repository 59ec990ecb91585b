import { CryoscopeError } from '../../errors.js'
import type { WalkEnd } from '../../kernel/lists.js'
import type { Problems } from '../../problems.js'

/** What `read` gives; undefined, and a problem, when it cannot be read. */
export function reading<T>(problems: Problems, where: string, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    problems.add(where, error.message)
    return undefined
  }
}

/** Objects of a walk that were not met before; how it ended is a problem when it ended badly. */
export function* fresh(
  walk: Generator<bigint, WalkEnd>,
  seen: Set<bigint>,
  where: string,
  problems: Problems,
): Generator<bigint> {
  for (;;) {
    const step = walk.next()
    if (step.done === true) {
      if (step.value.problem !== undefined) problems.add(where, step.value.problem)
      return
    }
    if (seen.has(step.value)) {
      problems.add(where, 'it runs into a chain that was walked before')
      return
    }
    seen.add(step.value)
    yield step.value
  }
}
