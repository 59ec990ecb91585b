import { cpusOfCids } from './cids.js'
import { type Place, type Scene, schedulerName } from './scene.js'
import type { Scheduler } from './schedulers.js'
import type { Reason } from './why.js'
import { cpusText, named } from './words.js'

/**
 * That a sub-scheduler may queue this task on no CPU that it may use: what it dispatches waits then, whatever runs there. CPUs go
 * by what is in force on them; what was only granted is not there yet.
 */
export function grantReasons(scene: Scene): Reason[] {
  const { scheduler, usable } = scene
  if (scheduler === undefined || scheduler.isRoot !== false || usable === undefined || usable.length === 0)
    return []
  const granted = grantedCpus(scene, scheduler)
  const inForce = scheduler.ecaps?.find(({ name }) => name === 'enq')?.cpus ?? granted
  if (inForce === undefined || usable.some((cpu) => inForce.includes(cpu))) return []
  const subject =
    `${schedulerName(scene, 'A')} is the scheduler of cgroup ${scheduler.cgroupPath ?? 'of unknown path'} and may queue tasks (capability enq) ` +
    `${inForce.length === 0 ? 'on no CPU at all' : `on ${cpusText(inForce)} only`}`
  const facts = { caps: scheduler.caps, ecaps: scheduler.ecaps, usable }
  const pending = granted?.filter((cpu) => usable.includes(cpu)) ?? []
  const immediate =
    scheduler.ecaps?.find(({ name }) => name === 'enq_immed')?.cpus.filter((cpu) => usable.includes(cpu)) ??
    []
  const why =
    pending.length > 0
      ? `: what was granted to it on ${cpusText(pending)} is not in force there yet, as a CPU takes it over when it next picks a task`
      : granted === undefined
        ? ': on none of the CPUs that this task may use'
        : ': none of the CPUs that this task may use was granted to it'
  const but =
    immediate.length === 0
      ? ''
      : `; on ${cpusText(immediate)} it may only queue what runs at once (SCX_ENQ_IMMED)`
  return [{ sentence: `${subject}${why}${but}.`, facts }]
}

/** CPUs on which it was granted to queue tasks; who may preempt may do that too. */
function grantedCpus({ cids }: Scene, { caps }: Scheduler): number[] | undefined {
  if (caps === undefined) return undefined
  const granted = caps.filter(({ name }) => name === 'enq' || name === 'preempt').flatMap((cap) => cap.cids)
  return cpusOfCids(cids, [...new Set(granted)])
}

/** What keeps a task on a queue of the kernel's own for schedulers that lack a capability there. */
export function divertedReasons(scene: Scene, { queue }: Place): Reason[] {
  const { entity, runqueues } = scene
  const { kind, cpu } = queue
  if (cpu === undefined) return []
  const who = schedulerName(scene, 'A')
  if (kind === 'reject') {
    const lacks = entity?.missingCaps
    const which =
      lacks === undefined || lacks.length === 0 ? 'a capability' : `the capability ${lacks.join(' and ')}`
    return [
      {
        sentence: `${who} dispatched it to CPU ${cpu} and lacks ${which} there: the kernel turns it away and calls ops.enqueue() again.`,
        facts: { cpu, missingCaps: lacks },
      },
    ]
  }
  if (kind !== 'rescue') return []
  const rescue = runqueues.seen.find((runqueue) => runqueue.cpu === cpu)?.schedExt?.rescue
  const now =
    rescue === undefined
      ? ''
      : rescue.task === undefined
        ? `; nobody is being rescued, and ${milliseconds(rescue.budget)} of CPU time may be spent on it now`
        : `; now ${named(rescue.task)} is being rescued`
  return [
    {
      sentence: `${who} may not queue tasks on CPU ${cpu} and asked for rescue (SCX_ENQ_RESCUE): the kernel runs such tasks itself, one at a time, with a small share of the CPU${now}.`,
      facts: { cpu, rescuing: rescue?.task?.pid ?? null, budget: rescue?.budget.toString() },
    },
  ]
}

function milliseconds(nanoseconds: bigint): string {
  return `${(Number(nanoseconds) / 1e6).toFixed(1)} ms`
}
