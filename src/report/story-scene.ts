import type { Allocator } from '../bpf/allocators/allocator.js'
import type { BpfProgram } from '../bpf/program.js'
import { countsRuns } from '../bpf/programs/statistics.js'
import { CryoscopeError } from '../errors.js'
import { dmesg, type LogRecord } from '../kernel/dmesg.js'
import type { Kernel } from '../kernel/kernel.js'
import { findPanic, type Panic } from '../kernel/panic.js'
import type { Task } from '../kernel/tasks.js'
import { Problems } from '../problems.js'
import type { SchedState } from '../sched/sched.js'
import type { Session } from '../session/session.js'

/** What a story is told from. Undefined is what could not be read; `unread` has the reasons. */
export interface StoryScene {
  readonly kernel: Kernel
  readonly sched: SchedState | undefined
  readonly tasks: readonly Task[] | undefined
  readonly programs: readonly BpfProgram[] | undefined
  readonly countsRuns: boolean | undefined
  readonly allocators: readonly Allocator[] | undefined
  readonly log: readonly LogRecord[] | undefined
  /** Undefined also where the kernel has not panicked. */
  readonly panic: Panic | undefined
  /** Sentences about what could not be read. */
  readonly unread: readonly string[]
}

export function gatherScene(vm: Session): StoryScene {
  const { kernel } = vm
  const unread: string[] = []
  const attempt = <T>(what: string, read: () => T): T | undefined => {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof CryoscopeError)) throw error
      unread.push(`${what}: ${error.message}`)
      return undefined
    }
  }
  const problems = new Problems()
  const log = attempt('kernel log', () => dmesg(kernel, problems))
  unread.push(...problems.sentences)
  const scene = {
    kernel,
    log,
    panic: attempt('panic_cpu', () => findPanic(kernel, () => log ?? [])),
    sched: attempt('scheduler', () => vm.sched.snapshot()),
    tasks: attempt('tasks', () => vm.tasks),
    programs: attempt('programs', () => vm.progs),
    countsRuns: attempt('bpf_stats_enabled', () => countsRuns(kernel)),
    allocators: attempt('allocators', () => vm.allocators),
  }
  for (const { where, why } of scene.sched?.problems ?? []) unread.push(`${where}: ${why}`)
  return { ...scene, unread: [...new Set([...unread, ...vm.problems])] }
}
