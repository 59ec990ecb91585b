import { hexAddress } from '../../contract/json.js'
import type { EntryReader } from './reader.js'

/** struct bpf_arena (kernel/bpf/arena.c): memory, not entries. */
export const arenaReader: EntryReader = {
  types: ['arena'],
  perCpu: false,

  state(kernel, map) {
    const arena = kernel.struct('bpf_arena', map.address)
    const area = arena.pointer('kern_vm')
    return {
      userStartAddress: hexAddress(arena.integer('user_vm_start')),
      userEndAddress: hexAddress(arena.integer('user_vm_end')),
      /** Of the kernel's mapping, guards included. */
      kernelAddress: area === 0n ? undefined : hexAddress(kernel.struct('vm_struct', area).pointer('addr')),
      maxPages: map.maxEntries,
      // Since 7.3.
      pages: arena.has('nr_pages') ? arena.integer('nr_pages') : undefined,
    }
  },

  *entries() {
    // Its pages are shown as memory.
  },

  find: () => undefined,
}
