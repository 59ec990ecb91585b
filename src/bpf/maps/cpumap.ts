import { nameCpu } from './objects/cpu.js'
import type { EntryReader } from './reader.js'
import { slotReader } from './slots.js'

/** struct bpf_cpu_map (kernel/bpf/cpumap.c): the index is the CPU; a lookup gives the entry's `value`. */
export const cpumapReader: EntryReader = slotReader({
  types: ['cpumap'],
  table: (kernel, map) => kernel.struct('bpf_cpu_map', map.address).pointer('cpu_map'),
  value(kernel, map, { value }, problems) {
    const entry = kernel.struct('bpf_cpu_map_entry', value)
    const address = entry.at('value')
    const size = Math.min(map.valueSize, entry.layout.sizeOf('value'))
    return { bytes: kernel.space.bytes(address, size), address, target: nameCpu(kernel, value, problems) }
  },
})
