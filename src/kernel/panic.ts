import { complaints, panicMessage } from './complaints.js'
import type { LogRecord } from './dmesg.js'
import type { Kernel } from './kernel.js'
import { currentTask, type Task } from './tasks.js'

/** That the kernel gave up, and what is known about why. */
export interface Panic {
  readonly cpu: number
  /** What ran on that CPU; undefined where that cannot be read. */
  readonly task: Task | undefined
  /** What panic() was called with: "Fatal exception"; undefined where the log does not have it, as when kdump came first. */
  readonly message: string | undefined
  /** When it said so, nanoseconds since boot. */
  readonly time: bigint | undefined
  /** What the kernel complained about just before: "BUG: kernel NULL pointer dereference, address: …". */
  readonly cause: string | undefined
  /** Where it was then, as its log has it. */
  readonly where: string | undefined
}

/** A fault and the panic that it leads to are this near, nanoseconds. */
const near = 10_000_000_000n
const cpuLimit = 8192

/**
 * Whether the kernel has panicked: panic_cpu, which is -1 until a CPU panics or starts the kernel that writes a vmcore
 * (kernel/panic.c, kernel/crash_core.c). The log is read only if it has.
 */
export function findPanic(kernel: Kernel, readLog: () => readonly LogRecord[]): Panic | undefined {
  const at = kernel.findSymbol('panic_cpu')
  if (at === undefined) return undefined
  const cpu = kernel.space.u32(at)
  if (cpu >= cpuLimit) return undefined
  const log = kernel.problems.attempt('kernel log', readLog) ?? []
  const said = panicMessage(log)
  const before = complaints(log).filter(
    ({ record }) => said === undefined || (record.time <= said.time && said.time - record.time < near),
  )
  const last = before.at(-1)
  return {
    cpu,
    task: kernel.problems.attempt(`task of CPU ${cpu}`, () => currentTask(kernel, cpu, kernel.problems)),
    message: said?.message,
    time: said?.time ?? last?.record.time,
    cause: last?.line,
    where: last?.where,
  }
}

/** One sentence: on which CPU, in which task, what was said. */
export function panicText({ cpu, task, message, cause, where }: Panic): string {
  const inTask = task === undefined ? '' : `, in ${task.name} (pid ${task.pid})`
  const began = cause === undefined ? '' : `${cause}${where === undefined ? '' : `, at ${where}`}`
  if (message === undefined) return `on CPU ${cpu}${inTask}${began === '' ? '' : `: ${began}`}`
  return `on CPU ${cpu}${inTask}: ${message}${began === '' ? '' : `. It began with: ${began}`}`
}
