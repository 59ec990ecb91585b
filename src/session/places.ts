import { memberAt, strip } from '../btf/layout.js'
import type { CType } from '../btf/types.js'
import { anyText } from '../contract/any.js'
import { CryoscopeError } from '../errors.js'
import { escapeText } from '../text.js'
import { fieldsOf } from '../value/fields.js'
import type { Reference, Value } from '../value/types.js'
import { addressIn } from './lookup.js'
import { symbolsNamed } from './names.js'
import type { Session } from './session.js'
import type { MapPlace, WriteTarget } from './target.js'
import { findVariable } from './variables.js'
import type { Place } from './writes.js'

const mapPlaceWords = ['map', 'key', 'cpu', 'field']

/** A place to write to, with the type of what lies there. */
export function typedPlace(vm: Session, where: WriteTarget, type: string | CType | undefined): Place {
  if (isMapPlace(where)) {
    const map = vm.map(where.map)
    const place = map.valuePlace(where.key, where.cpu)
    const entry = { map, key: where.key }
    return memberOf({ name: `${map.name}[${anyText(where.key)}]`, ...place, entry }, where.field)
  }
  if (typeof where === 'string' && type === undefined) {
    const global = programGlobal(vm, where)
    if (global !== undefined) return global
    const { address, type: known, isPerCpu } = findVariable(vm.kernel, vm.valueContext, where)
    if (!isPerCpu) return { name: where, address, type: known }
    throw new CryoscopeError('usage', `${where} is per CPU; write to vm.variable('${where}', cpu)`)
  }
  const { address } = placeOf(vm, where)
  const known =
    type ?? (typeof where === 'object' && where !== null && '$ctype' in where ? where.$ctype : undefined)
  if (known === undefined)
    throw new CryoscopeError('usage', 'give the type of what lies there: vm.write(address, value, "u64")')
  const name = typeof where === 'string' ? where : `0x${address.toString(16)}`
  return { name, address, type: typeof known === 'string' ? vm.type(known) : (known as CType) }
}

/**
 * A global variable of a BPF program. Throws 'usage' where several programs have one of that name, or the kernel has a symbol
 * of it too.
 */
function programGlobal(vm: Session, name: string): Place | undefined {
  const found = vm.maps.flatMap((map) => {
    const { valueType } = map.info
    const type = valueType === undefined ? undefined : strip(valueType)
    if (type?.kind !== 'section') return []
    const variable = fieldsOf(type).get(name)
    return variable === undefined ? [] : [{ map, variable }]
  })
  const [first, second] = found
  if (first === undefined) return undefined
  if (second !== undefined || vm.kernel.findSymbol(name) !== undefined) {
    const places = found.map(({ map }) => `vm.map(${map.id}).variables.${name}`)
    const kernel =
      vm.kernel.findSymbol(name) === undefined ? [] : [`vm.symbol('${name}').address with its type`]
    throw new CryoscopeError(
      'usage',
      `there are several variables ${name}; write to the one you mean: ${[...places, ...kernel].join(', ')}`,
    )
  }
  const { address } = first.map.valuePlace(0)
  return {
    name: `${first.map.name}.${name}`,
    address: address + BigInt(first.variable.offset),
    type: first.variable.type,
  }
}

/** A member of a place, by its path; the place itself without one. */
export function memberOf(place: Place, path: string | undefined): Place {
  if (path === undefined) return place
  const found = memberAt(place.type, path)
  if (found === undefined) {
    throw new CryoscopeError('not-found', `${escapeText(place.name)} has no member ${escapeText(path)}`)
  }
  if (found.bitSize > 0) {
    throw new CryoscopeError('usage', `${escapeText(path)} is a bitfield: ask for the member that holds it`)
  }
  return {
    ...place,
    name: `${place.name}.${path}`,
    address: place.address + BigInt(found.offset),
    type: found.type as CType,
  }
}

/** Where a symbol, an address or a value lies, and how many of its bytes a watchpoint covers. */
export function placeOf(
  vm: Session,
  where: string | bigint | Value | Reference,
): { address: bigint; size: number } {
  if (typeof where === 'bigint') return { address: BigInt.asUintN(64, where), size: 8 }
  if (typeof where === 'string') {
    const address = addressIn(where)
    if (address !== undefined) return { address, size: 8 }
    const { name, offset } = nameAndOffset(where)
    return { address: vm.symbol(name).address + offset, size: 8 }
  }
  if (
    typeof where === 'object' &&
    where !== null &&
    '$address' in where &&
    typeof where.$address === 'bigint'
  ) {
    return { address: where.$address, size: Math.min(Number(where.$size ?? 8), 8) }
  }
  throw new CryoscopeError(
    'usage',
    'give a symbol, an address, or a value that has a place in memory (x.$member("name"))',
  )
}

/** Where code of a name begins: several static functions may have it. */
export function codePlaces(vm: Session, where: string | bigint): readonly bigint[] {
  if (typeof where === 'bigint' || addressIn(where) !== undefined) return [placeOf(vm, where).address]
  const { name, offset } = nameAndOffset(where)
  const found = symbolsNamed(vm.kernel, name)
  return found.length > 0
    ? found.map(({ address }) => BigInt.asUintN(64, address + offset))
    : [placeOf(vm, where).address]
}

/** "schedule+0x10" */
function nameAndOffset(text: string): { readonly name: string; readonly offset: bigint } {
  const [, name = text, offset = '0'] = /^(.*?)(?:\+(0x[0-9a-f]+|\d+))?$/i.exec(text) ?? []
  return { name, offset: BigInt(offset) }
}

/** Values may have a C member called `map`; a map place has none of our own properties. */
function isMapPlace(where: WriteTarget): where is MapPlace {
  if (typeof where !== 'object' || where === null) return false
  if ('$type' in where || '$reason' in where || !('map' in where)) return false
  const other = Object.keys(where).find((name) => !mapPlaceWords.includes(name))
  if (other === undefined) return true
  throw new CryoscopeError(
    'usage',
    `a place in a map is { ${mapPlaceWords.join(', ')} }, and has no "${escapeText(other)}"`,
  )
}
