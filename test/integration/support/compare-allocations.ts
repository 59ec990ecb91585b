import { expect } from 'vitest'
import type { Allocation, Allocator } from '../../../src/bpf/allocators/allocator.js'
import type { Session } from '../../../src/session/session.js'
import type { GroundTruth } from './demo-guest.js'

interface Logged {
  readonly pid: number
  readonly comm: string
  readonly index: number
  readonly generation: number | undefined
  readonly task: bigint
  readonly address: bigint
  readonly weight: number
  readonly runs: bigint
  readonly runtime: bigint
}

/** What the scheduler itself wrote of each allocation, as bpftool read it inside the guest: struct pid_stats. */
export function logged(session: Session, truth: GroundTruth): Logged[] {
  const { id } = session.map('pid_stats')
  const entries = truth.json<{ key: string[]; value: string[] }[]>(`map/${id}.json`)
  return entries
    .map(({ key, value }) => oneLogged(Buffer.from(key.map(Number)), Buffer.from(value.map(Number))))
    .sort((a, b) => a.index - b.index)
}

function oneLogged(key: Buffer, value: Buffer): Logged {
  return {
    pid: key.readInt32LE(),
    comm: value.toString('latin1', 0, 16).replace(/\0.*$/s, ''),
    index: value.readInt32LE(16),
    generation: value.readInt32LE(20),
    task: value.readBigUInt64LE(24),
    address: value.readBigUInt64LE(32),
    weight: value.readUInt32LE(40),
    runs: value.readBigUInt64LE(48),
    runtime: value.readBigUInt64LE(56),
  }
}

interface TaskContext {
  readonly magic: bigint
  readonly pid: number
  readonly comm: string
  readonly task: bigint
  readonly weight: number
  readonly nr_run: bigint
  readonly runtime_ns: bigint
  readonly cpu: { readonly $isNull: boolean; readonly magic: number }
}

export const contextOf = ({ value }: Allocation): TaskContext => value as unknown as TaskContext

function found(allocator: Allocator): Omit<Logged, 'comm'>[] {
  return allocator.live.map((allocation) => {
    const { pid, task, weight, nr_run, runtime_ns } = contextOf(allocation)
    return {
      pid,
      index: allocation.index,
      generation: allocation.generation,
      task,
      address: allocation.address ?? 0n,
      weight,
      runs: nr_run,
      runtime: runtime_ns,
    }
  })
}

/** Every live allocation is what the scheduler logged of it, and no other is live. */
export function compareAllocations(session: Session, truth: GroundTruth): number {
  const allocator = session.allocator('scx_task_allocator')
  const expected = logged(session, truth)
  expect(found(allocator)).toEqual(expected.map(({ comm: _, ...rest }) => rest))
  expect(allocator.problems).toEqual([])
  return expected.length
}

/** The same for what the log holds now: the demo must be paused. Counts can be one behind for a task that ran when the pause began. */
export function compareWithLog(session: Session): number {
  const allocator = session.allocator('scx_task_allocator')
  const entries = [...session.map('pid_stats').entries()].map(({ key, value }) =>
    oneLogged(Buffer.from(key.bytes), Buffer.from(value?.bytes ?? [])),
  )
  const identity = ({ pid, index, generation, task, address }: Omit<Logged, 'comm'>) => ({
    pid,
    index,
    generation,
    task,
    address,
  })
  const expected = entries.sort((a, b) => a.index - b.index).map(identity)
  expect(found(allocator).map(identity)).toEqual(expected)
  expect(allocator.problems).toEqual([])
  return expected.length
}
