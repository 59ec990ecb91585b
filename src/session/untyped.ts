import type { Allocation, Allocator } from '../bpf/allocators/allocator.js'
import type { BpfMap } from '../bpf/map.js'
import type { CType } from '../btf/types.js'
import type { Listed } from '../frame/list.js'
import type { Session } from './session.js'

/** What C values are is known only when a target is open; anything stricter forbids `vm.task(1).comm` before. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyValue = any

/** A map whose values may be anything. */
export interface AnyMap extends BpfMap {
  get(key?: unknown): AnyValue
  entries(): Generator<AnyValue>
  readonly variables: AnyValue
}

export interface AnyAllocation extends Allocation {
  readonly value: AnyValue
}

/** An allocator whose allocations may be anything. */
export interface AnyAllocator extends Allocator {
  readonly live: readonly AnyAllocation[]
  at(index: number): AnyAllocation | undefined
}

/** A session whose values may be anything: the type of `vm` in cells. */
export interface AnyGuest extends Session {
  readonly maps: Listed<AnyMap>
  map(nameOrId: string | number): AnyMap
  readonly allocators: Listed<AnyAllocator>
  allocator(name: string): AnyAllocator
  task(pid: number): AnyValue
  variable(name: string, cpu?: number): AnyValue
  at(address: bigint | string, type: string | CType): AnyValue
}
