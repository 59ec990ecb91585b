import { cpuList } from '../value/mask.js'
import { counted, named, type Scene } from './scene.js'
import type { Finding, Reason } from './why.js'

/** From the class that always wins to the one that runs when nothing else does (kernel/sched/sched.h). */
const classOrder = ['stop', 'dl', 'rt', 'fair', 'ext', 'idle']

/** Runqueue, classes and CPUs: what keeps any ready task waiting. */
export function runqueueReasons(scene: Scene): Finding {
  const { details, own, usable, runqueues } = scene
  const reasons: Reason[] = []
  const { task, schedClass, allowedCpus, onRunqueue, isBoosted } = details
  if (schedClass !== 'ext' && own !== undefined) {
    const runs =
      own.current === undefined ? '' : `, which runs ${named(own.current)} (${own.current.schedClass})`
    reasons.push({
      sentence: `${named(task)} is ready in class ${schedClass ?? 'unknown'} on CPU ${own.cpu}${runs}; ${counted(own.runnableTasks, 'task')} share that CPU.`,
      facts: { class: schedClass, cpu: own.cpu, nr_running: own.runnableTasks, on_rq: onRunqueue },
    })
  }
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
  reasons.push(...masks())
  const higher = usable.filter(
    ({ current }) => current !== undefined && rank(current.schedClass) < rank(schedClass),
  )
  if (usable.length > 0 && higher.length === usable.length)
    reasons.push({
      sentence: `Every CPU that it may use runs a task of a higher class: ${higher.map(({ cpu, current }) => `CPU ${cpu} ${current === undefined ? '' : named(current)}`).join(', ')}.`,
      facts: { cpus: higher.map(({ cpu, current }) => ({ cpu, class: current?.schedClass })) },
    })
  return { reasons }

  function masks(): Reason[] {
    const all = runqueues.map(({ cpu }) => cpu)
    if (allowedCpus === undefined) return []
    const allowed = cpuList(allowedCpus)
    const facts = { allowed, usable: cpuList(usable.map(({ cpu }) => cpu)), cpus: cpuList(all) }
    if (usable.length === 0)
      return [{ sentence: `None of the CPUs that it may use (${allowed || 'none'}) is online.`, facts }]
    const found: Reason[] = []
    if (allowedCpus.length < all.length)
      found.push({ sentence: `It may use only CPU ${allowed} of ${cpuList(all)}.`, facts })
    if (details.migrationDisabled)
      found.push({
        sentence: `It has migration disabled: only CPU ${task.cpu} will do.`,
        facts: { cpu: task.cpu },
      })
    return found
  }
}

function rank(schedClass: string | undefined): number {
  const at = classOrder.indexOf(schedClass ?? '')
  return at < 0 ? classOrder.length : at
}
