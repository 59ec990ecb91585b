import { jsonText } from '../../../contract/json.js'
import { CryoscopeError } from '../../../errors.js'
import '../../../history/attach.js'
import type { SeriesTimes } from '../../../history/series.js'
import { terminalCells } from '../../../present/columns/column.js'
import { escapeText } from '../../../text.js'
import { pointColumns } from '../../event-columns.js'
import { questionOf } from '../code-words.js'
import { defineCommand, required } from '../definition.js'
import { interruptible } from '../interruptible.js'
import { parseWhole } from '../numbers.js'
import { parseDuration } from '../record-words.js'
import { addSpanOptions, recordingHelp, type SpanWords, spanOf } from '../span-words.js'
import { printTable } from '../table.js'
import { noteProblems, withSession } from '../target.js'

interface Options extends SpanWords {
  readonly at?: string
  readonly limit?: string
}

export const series = defineCommand<Options>({
  configure(command) {
    command
      .argument('<target>', recordingHelp)
      .argument('<code>', 'a TypeScript expression over vm')
      .option('--at <when>', 'change (the default), a distance such as 1ms or 50us, or call:FUNCTION')
      .option('--limit <n>', 'looks at most (default 20000)')
    addSpanOptions(command)
    command.addHelpText(
      'after',
      `
With --at change the expression is asked again after each write to what it read: every value that it had is there, with the
task and the instruction that changed it.`,
    )
  },
  async run(call) {
    const { output, options } = call
    const question = await questionOf(required(call, 1))
    const limit = options.limit === undefined ? {} : { limit: parseWhole(options.limit, '--limit', 1) }
    const at = timesOf(options.at ?? 'change')
    return await interruptible((signal) =>
      withSession(required(call, 0), output, async (vm) => {
        const found = await vm.series(question, { ...spanOf(options, output, signal), ...limit, at })
        if (options.json) await output.line(jsonText(found.toJSON()))
        else
          await printTable(
            output,
            pointColumns,
            found.points.map((point) => terminalCells(pointColumns, point)),
          )
        noteProblems(output, [...vm.problems, ...found.problems.sentences])
        return 0
      }),
    )
  },
})

function timesOf(text: string): SeriesTimes {
  if (text === 'change') return text
  const [, name] = /^call:(.+)$/.exec(text) ?? []
  if (name !== undefined) return { call: name }
  if (/^\d/.test(text)) return { ms: parseDuration(text, '--at') }
  throw new CryoscopeError(
    'usage',
    `--at is change, a time such as 1ms, or call:FUNCTION, not "${escapeText(text)}"`,
  )
}
