import { jsonText } from '../../../contract/json.js'
import { contextHeading, contextValueText } from '../../../present/text/task-context.js'
import type { Session } from '../../../session/session.js'
import { escapeText } from '../../../text.js'
import { defineCommand, required } from '../definition.js'
import { parseWhole } from '../numbers.js'
import type { PointerOptions } from '../target.js'
import { noteProblems, objectOption, onlyProvenOption, targetHelp, withTarget } from '../target.js'
import { problemLines } from './why.js'

export const context = defineCommand<PointerOptions & { json?: boolean }>({
  configure(command) {
    command
      .argument('<target>', targetHelp)
      .argument('<pid>', 'the task (cryoscope tasks)')
      .option(...objectOption)
      .option(...onlyProvenOption)
      .option('--json', 'print one JSON document')
  },
  async run(call) {
    const { output, options } = call
    const pid = parseWhole(required(call, 1), 'PID')
    const show = async (session: Session): Promise<void> => {
      const found = session.context(pid)
      if (options.json) await output.line(jsonText(found))
      else {
        const { name, pid: number } = found.task
        const { seen, isWhole } = found.items
        const who = escapeText(`${name} (pid ${number})`)
        for (const [index, item] of seen.entries()) {
          if (index > 0) await output.line('')
          await output.line(output.bold(contextHeading(item)))
          await output.line(escapeText(item.how))
          await output.line(contextValueText(item, output.columns))
        }
        if (seen.length === 0)
          await output.line(
            isWhole ? `BPF keeps nothing of ${who}.` : `Nothing that BPF keeps of ${who} was found.`,
          )
      }
      noteProblems(output, problemLines(found.problems))
    }
    await withTarget(required(call, 0), output, show, options)
    return 0
  },
})
