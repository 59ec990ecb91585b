import { jsonText } from '../../../contract/json.js'
import { arenaColumns } from '../../../present/columns/arenas.js'
import { noneFound } from '../../../present/none-found.js'
import { problemText } from '../../../problems.js'
import { defineCommand, required } from '../definition.js'
import { printRows } from '../table.js'
import { noteProblems, targetHelp, withTarget } from '../target.js'

export const arenas = defineCommand<{ json?: boolean }>({
  configure(command) {
    command.argument('<target>', targetHelp).option('--json', 'print one JSON document')
  },
  async run(call) {
    const { output, options } = call
    await withTarget(required(call, 0), output, async (session) => {
      const found = session.arenas
      if (options.json) await output.line(jsonText(found))
      else if (found.length === 0)
        output.note(noneFound(session.problems, 'BPF arena', 'this kernel holds no BPF arena'))
      else await printRows(output, arenaColumns, found)
      noteProblems(output, [
        ...session.problems,
        ...found.flatMap(({ problems }) => problems.map(problemText)),
      ])
    })
    return 0
  },
})
