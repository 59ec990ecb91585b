import { jsonText } from '../../../contract/json.js'
import { progJson } from '../../../contract/programs.js'
import { programColumns } from '../../../present/columns/programs.js'
import { noneFound } from '../../../present/none-found.js'
import { defineCommand, required } from '../definition.js'
import { printRows } from '../table.js'
import { noteProblems, targetHelp, withTarget } from '../target.js'

export const progs = defineCommand<{ json?: boolean }>({
  configure(command) {
    command.argument('<target>', targetHelp).option('--json', 'print one JSON document')
  },
  async run(call) {
    const { output, options } = call
    await withTarget(required(call, 0), output, async (session) => {
      const found = session.progs
      if (options.json) await output.line(jsonText(found.map(progJson)))
      else if (found.length === 0)
        output.note(noneFound(session.problems, 'BPF program', 'this kernel holds no BPF program'))
      else await printRows(output, programColumns, found)
      noteProblems(output, session.problems)
    })
    return 0
  },
})
