import { CryoscopeError } from '../../../errors.js'
import type { CgroupName } from './cgroup.js'
import type { CpuName } from './cpu.js'
import type { InodeName } from './inode.js'
import type { InstructionName } from './instruction.js'
import type { MapName } from './map.js'
import type { NetDeviceName } from './net-device.js'
import type { PerfEventName } from './perf-event.js'
import type { ProgramName } from './program.js'
import type { SockName } from './sock.js'
import type { TaskName } from './task.js'

/** A kernel object that a map points at or that owns a value, by what people call it. */
export type NamedObject =
  | CgroupName
  | CpuName
  | InodeName
  | InstructionName
  | MapName
  | NetDeviceName
  | PerfEventName
  | ProgramName
  | SockName
  | TaskName
  | Unnamed

export type ObjectKind = Exclude<NamedObject, Unnamed>['kind'] | 'unknown'

/** An object of which only the address is known. */
export interface Unnamed {
  readonly kind: ObjectKind
  readonly address: bigint
  /** Why it has no name. */
  readonly problem: string
}

/** What `read` says of the object; the reason in its place when the object cannot be read. */
export function named<T extends NamedObject>(kind: ObjectKind, address: bigint, read: () => T): T | Unnamed {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    return { kind, address, problem: error.message }
  }
}
