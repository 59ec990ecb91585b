import { jsonText } from '../../../contract/json.js'
import { type ListedMap, mapColumns } from '../../../present/columns/maps.js'
import { defineCommand, required } from '../definition.js'
import type { Output } from '../output.js'
import { printRows } from '../table.js'
import { noteProblems, targetHelp, withTarget } from '../target.js'

export const maps = defineCommand<{ json?: boolean }>({
  configure(command) {
    command.argument('<target>', targetHelp).option('--json', 'print one JSON document')
  },
  async run(call) {
    const { output, options } = call
    await withTarget(required(call, 0), output, async (session) => {
      const found = session.maps
      if (options.json) await output.line(jsonText(found))
      else await printMaps(output, found)
      noteProblems(output, session.problems)
    })
    return 0
  },
})

export async function printMaps(output: Output, found: readonly ListedMap[]): Promise<void> {
  if (found.length === 0) output.note('this kernel holds no BPF map')
  else await printRows(output, mapColumns, found)
}
