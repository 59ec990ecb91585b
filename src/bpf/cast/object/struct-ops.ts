import type { Btf } from '../../../btf/btf.js'
import { memberPathAt, sizeOf, strip } from '../../../btf/layout.js'
import type { CType } from '../../../btf/types.js'
import { sectionVariables } from './data-sections.js'
import { type ElfFile, sectionType } from './elf.js'

const sectionNames = ['.struct_ops', '.struct_ops.link']
/**
 * Structs that programs hand over in their arena: of parameters that the kernel's stubs mark as `__arena` (sched_ext_ops_cid__set_cmask,
 * sched_ext_ops__sub_caps_updated in kernel/sched/ext/ext.c) the context holds 32 bits of an arena address. An object has no stubs.
 */
const arenaStructs = new Set(['scx_cmask'])

/** Ids of the types of parameters; undefined for one that is not known. */
type Parameters = readonly (number | undefined)[]

/**
 * What the context of each struct_ops program holds: the parameters of the function pointer that the program is
 * put into. By the place of the program: index of its section and byte offset. Programs in several places with
 * different parameters are left out, and so are parameters that may be addresses in an arena.
 */
export function structOpsContexts(file: ElfFile, btf: Btf): Map<string, Parameters> {
  const found = new Map<string, Parameters | undefined>()
  for (const name of sectionNames) {
    const section = file.section(name)
    const described = btf.find(name, 'section')
    if (section === undefined || described === undefined) continue
    const view = new DataView(section.data.buffer, section.data.byteOffset, section.data.length)
    const variables = sectionVariables(file, described)
    for (const table of file.sections) {
      if (table.type !== sectionType.rel || table.info !== section.index) continue
      for (const { offset, symbol: index } of file.relocations(table)) {
        const symbol = file.symbols[index]
        const variable = variables.find((one) => offset >= one.offset && offset < one.offset + one.size)
        if (symbol === undefined || variable === undefined || offset + 8 > section.data.length) continue
        const addend = view.getUint32(file.littleEndian ? offset : offset + 4, file.littleEndian)
        const key = `${symbol.section}:${symbol.value + addend}`
        const types = parameterTypes(btf.type(variable.typeId), offset - variable.offset)
        const known = found.get(key)
        const agree = !found.has(key) || (known !== undefined && String(known) === String(types))
        found.set(key, agree ? types : undefined)
      }
    }
  }
  return new Map([...found].flatMap(([key, types]) => (types === undefined ? [] : [[key, types]])))
}

/** Ids of the parameters of the function pointer at an offset of the struct. */
function parameterTypes(struct: CType, offset: number): Parameters | undefined {
  const place = memberPathAt(struct, offset)
  const pointer = place?.rest === 0 ? strip(place.type) : undefined
  const prototype = pointer?.kind === 'pointer' ? strip(pointer.target) : undefined
  if (prototype?.kind !== 'prototype' || prototype.variadic) return undefined
  // Each argument takes one word of the context; structs by value would take more.
  const isPlain = prototype.parameters.every(({ type }) => {
    const bare = strip(type)
    return bare.kind !== 'struct' && bare.kind !== 'union' && (sizeOf(bare) ?? 9) <= 8
  })
  return isPlain
    ? prototype.parameters.map(({ type }) => (mayBeInArena(type) ? undefined : type.id))
    : undefined
}

/** Stubs mark pointers of any kind; to structs of its own the kernel takes and gives its own addresses. */
function mayBeInArena(type: CType): boolean {
  const pointer = strip(type)
  if (pointer.kind !== 'pointer') return false
  const { kind, name } = strip(pointer.target)
  return !(kind === 'struct' || kind === 'union' || kind === 'forward') || arenaStructs.has(name)
}
