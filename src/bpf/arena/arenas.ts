import type { Kernel } from '../../kernel/kernel.js'
import type { Problems } from '../../problems.js'
import type { MapInfo } from '../map-info.js'
import { Arena } from './arena.js'
import type { KnownTypes } from './context.js'
import { arenaUsers } from './users.js'

/**
 * Every arena of a kernel, by id. Arenas and programs that cannot be read are left out and named in `problems`. `listing` is what
 * fell short when the maps were listed: a map that is not among them may hold the only reference to something.
 */
export function listArenas(
  kernel: Kernel,
  maps: readonly MapInfo[],
  listing: Problems,
  problems: Problems,
  known?: KnownTypes,
): Arena[] {
  const infos = maps.filter(({ type }) => type === 'arena')
  if (infos.length === 0) return []
  const usersListing = problems.part()
  const users = arenaUsers(kernel, usersListing)
  const unreadPrograms = usersListing.sentences
  const unlisted = [...listing.sentences, ...unreadPrograms]
  const arenas: Arena[] = []
  for (const info of infos) {
    const own = users.filter(({ arenaMap }) => arenaMap === info.address)
    const arena = problems.attempt(
      `arena ${info.id}`,
      () => new Arena(kernel, info, own, { maps, unlisted, unreadPrograms }, known),
    )
    if (arena !== undefined) arenas.push(arena)
  }
  return arenas
}

/**
 * The arena that pointers in a map's values lead into: that of the programs which share the map's BTF, or else use the
 * map. Undefined when there is none, or programs with different arenas use it.
 */
export function arenaOfMap(arenas: readonly Arena[], map: MapInfo): Arena | undefined {
  const owners = arenas.filter(
    ({ users }) => map.btfId !== 0 && users.some(({ btfId }) => btfId === map.btfId),
  )
  if (owners.length === 1) return owners[0]
  const using = arenas.filter(({ users }) => users.some(({ maps }) => maps.includes(map.address)))
  return using.length === 1 ? using[0] : undefined
}
