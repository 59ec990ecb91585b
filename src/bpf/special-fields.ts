import type { Btf } from '../btf/btf.js'
import { sizeOf, strip } from '../btf/layout.js'
import { typeName } from '../btf/type-name.js'
import type { CType } from '../btf/types.js'
import { CryoscopeError } from '../errors.js'
import type { Kernel } from '../kernel/kernel.js'
import type { StructReader } from '../kernel/struct-reader.js'

/** A field of a map's value that the kernel itself manages. Offset and size are bytes. */
export interface SpecialField {
  /** spin_lock, timer, kptr_ref, list_head, rb_root … */
  readonly kind: string
  readonly offset: number
  readonly size: number
  /** What a kptr points at, what a list or a tree holds; undefined for others, and where it cannot be read. */
  readonly type?: CType | undefined
  /** Lists and trees: where in an element its node is. */
  readonly nodeOffset?: number | undefined
}

/** BTF_FIELDS_MAX is 11; twice that is a broken read. */
const fieldLimit = 22
const noRecord = 4095n
const deepestNesting = 32

/**
 * Special fields of a map's values, from its struct btf_record (include/linux/bpf.h). User space never sees them: the
 * kernel copies values without them.
 */
export function specialFields(kernel: Kernel, mapAddress: bigint): SpecialField[] {
  const map = kernel.struct('bpf_map', mapAddress)
  // Since 6.2.
  if (!map.has('record')) return []
  const address = map.pointer('record')
  // Null, or an error pointer.
  if (address === 0n || address >= 2n ** 64n - noRecord) return []
  const record = kernel.struct('btf_record', address)
  const count = record.number('cnt')
  const field = kernel.layouts.get('btf_field')
  const fields: SpecialField[] = []
  for (let i = 0; i < Math.min(count, fieldLimit); i++) {
    const reader = kernel.struct('btf_field', record.at('fields') + BigInt(i * field.size))
    const type = reader.number('type')
    const kind = kernel.enumText('btf_field_type', type, 'BPF_')
    fields.push({
      kind,
      offset: reader.number('offset'),
      size: reader.number('size'),
      ...pointedAt(kernel, kind, reader),
    })
  }
  return fields.sort((a, b) => a.offset - b.offset)
}

/** Names of the union's members in struct btf_field: `kptr` for pointers, `graph_root` for lists and trees. */
function pointedAt(
  kernel: Kernel,
  kind: string,
  field: StructReader,
): Pick<SpecialField, 'type' | 'nodeOffset'> {
  if (/^(kptr|uptr)/.test(kind)) return { type: typeIn(kernel, field, 'kptr.btf', 'kptr.btf_id') }
  if (kind !== 'list_head' && kind !== 'rb_root') return {}
  return {
    type: typeIn(kernel, field, 'graph_root.btf', 'graph_root.value_btf_id'),
    nodeOffset: field.number('graph_root.node_offset'),
  }
}

function typeIn(kernel: Kernel, field: StructReader, btf: string, id: string): CType | undefined {
  try {
    const types: Btf = kernel.btfObjects.types(field.pointer(btf))
    const number = field.number(id)
    return number === 0 || number >= types.typeCount ? undefined : types.type(number)
  } catch (error) {
    if (error instanceof CryoscopeError) return undefined
    throw error
  }
}

/** The member that a special field is: `timer`, `slots[3].lock`, in a section the variable. Undefined when there is none. */
export function memberOf(type: CType | undefined, field: SpecialField): string | undefined {
  let path = ''
  let rest = field.offset
  let at = type
  for (let depth = 0; at !== undefined && depth < deepestNesting; depth++) {
    const bare: CType = strip(at)
    if (path !== '' && rest === 0 && sizeOf(bare) === field.size) return path
    if (bare.kind === 'array') {
      const size = sizeOf(bare.element) ?? 0
      if (size === 0) return undefined
      path += `[${Math.floor(rest / size)}]`
      rest %= size
      at = bare.element
    } else if (bare.kind === 'struct' || bare.kind === 'union') {
      const offset = rest
      const member = bare.members.find(
        (candidate) =>
          candidate.offset <= offset && offset < candidate.offset + (sizeOf(candidate.type) ?? 0),
      )
      if (member === undefined) return undefined
      if (member.name !== '') path += path === '' ? member.name : `.${member.name}`
      rest -= member.offset
      at = member.type
    } else if (bare.kind === 'section') {
      const offset = rest
      const found = bare.variables.find(
        (candidate) => candidate.offset <= offset && offset < candidate.offset + candidate.size,
      )
      if (found === undefined) return undefined
      path = found.variable.name
      rest -= found.offset
      at = found.variable.type
    } else {
      return undefined
    }
  }
  return undefined
}

/** The C name of what a field leads to. */
export function fieldTypeName({ type }: SpecialField): string | undefined {
  return type === undefined ? undefined : typeName(type)
}
