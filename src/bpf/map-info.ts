import type { Btf } from '../btf/btf.js'
import { sizeOf, strip } from '../btf/layout.js'
import { typeName } from '../btf/type-name.js'
import type { CType } from '../btf/types.js'
import type { Kernel } from '../kernel/kernel.js'
import { idrEntries } from '../kernel/walk/xarray.js'
import { type Problem, Problems } from '../problems.js'
import { usedMapAddresses } from './programs/used-maps.js'

/** What a map's struct bpf_map (include/linux/bpf.h) says of it. Sizes are bytes. */
export interface MapInfo {
  readonly id: number
  /** At most 15 characters. */
  readonly name: string
  /** As bpftool names it: "hash", "lru_percpu_hash", "array_of_maps". */
  readonly type: string
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
  readonly mapExtra: bigint
  /** bpf(BPF_MAP_FREEZE) was called: user space may no longer write. */
  readonly frozen: boolean
  readonly address: bigint
  /** The BTF object that describes key and value; 0 when the map has none. */
  readonly btfId: number
  /** Undefined when the map was made without types. */
  readonly keyType: CType | undefined
  readonly valueType: CType | undefined
  /** Why types are missing although the map names some, and other oddities. */
  readonly problems: readonly Problem[]
}

/**
 * All maps of a kernel in the order of their ids. Unreadable ones are left out and named in `problems`; so are those
 * that a program uses and the idr does not hold, which cannot be: a program holds its maps.
 */
export function listMaps(kernel: Kernel, problems: Problems): MapInfo[] {
  const maps: MapInfo[] = []
  const listed = new Set<bigint>()
  const walk = problems.part()
  for (const { index, pointer } of idrEntries(kernel, kernel.symbol('map_idr'), walk, 'map_idr')) {
    const map = problems.attempt(`map ${index}`, () => readMap(kernel, pointer))
    if (map !== undefined) maps.push(map)
    listed.add(pointer)
  }
  // What could not be walked may hold them all.
  if (!walk.none) return maps
  for (const [address, program] of usedMaps(kernel)) {
    if (listed.has(address)) continue
    problems.attempt(`map at 0x${address.toString(16)}, which program ${program} uses`, () => {
      const map = kernel.struct('bpf_map', address)
      const name = `${map.number('id')} ("${map.text('name')}")`
      problems.add('map_idr', `it does not hold map ${name}, which program ${program} uses: it is damaged`)
    })
  }
  return maps
}

/** Every map that a program uses, with the first that does. What cannot be read of programs is theirs to say. */
function usedMaps(kernel: Kernel): Map<bigint, number> {
  const used = new Map<bigint, number>()
  const programs = kernel.findSymbol('prog_idr')
  if (programs === undefined) return used
  const theirs = new Problems()
  for (const { index, pointer } of idrEntries(kernel, programs, theirs, 'prog_idr')) {
    theirs.attempt(`program ${index}`, () => {
      const aux = kernel.struct('bpf_prog_aux', kernel.struct('bpf_prog', pointer).pointer('aux'))
      for (const map of usedMapAddresses(kernel, aux, theirs)) if (!used.has(map)) used.set(map, index)
    })
  }
  return used
}

export function readMap(kernel: Kernel, address: bigint): MapInfo {
  const map = kernel.struct('bpf_map', address)
  const problems = new Problems()
  const types = mapTypes(kernel, address, problems)
  const number = map.number('map_type')
  return {
    id: map.number('id'),
    name: map.text('name'),
    type: typeText(kernel, number),
    keySize: map.number('key_size'),
    valueSize: map.number('value_size'),
    maxEntries: map.number('max_entries'),
    flags: map.number('map_flags'),
    mapExtra: map.unsigned('map_extra'),
    frozen: map.has('frozen') && map.number('frozen') !== 0,
    address,
    ...types,
    valueType: types.valueType ?? kernelValueType(kernel, address, problems),
    problems: problems.list,
  }
}

/** Types that are out of favour have `_DEPRECATED` at the end of their first name. */
function typeText(kernel: Kernel, number: number): string {
  return kernel.enumText('bpf_map_type', number, 'BPF_MAP_TYPE_').replace(/_deprecated$/, '')
}

/** struct_ops: the kernel's own type of the value, in vmlinux or the module that the operations belong to. */
function kernelValueType(kernel: Kernel, address: bigint, problems: Problems): CType | undefined {
  const map = kernel.struct('bpf_map', address)
  // Since 5.6, with struct_ops.
  const id = map.has('btf_vmlinux_value_type_id') ? map.number('btf_vmlinux_value_type_id') : 0
  if (id === 0) return undefined
  return problems.attempt('value type', () => {
    const btf = kernel.struct('bpf_struct_ops_map', address).pointer('btf')
    return typeOf(kernel.btfObjects.types(btf), id)
  })
}

function mapTypes(
  kernel: Kernel,
  address: bigint,
  problems: Problems,
): Pick<MapInfo, 'btfId' | 'keyType' | 'valueType'> {
  const map = kernel.struct('bpf_map', address)
  const btfAt = map.pointer('btf')
  if (btfAt === 0n) return { btfId: 0, keyType: undefined, valueType: undefined }
  const found = problems.attempt('types of this map', () => {
    const types = kernel.btfObjects.types(btfAt)
    const sized = (what: 'key' | 'value'): CType | undefined => {
      const type = typeOf(types, map.number(`btf_${what}_type_id`))
      const size = map.number(`${what}_size`)
      if (type === undefined || strip(type).kind === 'void' || sizeOf(type) === size) return type
      problems.add(
        `${what} type`,
        `${typeName(type)} has ${sizeOf(type) ?? 'no'} bytes, the map's ${what}s ${size}`,
      )
      return undefined
    }
    return { btfId: kernel.btfObjects.object(btfAt).id, keyType: sized('key'), valueType: sized('value') }
  })
  return found ?? { btfId: 0, keyType: undefined, valueType: undefined }
}

/** Type id 0 is "no type" here. */
function typeOf(types: Btf, id: number): CType | undefined {
  if (id === 0 || id >= types.typeCount) return undefined
  return types.type(id)
}
