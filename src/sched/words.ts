import type { Figure } from '../problems.js'
import { cpuList } from '../value/mask.js'

/** "12 ms", "3.4 s". */
export function timeText(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  return `${Number((milliseconds / 1000).toFixed(1))} s`
}

/** "1 task", "3 tasks"; of a figure that is not whole "at least 3 tasks", "an unknown number of tasks". */
export function countOf(count: number | Figure, what: string): string {
  if (typeof count !== 'number') {
    if (count.whole) return countOf(count.value, what)
    if (count.atLeast === undefined) return `an unknown number of ${what}s`
    return `at least ${countOf(count.atLeast, what)}`
  }
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** The same of a count in JSON, alone: "3", "at least 3", "unknown". */
export function countText(count: number | { readonly atLeast: number } | null): string {
  if (count === null) return 'unknown'
  return typeof count === 'number' ? String(count) : `at least ${count.atLeast}`
}

/** Whether a verb behind such a count is singular. */
export function isOne(count: number | Figure): boolean {
  if (typeof count === 'number') return count === 1
  return (count.whole ? count.value : count.atLeast) === 1
}

/** "demo_worker/1 (pid 181)". */
export function named({ name, pid }: { readonly name: string; readonly pid: number }): string {
  return `${name} (pid ${pid})`
}

/** "CPU 3", "CPUs 0-2,5". */
export function cpusText(cpus: readonly number[]): string {
  return `${cpus.length === 1 ? 'CPU' : 'CPUs'} ${cpuList(cpus)}`
}

/** With a capital letter, as a sentence begins. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
