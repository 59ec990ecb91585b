import { explanationJson } from '../contract/sched.js'
import type { Kernel } from '../kernel/kernel.js'
import { findTask } from '../kernel/tasks.js'
import { type Problem, Problems } from '../problems.js'
import { schedContext } from './context.js'
import { takeScene } from './scene.js'
import { extReasons } from './why-ext.js'
import { holdingReasons, runqueueReasons } from './why-runqueue.js'
import { sleepReasons } from './why-sleep.js'
import { watchdogReasons } from './why-watchdog.js'

/** What a task is at, in one word. */
export type Verdict =
  /** A CPU executes it. */
  | 'running'
  /** It has ended. */
  | 'ended'
  /** It waits for something other than a CPU. */
  | 'sleeping'
  | 'stopped'
  | 'frozen'
  /** Ready, and on a dispatch queue. */
  | 'queued'
  /** Ready, and in the hands of the BPF scheduler: on no dispatch queue. */
  | 'held'
  /** Ready, and on its way between queues. */
  | 'moving'
  /** Ready, and waiting in another scheduling class. */
  | 'waiting'
  /** What would tell could not be read. */
  | 'unknown'

/** One sentence, and the facts it rests on, by the kernel's names where it has them. */
export interface Reason {
  readonly sentence: string
  readonly facts: Readonly<Record<string, unknown>>
}

/** Why a task is not running, the most important first. */
export interface Explanation {
  readonly pid: number
  readonly name: string
  readonly verdict: Verdict
  readonly reasons: readonly Reason[]
  readonly problems: readonly Problem[]
  toJSON(): unknown
  toString(): string
}

/** What one group of reasons found; the first that knows the verdict decides. */
export interface Finding {
  readonly verdict?: Verdict
  readonly reasons: readonly Reason[]
}

/** Joins everything that can keep a task from running. Throws CryoscopeError when there is no such task. */
export function explain(kernel: Kernel, pid: number): Explanation {
  const problems = new Problems()
  const context = schedContext(kernel, problems)
  const { address, name } = findTask(kernel, pid)
  const scene = takeScene(context, address)
  const asleep = sleepReasons(scene)
  const findings =
    asleep.verdict === undefined
      ? [asleep, holdingReasons(scene), extReasons(scene), runqueueReasons(scene), watchdogReasons(scene)]
      : [asleep]
  const verdict = findings.find((finding) => finding.verdict !== undefined)?.verdict ?? 'waiting'
  const reasons = findings.flatMap((finding) => finding.reasons)
  const { list } = problems
  return {
    pid,
    name,
    verdict,
    reasons,
    problems: list,
    toJSON: () => explanationJson({ pid, name, verdict, reasons, problems: list }),
    toString: () => reasons.map(({ sentence }) => sentence).join('\n'),
  }
}
