import { jsonText } from '../../../contract/json.js'
import { pairLines } from '../../../present/text/lines.js'
import { escapeText } from '../../../text.js'
import { defineCommand, required } from '../definition.js'
import { parseWhole } from '../numbers.js'
import { noteProblems, targetHelp, withTarget } from '../target.js'

export const why = defineCommand<{ json?: boolean }>({
  configure(command) {
    command
      .argument('<target>', targetHelp)
      .argument('<pid>', 'the task (cryoscope tasks)')
      .option('--json', 'print one JSON document: the sentences with the facts they rest on')
  },
  async run(call) {
    const { output, options } = call
    const pid = parseWhole(required(call, 1), 'PID')
    await withTarget(required(call, 0), output, async (session) => {
      const found = session.why(pid)
      if (options.json) await output.line(jsonText(found))
      else {
        const sentences = found.reasons.map(({ sentence }) => ['-', escapeText(sentence)] as const)
        await output.line([output.bold(found.verdict), ...pairLines(sentences, output.columns)].join('\n'))
        noteProblems(output, problemLines(found.problems))
      }
    })
    return 0
  },
})

export function problemLines(
  problems: readonly { readonly where: string; readonly why: string }[],
): string[] {
  return problems.map(({ where, why }) => escapeText(`${where}: ${why}`))
}
