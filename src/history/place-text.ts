import { memberOf, typedPlace } from '../session/places.js'
import type { Session } from '../session/session.js'
import type { Place } from '../session/writes.js'

/**
 * A place as a person writes it: a symbol with members ("jiffies_64", "init_task.comm"), the value of a map entry
 * ("map:pid_stats[1].runtime_ns", the key in JSON), or an address ("0xffff…", with a type).
 */
export function placeOfText(vm: Session, text: string, as?: string): Place {
  const map = /^map:([^[\]]+)\[(.+?)\](?:\.(.+))?$/s.exec(text)
  if (map !== null) {
    const [, name = '', key = '', path] = map
    return typedPlace(
      vm,
      { map: name, key: keyOf(key), ...(path === undefined ? {} : { field: path }) },
      undefined,
    )
  }
  if (/^0x[0-9a-f]+$/i.test(text)) return typedPlace(vm, BigInt(text), as)
  if (as !== undefined) return typedPlace(vm, text, as)
  const [, symbol = text, path] = /^([^.]+)\.(.+)$/s.exec(text) ?? []
  return memberOf(typedPlace(vm, symbol, undefined), path)
}

function keyOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return /^0x[0-9a-f]+$/i.test(text) ? Number(text) : text
  }
}
