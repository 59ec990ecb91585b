import { cpuList } from '../value/mask.js'
import { type Running, type Scene, usableCpus } from './scene.js'
import type { Finding, Reason } from './why.js'
import { countOf, named } from './words.js'

/** From the class that always wins to the one that runs when nothing else does (kernel/sched/sched.h). */
const classOrder = ['stop', 'dl', 'rt', 'fair', 'ext', 'idle']

/** That CPUs are held by tasks which no scheduler can move: the cause, before all that follows from it. */
export function holdingReasons(scene: Scene): Finding {
  const { details, queued } = scene
  const { task, schedClass } = details
  const isHigher = ({ current }: Running): boolean => comesBefore(current.schedClass, schedClass)
  const usable = usableCpus(scene)
  if (usable !== undefined && usable.known.length > 0 && usable.unknown.length === 0) {
    const { known } = usable
    if (known.every(isHigher)) {
      const held = known.map(
        ({ cpu, current }) => `CPU ${cpu} ${named(current)} of class ${current.schedClass}`,
      )
      const sentence = `${named(task)} is ready, and every CPU that it may use runs a task of a higher class: ${held.join(', ')}.`
      return {
        reasons: [
          {
            sentence,
            facts: { cpus: known.map(({ cpu, current }) => ({ cpu, class: current.schedClass })) },
          },
        ],
      }
    }
  }
  const cpu = typeof queued === 'string' ? undefined : queued.queue.cpu
  const held = scene.runqueues.seen.find((runqueue) => runqueue.cpu === cpu)
  if (held?.current === undefined || !isHigher({ cpu: held.cpu, current: held.current }))
    return { reasons: [] }
  const { current } = held
  const sentence = `CPU ${held.cpu}, on whose queue ${named(task)} stands, runs ${named(current)} of class ${current.schedClass}, which comes before ${schedClass}.`
  return { reasons: [{ sentence, facts: { cpu, class: current.schedClass } }] }
}

/** Whether one class is known to go before another. */
function comesBefore(one: string | undefined, other: string | undefined): boolean {
  const before = classOrder.indexOf(one ?? '')
  return before >= 0 && before < classOrder.indexOf(other ?? '')
}

/** Runqueue, classes and CPUs: what keeps any ready task waiting. */
export function runqueueReasons(scene: Scene): Finding {
  const { details, own } = scene
  const reasons: Reason[] = []
  const { task, schedClass, onRunqueue, isBoosted } = details
  const facts = { class: schedClass, cpu: task.cpu, nr_running: own?.runnableTasks, on_rq: onRunqueue }
  if (schedClass === undefined)
    reasons.push({ sentence: `${named(task)} is ready; of which class it is could not be read.`, facts })
  else if (schedClass !== 'ext' && own !== undefined) {
    const runs =
      own.current === undefined
        ? ', of which could not be read what it runs'
        : `, which runs ${named(own.current)} (${own.current.schedClass ?? 'of an unknown class'})`
    reasons.push({
      sentence: `${named(task)} is ready in class ${schedClass} on CPU ${own.cpu}${runs}; ${countOf(own.runnableTasks, 'task')} share that CPU.`,
      facts,
    })
  } else if (schedClass !== 'ext')
    reasons.push({
      sentence: `${named(task)} is ready in class ${schedClass}; the runqueue of its CPU could not be read.`,
      facts,
    })
  if (isBoosted)
    reasons.push({
      sentence: `Priority inheritance moved it from ext to ${schedClass}.`,
      facts: { class: schedClass },
    })
  if (onRunqueue === 2)
    reasons.push({ sentence: 'It is migrating to another CPU.', facts: { on_rq: onRunqueue } })
  if (onRunqueue === 0 && details.state === 0)
    reasons.push({
      sentence:
        'It is runnable by its state and on no runqueue: everything stood still while it was being woken or moved.',
      facts: { on_rq: 0, __state: 0 },
    })
  return { reasons: [...reasons, ...masks(scene)] }
}

function masks({ details, usable, possible }: Scene): Reason[] {
  const { allowedCpus, task, migrationDisabled } = details
  if (allowedCpus === undefined) return []
  const allowed = cpuList(allowedCpus)
  const facts = {
    allowed,
    usable: usable === undefined ? undefined : cpuList(usable),
    cpus: cpuList(possible),
  }
  if (usable?.length === 0)
    return [{ sentence: `None of the CPUs that it may use (${allowed || 'none'}) is online.`, facts }]
  const found: Reason[] = []
  if (allowedCpus.length < possible.length)
    found.push({ sentence: `It may use only CPU ${allowed} of ${cpuList(possible)}.`, facts })
  if (migrationDisabled)
    found.push({
      sentence: `It has migration disabled: only CPU ${task.cpu ?? '(unknown)'} will do.`,
      facts: { cpu: task.cpu },
    })
  return found
}
