import { CryoscopeError } from '../errors.js'
import { escapeText } from '../text.js'

/**
 * The one of that name; `ARENA/NAME` picks among arenas that have one each. Throws with the names there are; `none` says why there
 * may be none at all, `unread` what could not be read and may have it.
 */
export function namedInArenas<T extends { readonly name: string; readonly arena: { readonly id: number } }>(
  all: readonly T[],
  name: string,
  what: string,
  none: string,
  unread: readonly string[],
): T {
  const [, arena, bare = name] = /^(\d+)\/(.*)$/.exec(name) ?? []
  const found = all.filter(
    (each) => each.name === bare && (arena === undefined || each.arena.id === Number(arena)),
  )
  const [first, second] = found
  if (first === undefined) {
    const names = [...new Set(all.map((each) => each.name))]
    const shown = `${names.slice(0, namesShown).join(', ')}${names.length > namesShown ? ', …' : ''}`
    const [missing] = unread
    if (missing !== undefined) {
      const known = names.length === 0 ? '' : `, of which there are ${escapeText(shown)}`
      const asked = `${what} ${escapeText(name)} is not among those that could be read${known}`
      throw new CryoscopeError('unreadable', `${asked}; not all could: ${escapeText(missing)}`)
    }
    const hint = names.length === 0 ? none : `there are ${shown}`
    throw new CryoscopeError('not-found', `there is no ${what} ${escapeText(name)}; ${escapeText(hint)}`)
  }
  if (second !== undefined) {
    const choices = [...new Set(found.map((each) => `${each.arena.id}/${each.name}`))].join(', ')
    throw new CryoscopeError(
      'usage',
      `${found.length} ${what}s are called ${escapeText(name)}; say of which arena: ${escapeText(choices)}`,
    )
  }
  return first
}

const namesShown = 40
