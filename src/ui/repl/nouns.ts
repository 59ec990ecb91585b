import { type InspectOptions, inspect } from 'node:util'
import { quietly } from '../../errors.js'
import { Kernel } from '../../kernel/kernel.js'
import { pairLines } from '../../present/text/lines.js'
import { Sched } from '../../sched/sched.js'
import { Session } from '../../session/session.js'
import { escapeText } from '../../text.js'

/** What is said of a noun; a part that cannot be read says so. */
type Parts = readonly (readonly [label: string, read: () => string])[]

const usualWidth = 80

/**
 * The session, its kernel and its scheduler say what they are when they are printed, also by console.log and inside of
 * other values: what they hold within are tables of megabytes. Whoever shows values to people loads this file.
 */
function saysItself<T extends object>(prototype: T, partsOf: (noun: T) => Parts): void {
  Object.defineProperty(prototype, inspect.custom, {
    configurable: true,
    value(this: T, depth: number | null, options: InspectOptions): string {
      // Inside of something else its name is enough.
      const isInside = depth !== null && typeof options.depth === 'number' && depth < options.depth
      const parts = isInside ? partsOf(this).slice(0, 1) : partsOf(this)
      const pairs = parts.map(([label, read]) => [label, escapeText(quietly(read) ?? 'unreadable')] as const)
      if (isInside) return `[${pairs[0]?.join(' ')}]`
      const { breakLength = usualWidth } = options
      return pairLines(pairs, Number.isFinite(breakLength) ? breakLength : usualWidth).join('\n')
    },
  })
}

saysItself(Session.prototype, (session) => [
  ['session', () => `${session.target.name} (${session.state})`],
  ['kernel', () => session.kernel.release],
  ['vCPUs', () => (session.state === 'running' ? 'they run' : String(session.vcpus.length))],
  ['offers', () => 'vm.maps, vm.progs, vm.tasks, vm.sched, vm.vcpus and more: vm.help() lists all'],
])

saysItself(Kernel.prototype, (kernel) => [
  ['kernel', () => kernel.release],
  ['symbols', () => String(kernel.symbols.count)],
  ['types', () => String(kernel.types.typeCount)],
  ['found by', () => kernel.evidence.join('; ')],
])

saysItself(Sched.prototype, (sched) => [
  ['sched_ext', () => sched.state ?? 'not in this kernel'],
  ['schedulers', () => sched.schedulers.map(({ name }) => name).join(', ') || 'none'],
  ['offers', () => 'vm.sched.runqueues, queues, events, waiting, watchdog and more: ?sched says what'],
])
