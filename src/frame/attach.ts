import { Allocator } from '../bpf/allocators/allocator.js'
import { BpfMap } from '../bpf/map.js'
import type { Frame } from './frame.js'
import { frame } from './list.js'
import { mapFrame } from './map-frame.js'

declare module '../bpf/map.js' {
  interface BpfMap {
    /** Every entry as typed columns: `vm.map('pid_stats').frame()`. */
    frame(): Frame
  }
}

declare module '../bpf/allocators/allocator.js' {
  interface Allocator {
    /** Every live allocation as typed columns. */
    frame(): Frame
  }
}

BpfMap.prototype.frame = function (this: BpfMap): Frame {
  return mapFrame(this)
}

Allocator.prototype.frame = function (this: Allocator): Frame {
  return frame(
    this.live.map(({ index, address, size, generation, value }) => ({
      index,
      address,
      size,
      generation,
      value,
    })),
  )
}
