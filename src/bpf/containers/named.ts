import { namedInArenas } from '../named-in-arenas.js'
import type { Container } from './container.js'

/** The container of that name; `ARENA/NAME` picks among arenas that have one each. Throws with the names there are. */
export function containerNamed(
  containers: readonly Container[],
  name: string,
  unread: readonly string[],
): Container {
  const none = 'no program with an arena has a structure of the sched_ext library that is known'
  return namedInArenas(containers, name, 'container', none, unread)
}
