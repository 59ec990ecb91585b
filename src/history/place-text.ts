import { memberAt } from '../btf/layout.js'
import type { CType } from '../btf/types.js'
import { CryoscopeError } from '../errors.js'
import { typedPlace } from '../session/places.js'
import type { Session } from '../session/session.js'
import type { Place } from '../session/writes.js'
import { escapeText } from '../text.js'

/**
 * A place as a person writes it: a symbol with members ("jiffies_64", "init_task.comm"), the value of a map entry
 * ("map:pid_stats[1].runtime_ns", the key in JSON), or an address ("0xffff…", with a type).
 */
export function placeOfText(vm: Session, text: string, as?: string): Place {
  const map = /^map:([^[\]]+)\[(.+?)\](?:\.(.+))?$/s.exec(text)
  if (map !== null) {
    const [, name = '', key = '', path] = map
    return member(typedPlace(vm, { map: name, key: keyOf(key) }, undefined), path)
  }
  if (/^0x[0-9a-f]+$/i.test(text)) return typedPlace(vm, BigInt(text), as)
  if (as !== undefined) return typedPlace(vm, text, as)
  const [, symbol = text, path] = /^([^.]+)\.(.+)$/s.exec(text) ?? []
  return member(typedPlace(vm, symbol, undefined), path)
}

function keyOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return /^0x[0-9a-f]+$/i.test(text) ? Number(text) : text
  }
}

function member(place: Place, path: string | undefined): Place {
  if (path === undefined) return place
  const found = memberAt(place.type, path)
  if (found === undefined) {
    throw new CryoscopeError('not-found', `${escapeText(place.name)} has no member ${escapeText(path)}`)
  }
  if (found.bitSize > 0) {
    throw new CryoscopeError('usage', `${escapeText(path)} is a bitfield: ask for the member that holds it`)
  }
  return {
    name: `${place.name}.${path}`,
    address: place.address + BigInt(found.offset),
    type: found.type as CType,
  }
}
