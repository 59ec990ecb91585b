import { jsonText } from '../../../contract/json.js'
import { type ListedMap, mapColumns } from '../../../present/columns/maps.js'
import { noneFound } from '../../../present/none-found.js'
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
      else await printMaps(output, session)
      noteProblems(output, session.problems)
    })
    return 0
  },
})

/** What maps there are; that there is none only where nothing could not be read. */
export async function printMaps(
  output: Output,
  { maps: found, problems }: { readonly maps: readonly ListedMap[]; readonly problems: readonly string[] },
): Promise<void> {
  if (found.length === 0) output.note(noneFound(problems, 'BPF map', 'this kernel holds no BPF map'))
  else await printRows(output, mapColumns, found)
}
