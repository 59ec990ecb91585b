import type { Checkpoint } from '../machine/checkpoints.js'
import type { GuestRecord } from '../machine/registry.js'
import type { Session } from '../session/session.js'
import { type VcpuJson, vcpuJson } from './vcpus.js'

/** A guest that runs on this machine: what `ps` lists. */
export interface GuestJson {
  /** With its @. */
  readonly name: string
  /** starting, running, frozen, …; unknown where its QEMU does not say. */
  readonly state: string
  readonly kernel: string
  readonly accelerator: string
  readonly cpus: number
  readonly memoryBytes: number
  /** ISO 8601, by the host's clock. */
  readonly created: string
  readonly pid: number | null
  /** The process whose end is the guest's end; null for a guest that was left running. */
  readonly owner: number | null
}

export function guestJson(record: GuestRecord, state: string): GuestJson {
  return {
    name: `@${record.name}`,
    state,
    kernel: record.kernel,
    accelerator: record.accelerator,
    cpus: record.cpus,
    memoryBytes: record.memoryBytes,
    created: record.created,
    pid: record.qemu?.pid ?? null,
    owner: record.owner?.pid ?? null,
  }
}

export interface CheckpointJson {
  readonly name: string
  /** ISO 8601, by the host's clock. */
  readonly created: string
  /** What it takes on the scratch disk. */
  readonly bytes: number
  /** How long the guest had run, by its virtual clock. */
  readonly guestMilliseconds: number
}

export function checkpointJson({ name, created, bytes, guestMilliseconds }: Checkpoint): CheckpointJson {
  return { name, created, bytes, guestMilliseconds }
}

/** A guest that was just stopped, with what stopped it, and where each vCPU stands. */
export interface StopJson {
  readonly name: string
  readonly state: string
  /** None where another program has let it run again. */
  readonly vcpus: readonly VcpuJson[]
  readonly [fact: string]: unknown
}

export function stopJson(session: Session, facts: Readonly<Record<string, unknown>>): StopJson {
  const { target, state } = session
  return {
    name: target.name,
    state,
    ...facts,
    vcpus: state === 'running' ? [] : session.vcpus.map(vcpuJson),
  }
}
