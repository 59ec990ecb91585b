/** The library: open a dump or a guest and look into it. */
/// <reference types="node" preserve="true" />

export type { Allocation, Allocator } from './bpf/allocators/allocator.js'
export type { Arena } from './bpf/arena/arena.js'
export type { Container } from './bpf/containers/container.js'
export type { ContainerEntry, ContainerKind } from './bpf/containers/reading.js'
export type { BpfMap } from './bpf/map.js'
export type { MapInfo } from './bpf/map-info.js'
export type { BpfProgram } from './bpf/program.js'
export type { Program } from './bpf/programs/program-object.js'
export type * from './btf/types.js'
export { CryoscopeError, type ErrorCode } from './errors.js'
export type { Cell, ColumnKind } from './frame/column.js'
export type { Frame, GroupedFrame, Row } from './frame/frame.js'
export { type Framed, frame, type Listed } from './frame/list.js'
export { type Measure, op } from './frame/measures.js'
export type { LogRecord } from './kernel/dmesg.js'
export type { KernelSymbol } from './kernel/image/kallsyms.js'
export type { Kernel } from './kernel/kernel.js'
export type { Panic } from './kernel/panic.js'
export type { Task } from './kernel/tasks.js'
export type { BootOptions } from './machine/options.js'
export type { Diff } from './report/diff/diff.js'
export { Report } from './report/report.js'
export type { Story, StorySentence } from './report/story.js'
export type { Sched, SchedState } from './sched/sched.js'
export type { KernelStack, StackFrame } from './sched/stack.js'
export type { Explanation } from './sched/why.js'
export type { SessionState, Stop, StopCondition, Target, WriteTarget } from './session/target.js'
export type { ContextItem, TaskContext } from './session/task-context.js'
export type { GuestTypes, MapTypes, TaskStruct, TypedEntry, TypedMap, TypedSession } from './session/typed.js'
export type { AnyAllocation, AnyAllocator, AnyGuest as Session, AnyMap } from './session/untyped.js'
export type { Vcpu } from './session/vcpu.js'
export type { Write } from './session/writes.js'
export type { Mount, MountOptions } from './ui/fuse/mount.js'
export type * from './value/typed.js'
export type { AnyValue, Value } from './value/types.js'

import './ui/fuse/attach.js'

import type { BootOptions } from './machine/options.js'
import './history/attach.js'
import './report/attach.js'
import type { AttachOptions } from './session/guest.js'
import * as opening from './session/open.js'
import type { AnyGuest } from './session/untyped.js'

/** Opens a dump, a guest by `@name`, a QMP socket, or `live`. Throws CryoscopeError. */
export async function open(...target: Parameters<typeof opening.open>): Promise<AnyGuest> {
  return (await opening.open(...target)) as AnyGuest
}

/** Opens the running machine through /proc/kcore. */
export async function live(): Promise<AnyGuest> {
  return (await opening.live()) as AnyGuest
}

/** Starts a guest and opens it. It ends with the session, unless `detach` is set. */
export async function boot(options: BootOptions = {}): Promise<AnyGuest> {
  const guest = await import('./session/guest.js')
  return (await guest.boot(options)) as AnyGuest
}

/** Opens a guest that another program runs, by its QMP socket; what was stopped runs again when the session is closed. */
export async function attach(socket: string, options: AttachOptions = {}): Promise<AnyGuest> {
  const guest = await import('./session/guest.js')
  return (await guest.attach(socket, options)) as AnyGuest
}
