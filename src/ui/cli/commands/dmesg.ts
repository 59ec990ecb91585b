import { jsonText } from '../../../contract/json.js'
import { levelNames, recordJson } from '../../../contract/log.js'
import { CryoscopeError } from '../../../errors.js'
import { formatLog } from '../../../kernel/dmesg.js'
import { escapeLines } from '../../../text.js'
import { defineCommand, required } from '../definition.js'
import { noteProblems, targetHelp, withTarget } from '../target.js'

export const dmesg = defineCommand<{ json?: boolean; level?: string }>({
  configure(command) {
    command
      .argument('<target>', targetHelp)
      .option('--level <level>', `only what is as grave as that, or graver: ${levelNames.join(', ')}`)
      .option('--json', 'print one JSON document')
  },
  async run(call) {
    const { output, options } = call
    const most = options.level === undefined ? 7 : levelOf(options.level)
    await withTarget(required(call, 0), output, async (session) => {
      const records = session.dmesg.filter(({ level }) => level <= most)
      if (options.json) await output.line(jsonText(records.map(recordJson)))
      else await output.write(escapeLines(formatLog(records).replaceAll('\t', '        ')))
      noteProblems(output, session.problems)
    })
    return 0
  },
})

function levelOf(text: string): number {
  const level = (levelNames as readonly string[]).indexOf(text)
  if (level >= 0) return level
  if (/^[0-7]$/.test(text)) return Number(text)
  throw new CryoscopeError('usage', `--level is one of ${levelNames.join(', ')}, or 0 to 7`)
}
