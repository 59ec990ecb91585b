import { unknownType } from './inflate.js'
import type { CType, Member, SectionVariable, StructType } from './types.js'

/** Typedefs, qualifiers and tags in a row; real chains have fewer than ten. */
const longestChain = 64
/** Structs within structs, arrays within arrays. */
const deepestNesting = 64
/** Members looked at for one alignment. */
const mostVisited = 65536

/**
 * The type behind typedefs, qualifiers and tags. A chain that never ends gives an unknown type that says so.
 */
export function strip(type: CType): CType {
  let at = type
  for (let n = 0; n < longestChain; n++) {
    switch (at.kind) {
      case 'typedef':
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'type_tag':
      case 'decl_tag':
        at = at.target
        break
      default:
        return at
    }
  }
  return unknownType(
    type.btf,
    type.id,
    type.name,
    `more than ${longestChain} typedefs and qualifiers in a row`,
  )
}

/** The type behind tags alone, which declarations leave out; a chain that never ends gives one of them. */
export function skipTags(type: CType): CType {
  let at = type
  for (let n = 0; n < longestChain && (at.kind === 'type_tag' || at.kind === 'decl_tag'); n++) at = at.target
  return at
}

/** Bytes a value of the type takes, like C's sizeof; undefined for what has no size (void, functions, forwards). */
export function sizeOf(type: CType): number | undefined {
  return arraySize(type, deepestNesting)
}

function arraySize(type: CType, depth: number): number | undefined {
  const bare = strip(type)
  switch (bare.kind) {
    case 'int':
    case 'float':
    case 'enum':
    case 'struct':
    case 'union':
    case 'section':
      return bare.size
    case 'pointer':
      return bare.btf.pointerSize
    case 'array': {
      const element = depth > 0 ? arraySize(bare.element, depth - 1) : undefined
      if (element === undefined) return undefined
      const size = element * bare.length
      return Number.isSafeInteger(size) ? size : undefined
    }
    case 'variable':
      return depth > 0 ? arraySize(bare.type, depth - 1) : undefined
    default:
      return undefined
  }
}

/**
 * Bytes the type's natural alignment takes, found from its members; BTF does not record `__aligned` or
 * `__packed`, so the compiler may have used another. 1 for what has no size: it lies anywhere.
 */
export function alignOf(type: CType): number {
  return alignment(strip(type), deepestNesting, { left: mostVisited })
}

const structAlignments = new WeakMap<StructType, number>()

function alignment(bare: CType, depth: number, budget: { left: number }): number {
  switch (bare.kind) {
    case 'int':
    case 'float':
    case 'enum':
      return bare.size || 1
    case 'pointer':
      return bare.btf.pointerSize
    case 'array':
      return depth > 0 ? alignment(strip(bare.element), depth - 1, budget) : 1
    case 'struct':
    case 'union': {
      const known = structAlignments.get(bare)
      if (known !== undefined) return known
      // A struct that holds itself finds this on its way down.
      structAlignments.set(bare, 1)
      let largest = 1
      for (const member of bare.members) {
        if (depth <= 0 || budget.left-- <= 0) break
        largest = Math.max(largest, alignment(strip(member.type), depth - 1, budget))
      }
      structAlignments.set(bare, largest)
      return largest
    }
    default:
      return 1
  }
}

/** A place within a struct. */
export interface Place {
  /** Bytes from the start of the struct, rounded down. */
  readonly offset: number
  readonly bitOffset: number
  /** Width of a bitfield, 0 when it is none. */
  readonly bitSize: number
  readonly type: CType
}

const step = /([^.[\]]+)|\[(\d+)\]/y

/**
 * Where a path such as `idr_rt.xa_head` or `slots[3].next` leads from the start of a type: through anonymous
 * members, embedded structs and arrays, and from a section to its variables, but not through pointers. An index past the end of an array is followed
 * only where the array is flexible. Undefined when there is no such place.
 */
export function memberAt(type: CType, path: string): Place | undefined {
  let place: Place = { offset: 0, bitOffset: 0, bitSize: 0, type }
  let at = 0
  while (at < path.length) {
    step.lastIndex = at
    const match = step.exec(path)
    if (match === null) return undefined
    const [text, name, index] = match
    const next = name === undefined ? elementOf(place, Number(index)) : memberOf(place, name)
    if (next === undefined) return undefined
    place = next
    at += text.length
    if (path[at] === '.') {
      at++
      if (at === path.length || path[at] === '[') return undefined
    } else if (at < path.length && path[at] !== '[') {
      return undefined
    }
  }
  return path === '' ? undefined : place
}

function memberOf(place: Place, name: string): Place | undefined {
  const bare = strip(place.type)
  if (bare.kind === 'section') {
    const found = bare.variables.find(({ variable }) => variable.name === name)
    if (found === undefined) return undefined
    const bits = place.bitOffset + 8 * found.offset
    return { offset: bits / 8, bitOffset: bits, bitSize: 0, type: found.variable.type }
  }
  if (bare.kind !== 'struct' && bare.kind !== 'union') return undefined
  const member = bare.member(name)
  return member && shift(place.bitOffset, member)
}

function shift(bitOffset: number, member: Member): Place {
  const bits = bitOffset + member.bitOffset
  return { offset: Math.floor(bits / 8), bitOffset: bits, bitSize: member.bitSize, type: member.type }
}

function elementOf(place: Place, index: number): Place | undefined {
  const bare = strip(place.type)
  if (bare.kind !== 'array' || (bare.length > 0 && index >= bare.length)) return undefined
  const size = sizeOf(bare.element)
  if (size === undefined) return undefined
  const bits = place.bitOffset + index * size * 8
  if (!Number.isSafeInteger(bits)) return undefined
  return { offset: bits / 8, bitOffset: bits, bitSize: 0, type: bare.element }
}

/**
 * The innermost member that covers a byte offset, as a path: `scx.dsq_list.node` for a pointer into a task. In
 * a union the first arm that covers it is taken. `rest` is how many bytes into that member the offset lies.
 * Undefined in padding and outside.
 */
export function memberPathAt(
  type: CType,
  offset: number,
): { readonly path: string; readonly type: CType; readonly rest: number } | undefined {
  if (offset < 0 || !Number.isFinite(offset)) return undefined
  let path = ''
  let rest = offset
  let at: CType = type
  for (let depth = 0; depth < deepestNesting; depth++) {
    const bare = strip(at)
    if (bare.kind === 'array') {
      const size = sizeOf(bare.element)
      if (size === undefined || size === 0) break
      const index = Math.floor(rest / size)
      if (bare.length > 0 && index >= bare.length) return undefined
      path += `[${index}]`
      rest -= index * size
      at = bare.element
      continue
    }
    if (bare.kind === 'section') {
      const holds = ({ offset: start, size }: SectionVariable): boolean =>
        rest >= start && rest < start + size
      const found = bare.variables.find(holds)
      if (found === undefined) return undefined
      path = found.variable.name
      rest -= found.offset
      at = found.variable.type
      continue
    }
    if (bare.kind !== 'struct' && bare.kind !== 'union') break
    const member = coveringMember(bare, rest)
    if (member === undefined) return path === '' || rest > 0 ? undefined : { path, type: at, rest }
    if (member.name !== '') path += path === '' ? member.name : `.${member.name}`
    rest -= member.offset
    at = member.type
  }
  return path === '' ? undefined : { path, type: at, rest }
}

function coveringMember(struct: StructType, offset: number): Member | undefined {
  for (const member of struct.members) {
    if (member.offset > offset) continue
    const end =
      member.bitSize > 0
        ? Math.ceil((member.bitOffset + member.bitSize) / 8)
        : member.offset + memberSize(struct, member)
    if (offset < end) return member
  }
  return undefined
}

/** A flexible array reaches as far as anyone looks. */
function memberSize(struct: StructType, member: Member): number {
  const bare = strip(member.type)
  const last = struct.members.at(-1) === member
  if (last && bare.kind === 'array' && bare.length === 0) return Number.MAX_SAFE_INTEGER
  return sizeOf(member.type) ?? 0
}
