import type { Btf } from '../../btf/btf.js'
import { sizeOf, strip } from '../../btf/layout.js'
import type { CType, SectionType } from '../../btf/types.js'
import type { Kernel } from '../../kernel/kernel.js'
import { Layout, StructReader } from '../../kernel/struct-reader.js'
import type { ArenaReader } from '../arena/reader.js'
import type { MapInfo } from '../map-info.js'
import { isAllocatorStruct, readerOf } from './kinds.js'
import type { AllocatorVariable } from './reading.js'

/** Arrays of allocators with more elements are broken types. */
const elementLimit = 4096

/** A section of global variables and where it lies. */
export interface GlobalSection {
  readonly type: SectionType
  /** In the kernel. */
  readonly address: bigint
  /** Undefined for a section in the arena itself. */
  readonly map: MapInfo | undefined
}

/** The sections of the programs that use an arena: the maps that hold them, and those in the arena. */
export function sectionsOf(kernel: Kernel, arena: ArenaReader, maps: readonly MapInfo[]): GlobalSection[] {
  const sections: GlobalSection[] = []
  const ids = new Set(arena.users.map(({ btfId }) => btfId))
  const value = kernel.layouts.get('bpf_array').offset('value')
  for (const map of maps) {
    const type = map.valueType === undefined ? undefined : strip(map.valueType)
    if (type?.kind !== 'section' || map.type !== 'array' || !ids.has(map.btfId)) continue
    sections.push({ type, address: map.address + BigInt(value), map })
  }
  for (const { section, place } of arena.globalSections) {
    sections.push({ type: section, address: arena.window.kernelAddress(place), map: undefined })
  }
  return sections
}

/** The allocators among the variables of a section, one for each element of an array. */
export function* allocatorsIn(kernel: Kernel, section: GlobalSection): Generator<AllocatorVariable> {
  for (const { variable, offset } of section.type.variables) {
    const address = section.address + BigInt(offset)
    for (const { name, type, distance } of elements(variable.name, variable.type)) {
      const bare = strip(type)
      if (bare.kind !== 'struct' || readerOf(bare.name) === undefined) continue
      const at = address + BigInt(distance)
      yield {
        name,
        struct: bare.name,
        address: at,
        section: section.type.name,
        reader: new StructReader(kernel.space, new Layout(bare), at),
        types: bare.btf,
      }
    }
  }
}

function* elements(name: string, type: CType): Generator<{ name: string; type: CType; distance: number }> {
  const bare = strip(type)
  if (bare.kind !== 'array') {
    yield { name, type, distance: 0 }
    return
  }
  const size = sizeOf(bare.element) ?? 0
  for (let i = 0; i < Math.min(bare.length, elementLimit); i++) {
    yield { name: `${name}[${i}]`, type: bare.element, distance: i * size }
  }
}

/** Whether a variable is an allocator's own: its pointers are no references to what it handed out. */
export function isBookkeeping(type: CType): boolean {
  let bare = strip(type)
  if (bare.kind === 'array') bare = strip(bare.element)
  return bare.kind === 'struct' && isAllocatorStruct(bare.name)
}

/** The variable of a struct type, when a section has exactly one. */
export function onlyVariable(
  kernel: Kernel,
  sections: readonly GlobalSection[],
  types: Btf,
  struct: string,
): StructReader | undefined {
  const found: StructReader[] = []
  for (const section of sections) {
    for (const { variable, offset } of section.type.variables) {
      const bare = strip(variable.type)
      if (bare.kind !== 'struct' || bare.name !== struct || bare.btf !== types) continue
      found.push(new StructReader(kernel.space, new Layout(bare), section.address + BigInt(offset)))
    }
  }
  return found.length === 1 ? found[0] : undefined
}
