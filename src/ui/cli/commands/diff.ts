import { jsonText } from '../../../contract/json.js'
import { defineCommand, required } from '../definition.js'
import { parseWhole } from '../numbers.js'
import { reportTargetHelp, withReport } from '../report-source.js'

interface Options {
  readonly json?: boolean
  readonly all?: boolean
  readonly limit?: string
}

export const diff = defineCommand<Options>({
  configure(command) {
    command
      .argument('<before>', reportTargetHelp)
      .argument('<after>', 'the same, of later')
      .option('--all', 'clocks, counters and registers too, which differ whenever the guest ran')
      .option('--limit <n>', 'differences shown of each section')
      .option('--json', 'print one JSON document, with every difference')
  },
  async run(call) {
    const { output, options } = call
    const limit = options.limit === undefined ? {} : { limit: parseWhole(options.limit, '--limit') }
    await withReport(required(call, 0), output, (before) =>
      withReport(required(call, 1), output, async (after) => {
        const found = after.diff(before)
        if (options.json) await output.line(jsonText(found))
        else await output.line(found.text({ columns: output.columns, all: options.all ?? false, ...limit }))
      }),
    )
    return 0
  },
})
