import { sizeOf, strip } from '../../btf/layout.js'
import type { CType } from '../../btf/types.js'

const deepestNesting = 32

/** Whether a struct or union of that name begins at an offset of a type, itself or as a member; any type that has no name. */
export function beginsAt(type: CType, offset: number, wanted: CType): boolean {
  const name = 'name' in strip(wanted) ? (strip(wanted) as { readonly name: string }).name : ''
  return name === '' || holds(strip(type), offset, name, 0)
}

function holds(type: CType, offset: number, name: string, depth: number): boolean {
  if (depth > deepestNesting || offset < 0) return false
  if (type.kind === 'array') {
    const size = sizeOf(type.element) ?? 0
    return size > 0 && holds(strip(type.element), offset % size, name, depth + 1)
  }
  if (type.kind !== 'struct' && type.kind !== 'union')
    return offset === 0 && 'name' in type && type.name === name
  if (offset === 0 && type.name === name) return true
  return type.members.some((member) => {
    const bare = strip(member.type)
    const size = sizeOf(bare) ?? 0
    const isInside = offset >= member.offset && (size === 0 || offset < member.offset + size)
    return isInside && holds(bare, offset - member.offset, name, depth + 1)
  })
}
