import type { Allocation, Allocator } from '../bpf/allocators/allocator.js'
import type { BpfMap } from '../bpf/map.js'
import type { CType } from '../btf/types.js'
import type { Listed } from '../frame/list.js'
import type { AnyValue } from '../value/types.js'
import type { Session } from './session.js'

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

/** What asks questions of moments: each kind of session hands its own kind to them. */
export type Asked = 'when' | 'series' | 'trace'

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
