import { CryoscopeError } from '../../errors.js'
import { escapeText } from '../../text.js'
import type { Allocator } from './allocator.js'

/** The allocator of that name; `ARENA/NAME` picks among arenas that have one each. Throws with the names there are. */
export function allocatorNamed(allocators: readonly Allocator[], name: string): Allocator {
  const [, arena, bare = name] = /^(\d+)\/(.*)$/.exec(name) ?? []
  const found = allocators.filter(
    (each) => each.name === bare && (arena === undefined || each.arena.id === Number(arena)),
  )
  const [first, second] = found
  if (first === undefined) {
    const names = [...new Set(allocators.map((each) => each.name))].join(', ')
    const hint =
      names === '' ? 'no program with an arena has an allocator that is known' : `there are ${names}`
    throw new CryoscopeError('not-found', `there is no allocator ${escapeText(name)}; ${escapeText(hint)}`)
  }
  if (second !== undefined) {
    const choices = [...new Set(found.map((each) => `${each.arena.id}/${each.name}`))].join(', ')
    throw new CryoscopeError(
      'usage',
      `${found.length} allocators are called ${escapeText(name)}; say of which arena: ${escapeText(choices)}`,
    )
  }
  return first
}
