import type { Btf } from '../../btf/btf.js'
import { sizeOf, strip } from '../../btf/layout.js'
import type { CType, SectionType, StructType } from '../../btf/types.js'
import type { Kernel } from '../../kernel/kernel.js'
import type { Arena } from '../arena/arena.js'
import type { DataSection, Reference } from '../cast/code/code.js'
import type { LoadedProgram } from './loaded-programs.js'

/** BPF_F_RDONLY_PROG: programs only read it. */
const readOnlyFlag = 1 << 7
/** BPF_OBJ_NAME_LEN without its NUL. */
const longestName = 15
const arenaSection = '.addr_space.1'
/** DATASECs that hold no memory of the program. */
const notData: ReadonlySet<string> = new Set(['.maps', '.ksyms', '.kconfig', 'license', 'version'])

interface LoadedMap {
  readonly address: bigint
  readonly name: string
  readonly type: string
  readonly typeNumber: number
  readonly valueSize: number
  readonly isReadOnly: boolean
  /** Its types are the programs' own. */
  readonly isOwn: boolean
  /** Type of its values, in the programs' BTF; 0 when it has none. */
  readonly valueType: number
}

interface Range {
  readonly start: bigint
  readonly end: bigint
  readonly section: number
}

/** The maps of the programs of one object: what addresses in their instructions mean. */
export class LoadedMaps {
  /** Sections of variables; their content is that of this moment, not what it began with. */
  readonly data: readonly DataSection[]
  /** Types of values of maps that other objects' programs use as well. */
  readonly sharedTypes: readonly number[]
  /** Why nothing can be concluded: programs of other objects write to the same memory. */
  readonly conflict: string | undefined
  readonly #types: Btf
  readonly #definitions = new Map<bigint, number>()
  readonly #ranges: readonly Range[]

  constructor(
    kernel: Kernel,
    types: Btf,
    btf: bigint,
    own: readonly LoadedProgram[],
    all: readonly LoadedProgram[],
    arenas: readonly Arena[],
  ) {
    this.#types = types
    const maps = [...new Set(own.flatMap(({ maps }) => maps))].map((map) => readMap(kernel, types, btf, map))
    const sections = [...types.types('section')].filter(
      (type): type is SectionType => type.kind === 'section' && !notData.has(type.name),
    )
    this.data = sections.map(describeSection)
    for (const map of maps) this.#definitions.set(map.address, this.#definitionOf(map))
    const sectionIndex = new Map(sections.map(({ id }, index) => [id, index]))
    this.#ranges = [
      ...maps.flatMap((map) => valueRange(kernel, map, sectionIndex)),
      ...arenaRanges(types, sections, arenas),
    ]
    const strangers = all.filter((program) => program.btf !== btf)
    const shared = maps.filter(({ address }) => strangers.some(({ maps }) => maps.includes(address)))
    this.sharedTypes = shared
      .filter(({ isReadOnly }) => !isReadOnly)
      .flatMap((map) => [map.valueType, this.#declaredValue(map)])
      .filter((type) => type !== 0)
    const arena = shared.find(({ type }) => type === 'ARENA')
    const stranger = arena && strangers.find(({ maps }) => maps.includes(arena.address))
    this.conflict =
      stranger && `program ${stranger.name}, which is of another object, uses arena ${arena?.name} too`
  }

  meaningOf(address: bigint): Reference | undefined {
    const definition = this.#definitions.get(address)
    if (definition !== undefined) return { kind: 'map', definition }
    const range = this.#ranges.find(({ start, end }) => address >= start && address < end)
    if (range === undefined) return undefined
    return { kind: 'section', section: range.section, offset: Number(address - range.start) }
  }

  /** The struct that declares the map in `.maps`, by name, type and value; 0 when none does for certain. */
  #definitionOf(map: LoadedMap): number {
    const section = this.#types.find('.maps', 'section')
    const found: StructType[] = []
    for (const { variable } of section?.variables ?? []) {
      const isNamed =
        variable.name === map.name || (map.name.length === longestName && variable.name.startsWith(map.name))
      const type = strip(variable.kind === 'variable' ? variable.type : variable)
      if (isNamed && type.kind === 'struct' && this.#fits(type, map)) found.push(type)
    }
    const [only] = found
    return only !== undefined && found.length === 1 ? only.id : 0
  }

  #fits(definition: StructType, map: LoadedMap): boolean {
    if (numberIn(definition, 'type') !== map.typeNumber) return false
    const value = targetIn(definition, 'value')
    if (value === undefined) return true
    return map.valueType === 0
      ? Math.ceil((sizeOf(value) ?? 0) / 8) === Math.ceil(map.valueSize / 8)
      : strip(value).id === map.valueType
  }

  #declaredValue({ address }: LoadedMap): number {
    const type = this.#types.type(this.#definitions.get(address) ?? 0)
    const value = type.kind === 'struct' ? targetIn(type, 'value') : undefined
    return value === undefined ? 0 : strip(value).id
  }
}

function readMap(kernel: Kernel, types: Btf, btf: bigint, address: bigint): LoadedMap {
  const map = kernel.struct('bpf_map', address)
  const typeNumber = map.number('map_type')
  const isOwn = map.pointer('btf') === btf
  const valueId = isOwn ? map.number('btf_value_type_id') : 0
  return {
    address,
    name: map.text('name'),
    type: kernel.enumName('bpf_map_type', typeNumber, 'BPF_MAP_TYPE_') ?? `type ${typeNumber}`,
    typeNumber,
    valueSize: map.number('value_size'),
    isReadOnly: (map.number('map_flags') & readOnlyFlag) !== 0,
    isOwn,
    valueType: valueId === 0 ? 0 : strip(types.type(valueId)).id,
  }
}

function describeSection(section: SectionType): DataSection {
  return {
    typeId: section.id,
    name: section.name,
    variables: section.variables
      .map(({ variable, offset, size }) => ({
        name: variable.name,
        typeId: (variable.kind === 'variable' ? variable.type : variable).id,
        offset,
        size,
      }))
      .toSorted((a, b) => a.offset - b.offset),
    initial: new Uint8Array(),
    isArena: section.name === arenaSection,
  }
}

/** Where the variables of a section lie that is the one value of an array. */
function valueRange(kernel: Kernel, map: LoadedMap, sections: ReadonlyMap<number, number>): Range[] {
  const section = sections.get(map.valueType)
  if (section === undefined || map.type !== 'ARRAY' || !map.isOwn) return []
  const start = kernel.struct('bpf_array', map.address).at('value')
  return [{ start, end: start + BigInt(map.valueSize), section }]
}

/** Programs have the addresses of arena variables in user form. */
function arenaRanges(types: Btf, sections: readonly SectionType[], arenas: readonly Arena[]): Range[] {
  return arenas
    .filter((arena) => arena.types.includes(types))
    .flatMap(({ window, globalSections }) =>
      globalSections.flatMap(({ section, place }): Range[] => {
        const index = sections.findIndex(({ id }) => section.btf === types && id === section.id)
        const start = window.userAddress(place)
        return index < 0 ? [] : [{ start, end: start + BigInt(section.size), section: index }]
      }),
    )
}

/** `__uint(name, 5)`: a pointer to an array of so many. */
function numberIn(definition: StructType, name: string): number | undefined {
  const target = targetIn(definition, name)
  const array = target && strip(target)
  return array?.kind === 'array' ? array.length : undefined
}

/** `__type(name, struct x)`: a pointer to the type. */
function targetIn(definition: StructType, name: string): CType | undefined {
  const type = definition.members.find((member) => member.name === name)?.type
  const pointer = type && strip(type)
  return pointer?.kind === 'pointer' ? pointer.target : undefined
}
