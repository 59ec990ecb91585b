import { expect } from 'vitest'
import type { Comparison, Truth } from './demo-guest.js'
import { grown } from './grown.js'

/** Tasks against /proc. */
export const taskComparisons: readonly Comparison[] = [
  ['lists the tasks of /proc', taskNames],
  ['reads tasks as /proc shows them', taskDetails],
]

function taskNames({ session, truth }: Truth): void {
  const expected = new Map<number, string>()
  for (const line of truth.bytes('tasks/stat').toString('utf8').trim().split('\n')) {
    const [, process, thread, comm] = /^(\d+)\/task\/(\d+)\/stat:\d+ \((.*)\) /.exec(line) ?? []
    if (thread !== undefined) expected.set(Number(thread), `${process} ${comm}`)
  }
  const found = new Map(
    session.tasks.filter(({ pid }) => pid !== 0).map(({ pid, tgid, name }) => [pid, `${tgid} ${name}`]),
  )
  // Shells and tools of the ground truth itself have come and gone; a worker's current work is in its name.
  const steady = [...expected].filter(([pid]) => found.has(pid))
  expect(steady.length).toBeGreaterThan(expected.size * 0.9)
  for (const [pid, text] of steady) {
    const workless = (name: string): string => name.replace(/^(\d+ kworker\/[^-+]*)[-+].*/, '$1')
    expect(workless(found.get(pid) ?? '')).toBe(workless(text))
  }
  expect([...found.keys()].filter((pid) => !expected.has(pid)).length).toBeLessThan(10)
}

function taskDetails({ session, truth }: Truth): void {
  const { sched, tasks } = session
  const status = statusOf(truth.text('tasks/status'))
  let compared = 0
  for (const line of truth.text('tasks/stat').split('\n')) {
    const match = /^\d+\/task\/(\d+)\/stat:\d+ \((.*)\) (\S) (.*)$/.exec(line)
    if (match === null) continue
    const [, tid = '', , , rest = ''] = match
    const task = tasks.find(({ pid }) => pid === Number(tid))
    const fields = status.get(Number(tid))
    // Tasks of the tools that wrote the truth have ended.
    if (task === undefined || fields === undefined) continue
    const numbers = rest.split(' ').map(Number)
    const details = sched.task(Number(tid))
    expect({
      ppid: details.task.parentPid,
      pgrp: details.processGroup,
      session: details.session,
      priority: details.priority - 100,
      nice: details.nice,
      threads: details.threads,
      rtPriority: details.realtimePriority,
      allowed: details.allowedCpus?.join(),
    }).toEqual({
      ppid: numbers[0],
      pgrp: numbers[1],
      session: numbers[2],
      priority: numbers[14],
      nice: numbers[15],
      threads: numbers[16],
      rtPriority: numbers[36],
      allowed: expand(fields.get('Cpus_allowed_list') ?? ''),
    })
    grown(
      [details.voluntarySwitches, details.involuntarySwitches],
      [fields.get('voluntary_ctxt_switches'), fields.get('nonvoluntary_ctxt_switches')].map((text) =>
        BigInt(text ?? -1),
      ),
      100_000n,
    )
    compared++
  }
  expect(compared).toBeGreaterThan(40)
  expect(sched.problems).toEqual([])
}

function statusOf(text: string): Map<number, Map<string, string>> {
  const tasks = new Map<number, Map<string, string>>()
  for (const line of text.split('\n')) {
    const [, tid = '', key = '', value = ''] = /^\d+\/task\/(\d+)\/status:(\w+):\s*(.*)$/.exec(line) ?? []
    const fields = tasks.get(Number(tid)) ?? new Map<string, string>()
    tasks.set(Number(tid), fields.set(key, value))
  }
  return tasks
}

/** "0-2,5" as "0,1,2,5". */
function expand(list: string): string {
  return list
    .split(',')
    .flatMap((part) => {
      const [first = 0, last = first] = part.split('-').map(Number)
      return Array.from({ length: last - first + 1 }, (_, i) => first + i)
    })
    .join()
}
