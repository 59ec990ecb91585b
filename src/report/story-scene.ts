import type { Allocator } from '../bpf/allocators/allocator.js'
import { type BpfProgram, listPrograms } from '../bpf/program.js'
import { countsRuns } from '../bpf/programs/statistics.js'
import { Found } from '../found.js'
import { dmesg, type LogRecord } from '../kernel/dmesg.js'
import type { Kernel } from '../kernel/kernel.js'
import { findPanic, type Panic } from '../kernel/panic.js'
import { type Task, tasks } from '../kernel/tasks.js'
import { Problems } from '../problems.js'
import type { SchedFacts } from '../sched/sched.js'
import type { Session } from '../session/session.js'

/** What a story needs of a task. */
export type StoryTask = Pick<Task, 'pid' | 'name' | 'state' | 'cpu' | 'isKernelThread'>

/**
 * What a story is told from. Undefined is what could not be read, and lists know what they miss: from neither follows that
 * something is not there. `unread` has the reasons.
 */
export interface StoryScene {
  readonly kernel: Kernel
  readonly sched: SchedFacts | undefined
  /** Numbers of the CPUs that can be. */
  readonly cpus: readonly number[]
  readonly tasks: Found<StoryTask>
  readonly programs: Found<BpfProgram>
  readonly countsRuns: boolean | undefined
  readonly allocators: Found<Allocator>
  readonly log: Found<LogRecord>
  /** Undefined also where the kernel has not panicked. */
  readonly panic: Panic | undefined
  /** Sentences about what could not be read. */
  readonly unread: readonly string[]
}

export function gatherScene(vm: Session): StoryScene {
  const { kernel } = vm
  const problems = new Problems()
  const listed = <T>(what: string, read: (part: Problems) => Iterable<T>): Found<T> =>
    Found.by(problems, (part) => part.attempt(what, () => [...read(part)]) ?? [])
  const log = listed('kernel log', (part) => dmesg(kernel, part))
  const scene = {
    kernel,
    log,
    cpus: problems.attempt('CPUs', () => kernel.cpus.possible) ?? [],
    panic: problems.attempt('panic_cpu', () => findPanic(kernel, () => log.seen)),
    sched: problems.attempt('scheduler', () => vm.sched.facts()),
    tasks: listed('tasks', (part) => tasks(kernel, part)),
    programs: listed('programs', (part) => listPrograms(kernel, part)),
    countsRuns: problems.attempt('bpf_stats_enabled', () => countsRuns(kernel)),
    allocators: listed('allocators', () => vm.allocators),
  }
  problems.addAll(scene.sched?.problems ?? [])
  return { ...scene, unread: [...new Set([...problems.sentences, ...vm.problems])] }
}
