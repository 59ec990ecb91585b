import { namedInArenas } from '../named-in-arenas.js'
import type { Allocator } from './allocator.js'

/** The allocator of that name; `ARENA/NAME` picks among arenas that have one each. Throws with the names there are. */
export function allocatorNamed(
  allocators: readonly Allocator[],
  name: string,
  unread: readonly string[],
): Allocator {
  const none = 'no program with an arena has an allocator that is known'
  return namedInArenas(allocators, name, 'allocator', none, unread)
}
