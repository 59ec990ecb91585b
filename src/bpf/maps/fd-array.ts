import type { Kernel } from '../../kernel/kernel.js'
import type { MapInfo } from '../map-info.js'
import { nameCgroup } from './objects/cgroup.js'
import { nameMap } from './objects/map.js'
import { named } from './objects/named-object.js'
import { namePerfEvent } from './objects/perf-event.js'
import { nameProgram } from './objects/program.js'
import type { EntryReader } from './reader.js'
import { numberValue, slotReader, slotValue } from './slots.js'

/** struct bpf_array holds pointers in `ptrs` for these (kernel/bpf/arraymap.c). User space stores file descriptors. */
function pointers(kernel: Kernel, map: MapInfo): bigint {
  return kernel.struct('bpf_array', map.address).at('ptrs')
}

/** A lookup gives the program's id. */
export const progArrayReader: EntryReader = slotReader({
  types: ['prog_array'],
  table: pointers,
  value(kernel, map, { value: program }, problems) {
    const aux = kernel.struct('bpf_prog', program).pointer('aux')
    const id = kernel.struct('bpf_prog_aux', aux).number('id')
    return numberValue(id, map.valueSize, nameProgram(kernel, program, problems))
  },
})

/** A lookup gives the inner map's id. */
export const arrayOfMapsReader: EntryReader = slotReader({
  types: ['array_of_maps'],
  table: pointers,
  value(kernel, map, { value: inner }) {
    const id = kernel.struct('bpf_map', inner).number('id')
    return numberValue(id, map.valueSize, nameMap(kernel, inner))
  },
})

/** A slot holds a struct bpf_event_entry. No lookup. */
export const perfEventArrayReader: EntryReader = slotReader({
  types: ['perf_event_array'],
  table: pointers,
  value(kernel, _map, slot) {
    const target = named('perf_event', slot.value, () =>
      namePerfEvent(kernel, kernel.struct('bpf_event_entry', slot.value).pointer('event')),
    )
    return slotValue(slot, target)
  },
})

/** A slot holds a struct cgroup. No lookup. */
export const cgroupArrayReader: EntryReader = slotReader({
  types: ['cgroup_array'],
  table: pointers,
  value: (kernel, _map, slot, problems) => slotValue(slot, nameCgroup(kernel, slot.value, problems)),
})
