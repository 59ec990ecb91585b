import { expect } from 'vitest'
import type { ContextItem, TaskContext } from '../../../src/session/task-context.js'
import type { TaskStruct } from '../../../src/session/typed.js'
import type { Desk } from '../../../src/ui/tui/model/desk.js'
import { taskView } from '../../../src/ui/tui/panes/tasks.js'
import type { StructValue } from '../../../src/value/types.js'
import type { Comparison, Truth } from './demo-guest.js'

/** What BPF keeps of tasks, against bpftool's dump of the map that has the same in the demo. */
export const taskContextComparisons: readonly Comparison[] = [
  ['finds all that BPF keeps of a task, as bpftool dumps it', taskContexts],
  ['shows what BPF keeps of a task on its page', taskPage],
]

function taskPage({ session }: Truth): void {
  // Tasks end, and their entries stay.
  const pids = new Set([...session.map('pid_stats').entries()].map(({ key }) => Number(key.json)))
  const task = session.tasks.find(({ pid }) => pids.has(pid))
  if (task === undefined) throw new Error('no pid of pid_stats is a task')
  const desk = { vm: session, columns: 120 } as unknown as Desk
  const view = taskView(desk, { kind: 'task', pid: task.pid })
  const { rows: closed } = view.load(new Set())
  const all = Array.from({ length: closed.length }, (_, i) => closed.at(i))
  const kept = all.find((row) => row?.cells[0] === 'BPF keeps')
  const { rows } = view.load(new Set([kept?.id ?? '']))
  const names = Array.from({ length: rows.length }, (_, i) => rows.at(i)?.cells[0])
  const heading = (name: string): string => `${name} (${session.map(name).id})`
  expect(names).toEqual(
    expect.arrayContaining([
      `task storage ${heading('scx_task_map')}`,
      `map entry ${heading('pid_stats')}, key ${task.pid}`,
      `arena ${heading('arena')}`,
      'nr_enqueued',
    ]),
  )
}

interface ToolEntry {
  readonly formatted: { readonly key: number; readonly value: Readonly<Record<string, unknown>> }
}

/** Tasks that are compared: each takes a walk of every map. */
const compared = 40

function taskContexts({ session, truth }: Truth): void {
  const map = session.map('pid_stats')
  const dumped = new Map(
    truth.json<ToolEntry[]>(`map/${map.id}.json`).map(({ formatted }) => [formatted.key, formatted.value]),
  )
  expect(dumped.size).toBeGreaterThan(10)
  const tasks = session.tasks.filter(({ pid }) => dumped.has(pid))
  expect(tasks.length).toBeGreaterThan(10)
  const step = Math.ceil(tasks.length / compared)
  const kinds = new Set<string>()
  for (const task of tasks.filter((_, i) => i % step === 0)) {
    const context = session.context(task.pid)
    expect(context.problems, `task ${task.pid}`).toEqual([])
    const json = JSON.parse(JSON.stringify(context)) as readonly Record<string, unknown>[]
    for (const { kind } of json) kinds.add(String(kind))

    const [stats, ...others] = context.of('pid_stats')
    expect(others).toEqual([])
    expect(stats).toMatchObject({ kind: 'map_entry', how: expect.stringMatching(/^its key is \d+, which/) })
    const told = json.find((item) => item.map === 'pid_stats')?.value as Record<string, unknown>
    const expected = dumped.get(task.pid) ?? {}
    for (const [name, value] of Object.entries(expected))
      if (typeof value === 'number' && Number.isSafeInteger(value))
        expect(plain(told[name]), name).toBe(value)

    const [storage] = context.of('scx_task_map')
    expect(storage?.value).toMatchObject({ pid: task.pid, tptr: task.address })
    const own = context.items.seen.filter(({ kind }) => kind === 'arena')
    expect(own).toHaveLength(1)
    expect(own[0]).toMatchObject({ map: 'arena', how: expect.stringMatching(/points at it.*its member pid/) })
    expect(own[0]?.value).toMatchObject({ pid: task.pid, tgid: task.tgid, task: task.address })
    // The same from the task's value, and through an integer that is known to hold its address.
    const value = session.task(task.pid) as unknown as TaskStruct
    expect(keysOf(value.$bpf)).toEqual(keysOf(context))
    const stored = storage?.value as StructValue | undefined
    const pointer = stored?.$member('tptr') as unknown as TaskStruct
    expect(keysOf(pointer.$bpf)).toEqual(keysOf(context))
    sameQueue(context.items.seen, session.sched.queues, task.address)
  }
  expect([...kinds]).toEqual(expect.arrayContaining(['task_storage', 'map_entry', 'arena']))
}

function keysOf({ items }: TaskContext): unknown {
  return items.seen.map(({ kind, map, address, how }) => ({ kind, map, address, how }))
}

/** Integers in which the demo keeps pointers are shown as such; bpftool knows nothing of that. */
function plain(value: unknown): unknown {
  const isPointer = typeof value === 'object' && value !== null && 'pointer' in value
  return isPointer ? Number(value.pointer) : value
}

function sameQueue(
  items: readonly ContextItem[],
  queues: Truth['session']['sched']['queues'],
  address: bigint,
): void {
  const expected = queues.filter(({ tasks }) => tasks.some((task) => task.address === address))
  const found = items.filter(({ kind }) => kind === 'dsq')
  const listed = found.filter(({ position }) => position !== undefined)
  expect(listed.map(({ queue }) => queue?.name)).toEqual(expected.map(({ name }) => name))
  // A stop may come between the two steps in which a CPU moves a task from one queue to another.
  for (const { position, how } of found)
    if (position === undefined)
      expect(how).toMatch(/whose list does not have it: the task is just being moved/)
}
