import { quietly } from '../errors.js'
import type { Session } from '../session/session.js'
import type { RawEvent } from '../time/engine/event.js'
import type { Moment } from '../time/engine/run.js'
import type { Json } from '../value/render/json.js'

/** Who did something. */
export interface Actor {
  readonly cpu: number
  /** Of the task that the vCPU ran; undefined where the kernel could not be asked. */
  readonly pid: number | undefined
  readonly comm: string | undefined
}

/** Which instruction did it. */
export interface Where {
  readonly address: bigint
  /** "ttwu_do_activate+0x3c", "bpf_prog_…_demo_enqueue+0x55 [bpf]"; undefined outside the kernel's symbols. */
  readonly where: string | undefined
  /** Source line of a BPF program. */
  readonly line: string | undefined
}

export function actorOf({ cpu, task, pid, comm }: RawEvent): Actor {
  return task === 0n ? { cpu, pid: undefined, comm: undefined } : { cpu, pid, comm }
}

export function whereOf(vm: Session, address: bigint): Where {
  const where = quietly(() => vm.kernel.symbolize(address))
  return { address, where, line: undefined }
}

/** What the contract says of every event; null is what is not known. */
export function eventJson(
  { time, cpu, pid, comm, where, line }: Actor & Partial<Where> & { readonly time: Moment },
  address: bigint,
): { readonly [name: string]: Json } {
  return {
    time: { instructions: time.instructions, ns: time.ns },
    cpu,
    pid: pid ?? null,
    comm: comm ?? null,
    address: `0x${address.toString(16)}`,
    where: where ?? null,
    line: line ?? null,
  }
}
