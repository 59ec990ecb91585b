import { hexAddress } from '../../contract/json.js'
import { taskJson } from '../../contract/tasks.js'
import { CryoscopeError } from '../../errors.js'
import type { Task } from '../../kernel/tasks.js'
import { stackLines } from '../../present/columns/stacks.js'
import { Problems } from '../../problems.js'
import { taskContext } from '../../session/task-context.js'
import { escapeText } from '../../text.js'
import { isUnreadable } from '../../value/unreadable.js'
import type { Directory, Entry } from './node.js'
import { type ProblemNotes, section } from './section.js'
import { jsonFile, placed, textFile, type View } from './view.js'

export function tasksDirectory(view: View): Directory {
  return section({
    title: 'Tasks',
    about:
      'Every thread, one directory each. All idle tasks have pid 0: `0` is the first CPU’s, `0.<cpu>` those of the others.',
    parts: [['<pid>/', 'one thread']],
    commands: ['tasks', 'why'],
    cache: view.cache,
    entries: (notes) => {
      const before = new Set(view.session.problems)
      const found = view.session.tasks
      for (const problem of view.session.problems) if (!before.has(problem)) notes.add('tasks', problem)
      return taskEntries(view, found)
    },
  })
}

function* taskEntries(view: View, found: readonly Task[]): Generator<Entry> {
  const seen = new Set<string>()
  for (const task of found) {
    const plain = String(task.pid)
    const name = !seen.has(plain) ? plain : `${plain}.${task.cpu ?? hexAddress(task.address)}`
    if (seen.has(name)) continue
    seen.add(name)
    yield [name, () => taskDirectory(view, task)]
  }
}

function taskDirectory(view: View, task: Task): Directory {
  const value = () => {
    const found = view.session.at(task.address, 'struct task_struct')
    if (isUnreadable(found)) throw new CryoscopeError('unreadable', `task ${task.pid}: ${found.$reason}`)
    return found
  }
  const attributes = placed('struct task_struct', task.address)
  return section({
    title: `Task ${task.pid}`,
    about: `${escapeText(task.name)}, at ${hexAddress(task.address)}.`,
    commands: ['tasks', 'context', 'why'],
    attributes,
    cache: view.cache,
    entries: (notes) => [
      [
        'task.json',
        jsonFile(
          view,
          'the whole task_struct: `cryoscope tasks TARGET PID --json`',
          () => ({ ...taskJson(task), task_struct: value() }),
          attributes,
        ),
      ],
      [
        'task.txt',
        textFile(view, 'the same as C would write it, members that are zero left out', () =>
          taskText(task, value()),
        ),
      ],
      [
        'context.json',
        jsonFile(view, 'all that BPF keeps of it: `cryoscope context TARGET PID --json`', () =>
          contextJson(view, task, notes),
        ),
      ],
      ['comm', textFile(view, 'its name, as /proc shows it', () => `${escapeText(task.name)}\n`)],
      ['stack', textFile(view, 'its kernel stack, innermost frame first', () => stackText(view, task))],
    ],
  })
}

/** What could not be read for it is noted beside it. */
function contextJson({ session }: View, task: Task, notes: ProblemNotes): unknown {
  const problems = new Problems()
  const context = taskContext(session, task, problems)
  for (const { where, why } of context.problems) notes.add(where, why)
  return context
}

function taskText(task: Task, value: unknown): string {
  const head = `${escapeText(task.name)} (pid ${task.pid}), state ${task.state}, at ${hexAddress(task.address)}`
  const isStruct = typeof value === 'object' && value !== null && '$format' in value
  const text = isStruct
    ? (value.$format as (options: object) => string)({ columns: 120, showZero: false })
    : String(value)
  return `${head}\n${text}\n`
}

/** Of a task that runs, where its vCPU stands comes first: in user space it has no stack. */
function stackText({ session }: View, task: Task): string {
  const vcpu = task.isRunning ? session.vcpus.find(({ cpu }) => cpu === task.cpu) : undefined
  const at = vcpu === undefined ? '' : ` at ${vcpu.where ?? hexAddress(vcpu.rip)}`
  const head = task.isRunning ? [`running on CPU ${task.cpu}${at}`] : []
  const stack = task.isRunning ? vcpu?.stack : session.sched.stack(task.pid)
  const lines = [...head, ...(stack === undefined ? [] : stackLines(stack, '[<0>] '))]
  return lines.map((line) => `${line}\n`).join('')
}
