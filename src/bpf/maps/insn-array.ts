import type { Kernel } from '../../kernel/kernel.js'
import { Patience } from '../../kernel/walk/patience.js'
import { rangeText } from '../../kernel/walk/word.js'
import { pageOf } from '../../memory/address-space.js'
import { missingPages } from '../../memory/missing-pages.js'
import { describeProblem } from '../../memory/types.js'
import type { MapInfo } from '../map-info.js'
import { fitsMemory } from './array.js'
import { nameInstruction } from './objects/instruction.js'
import type { EntryReader, RawEntry } from './reader.js'
import { indexKey, indexOf } from './slots.js'

/** INSN_DELETED (kernel/bpf/bpf_insn_array.c): the verifier removed the instruction. */
const deletedOffset = 0xffffffff

/**
 * struct bpf_insn_array (kernel/bpf/bpf_insn_array.c): the jump table of one program. `values[i]` says which instruction,
 * `ips[i]` where its machine code is.
 */
export const insnArrayReader: EntryReader = {
  types: ['insn_array'],
  perCpu: false,

  state: (kernel, map) => ({ used: kernel.struct('bpf_insn_array', map.address).number('used') !== 0 }),

  *entries(kernel, map, problems) {
    const { size } = kernel.layouts.get('bpf_insn_array_value')
    if (!fitsMemory(kernel, size + 8, map, problems)) return
    const values = kernel.struct('bpf_insn_array', map.address).at('values')
    const patience = new Patience(problems, 'element')
    for (let i = 0; i < map.maxEntries; i++) {
      const address = values + BigInt(i * size)
      const within = Number(address & 0xfffn)
      const pages = Math.ceil((within + (map.maxEntries - i) * size) / 4096)
      const hole = missingPages(kernel.space, pageOf(address), pages)
      if (hole > 0) {
        const last = Math.min(map.maxEntries, i + Math.ceil((hole * 4096 - within) / size)) - 1
        problems.add(rangeText('element', i, last), describeProblem(kernel.space.problemAt(address)))
        i = last
        continue
      }
      const entry = problems.attempt(`element ${i}`, () => readElement(kernel, map, i))
      if (entry !== undefined) yield entry
      if (patience.endsAt(i)) return
    }
  },

  find(kernel, map, key) {
    const index = indexOf(key)
    return index === undefined || index >= map.maxEntries ? undefined : readElement(kernel, map, index)
  },
}

function readElement(kernel: Kernel, map: MapInfo, index: number): RawEntry {
  const array = kernel.struct('bpf_insn_array', map.address)
  const layout = kernel.layouts.get('bpf_insn_array_value')
  const address = array.at('values') + BigInt(index * layout.size)
  const element = kernel.struct('bpf_insn_array_value', address)
  const bytes = kernel.space.bytes(address, map.valueSize)
  const deleted = element.number('xlated_off') === deletedOffset
  // The type came with 6.19; kernels without a JIT for it have no such table.
  const code = array.has('ips') ? kernel.space.u64(array.pointer('ips') + BigInt(index * 8)) : 0n
  return {
    key: indexKey(index),
    values: [code === 0n ? { bytes, address } : { bytes, address, target: nameInstruction(kernel, code) }],
    notes: {
      original: element.number('orig_off'),
      xlated: deleted ? null : element.number('xlated_off'),
      deleted,
      jited: element.number('jitted_off'),
    },
  }
}
