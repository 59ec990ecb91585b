import { strip } from '../../btf/layout.js'
import type { StructType } from '../../btf/types.js'
import type { Details } from '../../contract/details.js'
import { hexAddress } from '../../contract/json.js'
import { objectJson } from '../../contract/objects.js'
import { CryoscopeError } from '../../errors.js'
import type { Kernel } from '../../kernel/kernel.js'
import { idrEntries } from '../../kernel/walk/xarray.js'
import type { Problems } from '../../problems.js'
import type { MapInfo } from '../map-info.js'
import { nameProgram } from './objects/program.js'
import type { EntryReader, RawEntry } from './reader.js'
import { indexKey, indexOf } from './slots.js'

/** More members than this has no struct of functions; func_models has 64. */
const functionLimit = 4096

/**
 * struct bpf_struct_ops_map (kernel/bpf/bpf_struct_ops.c). Its one value is a struct of function pointers: `uvalue` as
 * user space gave it, with program ids in place of functions; `kvalue` as the kernel calls it, with trampolines.
 */
export const structOpsReader: EntryReader = {
  types: ['struct_ops'],
  perCpu: false,

  state(kernel, map, problems) {
    const ops = kernel.struct('bpf_struct_ops_map', map.address)
    const state = ops.number('kvalue.common.state')
    const described = problems.attempt('operations', () => operationsOf(kernel, map, problems))
    return {
      state: stateName(kernel, state),
      operations: operationsName(kernel, map),
      functions: ops.number('funcs_cnt'),
      links: attachedLinks(kernel, map, problems),
      members: described ?? [],
    }
  },

  *entries(kernel, map, problems) {
    const entry = problems.attempt('value', () => readEntry(kernel, map, problems))
    if (entry !== undefined) yield entry
  },

  find(kernel, map, key, problems) {
    return indexOf(key) === 0 ? readEntry(kernel, map, problems) : undefined
  },
}

/** As bpf_struct_ops_map_sys_lookup_elem: `uvalue`, with state and the count of references as they are now. */
function readEntry(kernel: Kernel, map: MapInfo, problems: Problems): RawEntry {
  const ops = kernel.struct('bpf_struct_ops_map', map.address)
  const address = ops.at('kvalue')
  const decoded = kernel.space.bytes(address, map.valueSize)
  const state = ops.number('kvalue.common.state')
  const wrapper = kernel.layouts.get('bpf_struct_ops_value')
  if (map.valueSize < wrapper.offset('data')) {
    throw new CryoscopeError('unreadable', `a value of ${map.valueSize} bytes has no room for operations`)
  }
  const bytes = new Uint8Array(map.valueSize)
  if (stateName(kernel, state) !== 'init') {
    bytes.set(kernel.space.bytes(ops.pointer('uvalue'), map.valueSize))
    const view = new DataView(bytes.buffer)
    const references = kernel.struct('bpf_map', map.address)
    const count = references.integer('refcnt') - references.integer('usercnt')
    view.setUint32(wrapper.offset('common.state'), state, true)
    view.setUint32(wrapper.offset('common.refcnt'), Number(count > 0n ? count : 0n), true)
  }
  const functions = operationsOf(kernel, map, problems)
  return {
    key: indexKey(0),
    values: [{ bytes, address, decoded }],
    notes: { state: stateName(kernel, state), members: functions },
  }
}

function stateName(kernel: Kernel, state: number): string {
  const name = kernel.enumName('bpf_struct_ops_state', state, 'BPF_STRUCT_OPS_STATE_')
  return name?.toLowerCase() ?? String(state)
}

/** "sched_ext_ops": what st_ops calls itself. */
function operationsName(kernel: Kernel, map: MapInfo): string | undefined {
  const descriptor = kernel.struct('bpf_struct_ops_map', map.address).pointer('st_ops_desc')
  if (descriptor === 0n) return undefined
  const ops = kernel.struct('bpf_struct_ops_desc', descriptor).pointer('st_ops')
  const name = ops === 0n ? 0n : kernel.struct('bpf_struct_ops', ops).pointer('name')
  return name === 0n ? undefined : kernel.space.text(name, 128)
}

/** Members that are functions and have a program. `links` holds the programs, in the order of the members. */
function operationsOf(kernel: Kernel, map: MapInfo, problems: Problems): Details[] {
  const ops = kernel.struct('bpf_struct_ops_map', map.address)
  const type = functionsType(map)
  const user = ops.pointer('uvalue')
  if (type === undefined || user === 0n) return []
  const data = kernel.layouts.get('bpf_struct_ops_value').offset('data')
  const programs = linkedPrograms(kernel, map, problems)
  const found: Details[] = []
  for (const { name, offset, type: member } of type.members) {
    const pointer = strip(member)
    if (pointer.kind !== 'pointer' || strip(pointer.target).kind !== 'prototype') continue
    const at = BigInt(data + offset)
    const id = Number(kernel.space.u64(user + at))
    const trampoline = kernel.space.u64(ops.at('kvalue') + at)
    if (id === 0) continue
    const program = programs.get(id)
    found.push({
      member: name,
      program:
        program === undefined ? { kind: 'program', id } : objectJson(nameProgram(kernel, program, problems)),
      trampoline: { address: hexAddress(trampoline), symbol: kernel.symbolize(trampoline) },
    })
  }
  return found
}

/** The wrapper struct's `data`: struct sched_ext_ops, struct tcp_congestion_ops. */
function functionsType(map: MapInfo): StructType | undefined {
  const wrapper = map.valueType === undefined ? undefined : strip(map.valueType)
  if (wrapper?.kind !== 'struct') return undefined
  const data = wrapper.member('data')
  const bare = data === undefined ? undefined : strip(data.type)
  return bare?.kind === 'struct' ? bare : undefined
}

function linkedPrograms(kernel: Kernel, map: MapInfo, problems: Problems): Map<number, bigint> {
  const ops = kernel.struct('bpf_struct_ops_map', map.address)
  const links = ops.pointer('links')
  const count = ops.number('funcs_cnt')
  const programs = new Map<number, bigint>()
  if (links === 0n) return programs
  if (count > functionLimit) {
    problems.add('links', `it claims ${count} functions`)
    return programs
  }
  for (let i = 0; i < count; i++) {
    problems.attempt(`link ${i}`, () => {
      const link = kernel.space.u64(links + BigInt(i * 8))
      const program = link === 0n ? 0n : kernel.struct('bpf_link', link).pointer('prog')
      if (program === 0n) return
      const aux = kernel.struct('bpf_prog', program).pointer('aux')
      programs.set(kernel.struct('bpf_prog_aux', aux).number('id'), program)
    })
  }
  return programs
}

/** Ids of the links (bpf_struct_ops_link) that hold the map in place. */
function attachedLinks(kernel: Kernel, map: MapInfo, problems: Problems): number[] {
  const links = kernel.findSymbol('link_idr')
  const type = kernel.types.find('bpf_link_type', 'enum')
  const wanted = type?.kind === 'enum' ? type.valueOf('BPF_LINK_TYPE_STRUCT_OPS') : undefined
  // Links of struct_ops since Linux 6.4.
  if (links === undefined || wanted === undefined) return []
  const layout = problems.attempt('links', () => kernel.layouts.get('bpf_struct_ops_link'))
  if (layout === undefined) return []
  const ids: number[] = []
  for (const { index, pointer } of idrEntries(kernel, links, problems, 'links')) {
    problems.attempt(`link ${index}`, () => {
      if (kernel.struct('bpf_link', pointer).integer('type') !== wanted) return
      const link = kernel.struct('bpf_struct_ops_link', pointer - BigInt(layout.offset('link')))
      if (link.pointer('map') === map.address) ids.push(index)
    })
  }
  return ids
}
