import { namedInArenas } from '../named-in-arenas.js'
import type { Allocator } from './allocator.js'

/** What is said where there is none. */
export const noAllocator = 'no program with an arena has an allocator that is known'

/** The allocator of that name; `ARENA/NAME` picks among arenas that have one each. Throws with the names there are. */
export function allocatorNamed(
  allocators: readonly Allocator[],
  name: string,
  unread: readonly string[],
): Allocator {
  return namedInArenas(allocators, name, 'allocator', noAllocator, unread)
}
