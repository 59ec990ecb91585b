import { hexAddress, jsonText } from '../../../contract/json.js'
import { taskJson } from '../../../contract/tasks.js'
import { CryoscopeError } from '../../../errors.js'
import type { Task } from '../../../kernel/tasks.js'
import { taskColumns } from '../../../present/columns/tasks.js'
import type { Session } from '../../../session/session.js'
import { escapeText } from '../../../text.js'
import { isUnreadable } from '../../../value/unreadable.js'
import { defineCommand, required } from '../definition.js'
import { parseWhole } from '../numbers.js'
import { printRows } from '../table.js'
import { noteProblems, targetHelp, withTarget } from '../target.js'

export const tasks = defineCommand<{ json?: boolean }>({
  configure(command) {
    command
      .argument('<target>', targetHelp)
      .argument('[pid]', 'show the task_struct of this task')
      .option('--json', 'print one JSON document')
  },
  async run(call) {
    const { output, options } = call
    const pid = call.args[1] === undefined ? undefined : parseWhole(call.args[1], 'PID')
    await withTarget(required(call, 0), output, async (session) => {
      if (pid !== undefined) {
        const task = findTask(session, pid)
        const value = session.at(task.address, 'struct task_struct')
        if (isUnreadable(value)) throw new CryoscopeError('unreadable', `task ${pid}: ${value.$reason}`)
        if (options.json) await output.line(jsonText({ ...taskJson(task), task_struct: value }))
        else {
          const text =
            typeof value === 'object' && '$format' in value
              ? value.$format({ columns: output.columns, showZero: false })
              : String(value)
          await output.line(`${taskLine(task)}\n${text}`)
        }
      } else {
        const found = session.tasks
        if (options.json) await output.line(jsonText(found.map(taskJson)))
        else await printRows(output, taskColumns, found)
      }
      noteProblems(output, session.problems)
    })
    return 0
  },
})

function findTask(session: Session, pid: number): Task {
  const task = session.tasks.find((candidate) => candidate.pid === pid)
  if (task !== undefined) return task
  throw new CryoscopeError('not-found', `there is no task with pid ${pid}; "cryoscope tasks" lists them`)
}

function taskLine(task: Task): string {
  const cpu = task.cpu === undefined ? '' : `, ${runs(task.isRunning)} on CPU ${task.cpu}`
  return escapeText(
    `${task.name} (pid ${task.pid}), state ${task.state}${cpu}, at ${hexAddress(task.address)}`,
  )
}

function runs(isRunning: boolean | undefined): string {
  return isRunning === true ? 'running' : isRunning === false ? 'last' : 'running or last'
}
