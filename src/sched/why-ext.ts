import { hex } from './context.js'
import { counted, cpusText, named, type Scene, timeText } from './scene.js'
import type { Finding, Reason, Verdict } from './why.js'

/** A ready task of sched_ext: where it is, and who has to move. */
export function extReasons(scene: Scene): Finding {
  const { details, entity } = scene
  if (entity === undefined || (details.schedClass !== 'ext' && !details.isBoosted)) return { reasons: [] }
  const { verdict, reasons } = whereabouts(scene)
  const all = [...reasons, ...dispatching(scene), ...schedulerHealth(scene), ...transit(scene)]
  return { verdict, reasons: all }
}

function whereabouts(scene: Scene): { verdict: Verdict; reasons: Reason[] } {
  const { details, entity, queued, scheduler } = scene
  const who = named(details.task)
  const waits =
    entity?.runnableMs === undefined ? 'is ready' : `has been ready for ${timeText(entity.runnableMs)}`
  if (queued !== undefined) return { verdict: 'queued', reasons: onQueue(scene, `${who} ${waits}`, queued) }
  const facts = {
    ops_state: entity?.opsState,
    dsq: hex(entity?.queueAddress ?? 0n),
    runnableMs: entity?.runnableMs,
  }
  if (entity?.opsState === 'QUEUED') {
    const sentence =
      `${who} ${waits} and is on no DSQ: ops.enqueue() of ${scheduler?.name || 'the BPF scheduler'} took it ` +
      'and has not dispatched it. It is in a map or in arena memory of the scheduler.'
    return { verdict: 'held', reasons: [{ sentence, facts }] }
  }
  if (entity?.opsState === 'QUEUEING' || entity?.opsState === 'DISPATCHING') {
    const sentence = `${who} ${waits} and is being handed over (ops_state ${entity.opsState}): it stood still in the middle of that.`
    return { verdict: 'moving', reasons: [{ sentence, facts }] }
  }
  return { verdict: 'waiting', reasons: [{ sentence: `${who} ${waits}, on no DSQ.`, facts }] }
}

function onQueue(
  { scheduler, details, runqueues }: Scene,
  subject: string,
  { queue, position }: NonNullable<Scene['queued']>,
): Reason[] {
  const place = position === 0 ? 'first' : `behind ${counted(position, 'other')}`
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
      `${subject} and waits on DSQ ${queue.name}, ${place} of ${queue.depth}: it runs only when ops.dispatch() of ` +
      `${scheduler?.name || 'the BPF scheduler'} moves it to a CPU.`
    return [{ sentence, facts }, ...departures(queue, scheduler?.name)]
  }
  if (queue.cpu !== undefined) {
    const runqueue = runqueues.find(({ cpu }) => cpu === queue.cpu)
    const runs = runqueue?.current === undefined ? '' : `, which runs ${named(runqueue.current)}`
    const reasons: Reason[] = [
      { sentence: `${subject} and is ${place} of ${queue.depth} on DSQ ${queue.name}${runs}.`, facts },
    ]
    if (details.allowedCpus?.includes(queue.cpu) === false)
      reasons.push({
        sentence: `It may not run on CPU ${queue.cpu}, on whose queue it is.`,
        facts: { cpu: queue.cpu, allowed: details.allowedCpus },
      })
    return reasons
  }
  const sentence = `${subject} and is ${place} of ${queue.depth} on DSQ ${queue.name}, which CPUs look at when their own queue is empty.`
  return [{ sentence, facts }]
}

/** seq counts what was put in; what is not there any more has left. */
function departures(queue: NonNullable<Scene['queued']>['queue'], name: string | undefined): Reason[] {
  if (queue.sequence !== queue.depth) return []
  const sentence = `No task ever left DSQ ${queue.name}: ${counted(queue.sequence, 'task')} came in, all are still there. ${name || 'The scheduler'} does not dispatch from it.`
  return [{ sentence, facts: { seq: queue.sequence, nr: queue.depth } }]
}

/** Whether others get their turn: that tells a full machine from a scheduler that leaves this task out. */
function dispatching(scene: Scene): Reason[] {
  const { details, entity, waiting, usable, runqueues, scheduler } = scene
  const reasons: Reason[] = []
  const idle = usable.filter(({ current }) => current?.isIdle).map(({ cpu }) => cpu)
  if (idle.length > 0)
    reasons.push({
      sentence: `${cpusText(idle)}, which it may use, ${idle.length === 1 ? 'is' : 'are'} idle meanwhile: nothing dispatches it there.`,
      facts: { idleCpus: idle, allowed: details.allowedCpus },
    })
  const age = entity?.runnableMs
  if (age === undefined || age < slow) return reasons
  const others = waiting.filter(({ pid }) => pid !== details.task.pid)
  const quick = others.filter(({ waitingMs }) => waitingMs !== undefined && waitingMs * 10 < age)
  const running = runqueues.filter(({ current }) => current?.schedClass === 'ext').length
  if (quick.length + running > 0)
    reasons.push({
      sentence:
        `${scheduler?.name || 'The scheduler'} dispatches others and not this one: ${counted(running, 'CPU')} ` +
        `run tasks of it, and of ${counted(others.length, 'other waiting task')} ${quick.length} became ready in a tenth of its time or less.`,
      facts: { extRunning: running, waiting: others.length, shortWaiting: quick.length },
    })
  return reasons
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
    const why = [reason, message].filter((text) => text !== '').join(': ')
    reasons.push({
      sentence: `Scheduler ${scheduler.name} is on its way out (${kind}${why === '' ? '' : `: ${why}`}).`,
      facts: { exit_kind: kind, reason, message },
    })
  }
  if (scheduler?.aborting)
    reasons.push({ sentence: `Scheduler ${scheduler.name} is being aborted.`, facts: { aborting: true } })
  const bypass = scheduler?.bypassDepth ?? 0
  if (bypass > 0)
    reasons.push({
      sentence: 'The scheduler is bypassed: the kernel runs tasks in order of arrival and asks nobody.',
      facts: { bypass_depth: bypass },
    })
  if (entity !== undefined && entity.state !== 'ENABLED')
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
  const deferring = runqueues.find(({ schedExt }) =>
    schedExt?.deferred.some(({ address }) => address === details.task.address),
  )
  if (deferring !== undefined)
    reasons.push({
      sentence: `Its dispatch waits in the deferred list of CPU ${deferring.cpu}.`,
      facts: { deferredOn: deferring.cpu },
    })
  return reasons
}
