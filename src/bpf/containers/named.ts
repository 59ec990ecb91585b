import { namedInArenas } from '../named-in-arenas.js'
import type { Container } from './container.js'

/** What is said where there is none. */
export const noContainer = 'no program with an arena has a structure of the sched_ext library that is known'

/** The container of that name; `ARENA/NAME` picks among arenas that have one each. Throws with the names there are. */
export function containerNamed(
  containers: readonly Container[],
  name: string,
  unread: readonly string[],
): Container {
  return namedInArenas(containers, name, 'container', noContainer, unread)
}
