import { type Scene, schedulerName } from './scene.js'
import type { Finding } from './why.js'
import { timeText } from './words.js'

/** How long the kernel will still stand by. */
export function watchdogReasons(scene: Scene): Finding {
  const { entity, watchdog, ext } = scene
  const age = entity?.runnableMs
  const { timeoutMs, ageMs, intervalMs } = watchdog
  if (age === undefined || timeoutMs === undefined || ext.state !== 'enabled') return { reasons: [] }
  const facts = { runnableMs: age, timeoutMs, watchdogAgeMs: ageMs, intervalMs }
  const name = schedulerName(scene)
  if (age < timeoutMs / 10) return { reasons: [] }
  const left = timeoutMs - age
  const later =
    intervalMs === undefined
      ? 'later, when it looks next'
      : `up to ${timeText(intervalMs)} later, when it looks`
  const sentence =
    left > 0
      ? `The watchdog ejects ${name} when the task has waited for ${timeText(timeoutMs)}: in ${timeText(left)}, or ${later}.`
      : `The task has waited longer than the watchdog allows (${timeText(timeoutMs)}): it ejects ${name} when it looks next.`
  const reasons = [{ sentence, facts }]
  if (ageMs !== undefined && ageMs > timeoutMs)
    reasons.push({
      sentence: `The watchdog itself has not looked for ${timeText(ageMs)}: its worker does not get to run.`,
      facts,
    })
  return { reasons }
}
