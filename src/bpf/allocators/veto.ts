import { sizeOf, strip } from '../../btf/layout.js'
import { typeName } from '../../btf/type-name.js'
import type { CType, EnumType, StructType } from '../../btf/types.js'
import type { ArenaReader } from '../arena/reader.js'
import { beginsWithTid } from './kinds.js'
import type { Slots } from './slots.js'

/** Why the elements of an allocator are not of a type, by what they hold; undefined when nothing speaks against it. */
export type Veto = (type: StructType, header: number) => string | undefined

/** A member whose values can be told from what it cannot hold. */
interface Check {
  readonly path: string
  readonly offset: number
  readonly size: number
  /** What is wrong with a value; undefined when it is possible. */
  wrong(value: bigint): string | undefined
}

/** union sdt_id: an index and how often it was reused. */
const idSize = 8
const mostElements = 64
const mostChecks = 256
const mostItems = 4
const deepest = 8
/** No pointer leads into the first page. */
const firstAddress = 4096n
const topByte = 0xffn
/** Pointers with these tags are offsets or addresses of another memory. */
const foreignTags = new Set(['user', 'percpu', 'percpu_kptr'])

/** Looks at the first elements that are handed out. */
export function vetoOf(arena: ArenaReader, slots: Slots): Veto {
  return (type, header) => {
    const checks = checksOf(type)
    const copiesId = header >= idSize && beginsWithTid(type)
    let seen = 0
    for (let slot = 0; slot < slots.length && seen < mostElements; slot++) {
      if (slots.states[slot] !== 'live') continue
      const place = slots.places[slot] as number
      const id = copiesId ? arena.window.bytes(place, idSize)?.slice() : undefined
      const bytes = arena.window.bytes(place + header, type.size)
      if (bytes === undefined) continue
      seen++
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      // Structs that begin with an id have room for one; others may be shorter. Between the allocation and the copy it is 0.
      const own = id === undefined ? 0n : view.getBigUint64(0, true)
      if (id !== undefined && own !== 0n && own !== new DataView(id.buffer).getBigUint64(0, true))
        return `${typeName(type)} fits, but its id in element ${slots.indexes[slot]} would be another than the element's`
      for (const { path, offset, size, wrong } of checks) {
        const why = wrong(valueAt(view, offset, size))
        if (why !== undefined) {
          return `${typeName(type)} fits, but ${path} of element ${slots.indexes[slot]} would be ${why}`
        }
      }
    }
    return undefined
  }
}

/** Whether an element that is handed out shows a copy of its id at that many bytes. The id of the first is 0 until it was reused. */
export function copiesIdOf(arena: ArenaReader, slots: Slots): (header: number) => boolean {
  return (header) => {
    for (let slot = 0, seen = 0; slot < slots.length && seen < mostElements; slot++) {
      if (slots.states[slot] !== 'live') continue
      const bytes = arena.window.bytes(slots.places[slot] as number, header + idSize)
      if (bytes === undefined) continue
      seen++
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      const id = view.getBigUint64(0, true)
      if (id !== 0n && view.getBigUint64(header, true) === id) return true
    }
    return false
  }
}

function valueAt(view: DataView, offset: number, size: number): bigint {
  if (size === 8) return view.getBigUint64(offset, true)
  if (size === 4) return BigInt(view.getUint32(offset, true))
  return BigInt(size === 2 ? view.getUint16(offset, true) : view.getUint8(offset))
}

function checksOf(type: StructType): Check[] {
  const checks: Check[] = []
  collect(type, 0, '', checks, 0)
  return checks.filter(({ offset, size }) => offset >= 0 && offset + size <= type.size)
}

function collect(type: CType, start: number, path: string, checks: Check[], depth: number): void {
  if (depth > deepest || checks.length >= mostChecks) return
  const bare = strip(type)
  switch (bare.kind) {
    case 'struct':
      for (const member of bare.members) {
        if (member.bitSize > 0) continue
        const name = member.name === '' ? path : path === '' ? member.name : `${path}.${member.name}`
        collect(member.type, start + member.offset, name, checks, depth + 1)
      }
      return
    case 'array': {
      const size = sizeOf(bare.element) ?? 0
      for (let n = 0; n < Math.min(bare.length, mostItems) && size > 0; n++) {
        collect(bare.element, start + n * size, `${path}[${n}]`, checks, depth + 1)
      }
      return
    }
    case 'pointer':
      if (!isForeign(bare.target)) checks.push({ path, offset: start, size: 8, wrong: wrongPointer })
      return
    case 'enum':
      checks.push({ path, offset: start, size: bare.size, wrong: wrongEnum(bare) })
      return
    case 'int':
      if (bare.encoding === 'bool' && bare.size === 1) {
        const wrong = (value: bigint) => (value > 1n ? `a bool that is ${value}` : undefined)
        checks.push({ path, offset: start, size: 1, wrong })
      }
      return
    default:
    // Arms of a union and plain numbers may hold anything.
  }
}

function wrongPointer(value: bigint): string | undefined {
  const high = value >> 56n
  const isPossible = value === 0n || (value >= firstAddress && (high === 0n || high === topByte))
  return isPossible ? undefined : `the pointer 0x${value.toString(16)}`
}

/** Sets of flags may hold any of them together. */
function wrongEnum(type: EnumType): (value: bigint) => string | undefined {
  const bits = BigInt(type.size * 8)
  const values = new Set(type.values.map(({ value }) => BigInt.asUintN(Number(bits), value)))
  const flags = [...values].filter((value) => value !== 0n && (value & (value - 1n)) === 0n)
  const all = [...values].reduce((sum, value) => sum | value, 0n)
  const isSet = flags.length > 2 && flags.reduce((sum, value) => sum | value, 0n) === all
  return (value) => {
    if (value === 0n || values.has(value) || (isSet && (value & ~all) === 0n)) return undefined
    return `${value}, which is no ${typeName(type)}`
  }
}

function isForeign(target: CType): boolean {
  let at = target
  for (let n = 0; n < 32; n++) {
    if (at.kind === 'type_tag' && foreignTags.has(at.name)) return true
    if (!('target' in at) || at.kind === 'pointer') return false
    at = at.target
  }
  return false
}
