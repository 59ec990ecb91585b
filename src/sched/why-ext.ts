import { type Figure, figureJson, figureText } from '../problems.js'
import { hex } from './context.js'
import { exitText } from './exit.js'
import { isOfSame, type Place, type Scene, schedulerName, usableCpus } from './scene.js'
import type { Finding, Reason, Verdict } from './why.js'
import { holdingReasons } from './why-runqueue.js'
import { divertedReasons, grantReasons } from './why-sub.js'
import { countOf, cpusText, isOne, named, timeText } from './words.js'

/** A ready task of sched_ext: where it is, and who has to move. */
export function extReasons(scene: Scene): Finding {
  const { details, entity } = scene
  if (details.schedClass !== 'ext' && details.isBoosted !== true) return { reasons: [] }
  if (entity === undefined) {
    const sentence = `${named(details.task)} is ready; what sched_ext keeps of it could not be read.`
    return { verdict: 'unknown', reasons: [{ sentence, facts: {} }] }
  }
  const { verdict, reasons } = whereabouts(scene)
  return {
    verdict,
    reasons: [
      ...reasons,
      ...grantReasons(scene),
      ...dispatching(scene),
      ...schedulerHealth(scene),
      ...transit(scene),
    ],
  }
}

function whereabouts(scene: Scene): { verdict: Verdict; reasons: Reason[] } {
  const { details, entity, queued } = scene
  const who = named(details.task)
  const waits =
    entity?.runnableMs === undefined
      ? 'is ready (since when is unknown)'
      : `has been ready for ${timeText(entity.runnableMs)}`
  const facts = {
    ops_state: entity?.opsState,
    dsq: entity === undefined ? undefined : hex(entity.queueAddress),
    runnableMs: entity?.runnableMs,
  }
  if (queued === 'unknown') {
    const sentence = `${who} ${waits} and is on the DSQ at ${facts.dsq ?? 'an unknown address'}, which could not be read.`
    return { verdict: 'queued', reasons: [{ sentence, facts }] }
  }
  if (queued !== 'none') return { verdict: 'queued', reasons: onQueue(scene, `${who} ${waits}`, queued) }
  if (entity?.opsState === 'QUEUED') {
    const sentence =
      `${who} ${waits} and is on no DSQ: ops.enqueue() of ${schedulerName(scene)} took it ` +
      'and has not dispatched it. Only the maps and the arena memory of the scheduler can say where it keeps it.'
    return { verdict: 'held', reasons: [{ sentence, facts }] }
  }
  if (entity?.opsState === 'QUEUEING' || entity?.opsState === 'DISPATCHING') {
    const sentence = `${who} ${waits} and is being handed over (ops_state ${entity.opsState}): it stood still in the middle of that.`
    return { verdict: 'moving', reasons: [{ sentence, facts }] }
  }
  return { verdict: 'waiting', reasons: [{ sentence: `${who} ${waits}, on no DSQ.`, facts }] }
}

function onQueue(scene: Scene, subject: string, place: Place): Reason[] {
  const { details, runqueues } = scene
  const { queue, position } = place
  const rank =
    position === undefined
      ? 'at a place that could not be read, one'
      : position === 0
        ? 'first'
        : `behind ${countOf(position, 'other')}`
  const facts = {
    dsq: queue.name,
    id: hex(queue.id),
    kind: queue.kind,
    position,
    depth: queue.depth,
    runnableMs: details.schedExt?.runnableMs,
  }
  if (queue.kind === 'user') {
    const sentence =
      `${subject} and waits on DSQ ${queue.name}, ${rank} of ${queue.depth}: it runs only when ops.dispatch() of ` +
      `${schedulerName(scene)} moves it to a CPU.`
    return [{ sentence, facts }, ...departures(queue, schedulerName(scene, 'A'))]
  }
  if (queue.cpu !== undefined) {
    const current = runqueues.seen.find(({ cpu }) => cpu === queue.cpu)?.current
    const runs =
      current === undefined ? ', of which could not be read what it runs' : `, which runs ${named(current)}`
    const reasons: Reason[] = [
      { sentence: `${subject} and is ${rank} of ${queue.depth} on DSQ ${queue.name}${runs}.`, facts },
      ...divertedReasons(scene, place),
    ]
    if (details.allowedCpus?.includes(queue.cpu) === false)
      reasons.push({
        sentence: `It may not run on CPU ${queue.cpu}, on whose queue it is.`,
        facts: { cpu: queue.cpu, allowed: details.allowedCpus },
      })
    return reasons
  }
  const sentence = `${subject} and is ${rank} of ${queue.depth} on DSQ ${queue.name}, which CPUs look at when their own queue is empty.`
  return [{ sentence, facts }]
}

/** seq counts what was put in; what is not there any more has left. */
function departures(queue: Place['queue'], name: string): Reason[] {
  if (queue.sequence !== queue.depth) return []
  const sentence = `No task ever left DSQ ${queue.name}: ${countOf(queue.sequence, 'task')} came in, all are still there. ${name} does not dispatch from it.`
  return [{ sentence, facts: { seq: queue.sequence, nr: queue.depth } }]
}

/** Whether others get their turn: that tells a full machine from a scheduler that leaves this task out. */
function dispatching(scene: Scene): Reason[] {
  const { details, entity, waiting, runqueues, possible } = scene
  const reasons: Reason[] = []
  const usable = usableCpus(scene)
  const idle = (usable?.known ?? []).filter(({ current }) => current.isIdle).map(({ cpu }) => cpu)
  if (idle.length > 0) {
    const cpus = usable?.unknown.length === 0 ? cpusText(idle) : `At least ${cpusText(idle)}`
    reasons.push({
      sentence: `${cpus}, which it may use, ${idle.length === 1 ? 'is' : 'are'} idle meanwhile: nothing dispatches it there.`,
      facts: { idleCpus: idle, allowed: details.allowedCpus },
    })
  }
  const age = entity?.runnableMs
  // Where others hold the CPUs, no scheduler is to blame.
  if (age === undefined || age < slow || holdingReasons(scene).reasons.length > 0) return reasons
  const others = waiting.filter(({ pid, scheduler }) =>
    pid === details.task.pid ? false : isOfSame(scene, scheduler),
  )
  const quick = others.filter(({ waitingMs }) => waitingMs !== undefined && waitingMs * 10 < age)
  const running = runqueues.filter(({ current }) =>
    current?.schedClass === undefined
      ? undefined
      : current.schedClass === 'ext' && isOfSame(scene, current.scheduler),
  )
  if (quick.seen.length + running.seen.length > 0 && possible.length > 0)
    reasons.push({
      sentence:
        `${schedulerName(scene, 'A')} dispatches others and not this one: ${countOf(running.count, 'CPU')} ` +
        `${isOne(running.count) ? 'runs' : 'run'} tasks of it, and of ${countOf(others.count, 'other waiting task')} ${numberOf(quick.count)} became ready in a tenth of its time or less.`,
      facts: {
        extRunning: figureJson(running.count),
        waiting: figureJson(others.count),
        shortWaiting: figureJson(quick.count),
      },
    })
  return reasons
}

function numberOf(count: Figure): string {
  return count.whole || count.atLeast !== undefined ? figureText(count) : 'an unknown number'
}

/** Milliseconds that are no ordinary wait for a turn. */
const slow = 1000

function schedulerHealth({ ext, scheduler, entity }: Scene): Reason[] {
  const reasons: Reason[] = []
  if (ext.state !== undefined && ext.state !== 'enabled')
    reasons.push({
      sentence: `sched_ext is ${ext.state}: no BPF scheduler decides.`,
      facts: { state: ext.state },
    })
  if (scheduler?.exit !== undefined && scheduler.exit.kindValue !== 0) {
    const { kind, message, reason } = scheduler.exit
    const why = exitText(scheduler.exit)
    reasons.push({
      sentence: `Scheduler ${scheduler.name} is on its way out (${kind}${why === '' ? '' : `: ${why}`}).`,
      facts: { exit_kind: kind, reason, message },
    })
  }
  if (scheduler?.aborting)
    reasons.push({ sentence: `Scheduler ${scheduler.name} is being aborted.`, facts: { aborting: true } })
  if (scheduler?.bypassDepth !== undefined && scheduler.bypassDepth > 0)
    reasons.push({
      sentence: 'The scheduler is bypassed: the kernel runs tasks in order of arrival and asks nobody.',
      facts: { bypass_depth: scheduler.bypassDepth },
    })
  if (entity?.state !== undefined && entity.state !== 'ENABLED')
    reasons.push({
      sentence: `sched_ext has not enabled the task (${entity.state}).`,
      facts: { state: entity.state },
    })
  return reasons
}

/** Dispatches that had not arrived when everything stood still. */
function transit({ entity, details, runqueues }: Scene): Reason[] {
  const reasons: Reason[] = []
  if (entity?.holdingCpu !== undefined)
    reasons.push({
      sentence: `CPU ${entity.holdingCpu} is moving it to another runqueue right now.`,
      facts: { holding_cpu: entity.holdingCpu },
    })
  if (entity?.stickyCpu !== undefined)
    reasons.push({
      sentence: `It must go to CPU ${entity.stickyCpu} next.`,
      facts: { sticky_cpu: entity.stickyCpu },
    })
  if (entity?.directQueue !== undefined)
    reasons.push({
      sentence: `A direct dispatch to ${entity.directQueue} was decided and has not happened yet.`,
      facts: { ddsp_dsq_id: entity.directQueue },
    })
  const deferring = runqueues.seen.find(({ schedExt }) =>
    schedExt?.deferred.seen.some(({ address }) => address === details.task.address),
  )
  if (deferring !== undefined)
    reasons.push({
      sentence: `Its dispatch waits in the deferred list of CPU ${deferring.cpu}.`,
      facts: { deferredOn: deferring.cpu },
    })
  return reasons
}
