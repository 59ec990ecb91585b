import { jsonText } from '../../../contract/json.js'
import { infoPairs } from '../../../present/info.js'
import { pairLines } from '../../../present/text/lines.js'
import { describeInfo } from '../../../session/info.js'
import { escapeText } from '../../../text.js'
import { defineCommand, required } from '../definition.js'
import { noteProblems, targetHelp, withTarget } from '../target.js'

export const info = defineCommand<{ json?: boolean }>({
  configure(command) {
    command.argument('<target>', targetHelp).option('--json', 'print one JSON document')
  },
  async run(call) {
    const start = performance.now()
    const { output, options } = call
    await withTarget(required(call, 0), output, async (session) => {
      const found = describeInfo(session, start)
      if (options.json) await output.line(jsonText(found))
      else {
        await output.line(pairLines(infoPairs(found), output.columns).join('\n'))
        const how = found.facts.map((each) => [escapeText(each.fact), escapeText(each.how)] as const)
        await output.line(`\n${output.bold('How it is known')}\n${pairLines(how, output.columns).join('\n')}`)
        noteProblems(output, found.problems)
      }
    })
    return 0
  },
})
