import { CryoscopeError } from '../../../errors.js'
import { writeOutputFile } from '../../../output-file.js'
import { escapeText } from '../../../text.js'
import { defineCommand, required } from '../definition.js'
import { parseWhole } from '../numbers.js'
import { reportTargetHelp, withReport } from '../report-source.js'
import { onlyProvenOption, type PointerOptions } from '../target.js'

interface Options extends PointerOptions {
  readonly json?: boolean
  readonly html?: string
  readonly limit?: string
}

export const report = defineCommand<Options>({
  configure(command) {
    command
      .argument('<target>', reportTargetHelp)
      .option('--json', 'print one JSON document, with every entry of every map (docs/report.md)')
      .option(...onlyProvenOption)
      .option('--html <file>', 'write a page that needs nothing else')
      .option(
        '--limit <n>',
        'entries shown of each map, elements of each allocator, lines of the log; or all',
      )
  },
  async run(call) {
    const { output, options } = call
    if (options.json && options.html !== undefined)
      throw new CryoscopeError('usage', '--json and --html exclude each other: take one of them')
    if (options.json && options.limit !== undefined)
      throw new CryoscopeError('usage', '--limit is for people; JSON has everything')
    const limit =
      options.limit === undefined
        ? undefined
        : options.limit === 'all'
          ? Number.POSITIVE_INFINITY
          : parseWhole(options.limit, '--limit')
    const shown = limit === undefined ? {} : { limit }
    await withReport(
      required(call, 0),
      output,
      async (found) => {
        if (options.json) for (const piece of found.json()) await output.write(piece)
        else if (options.html !== undefined) {
          await writeOutputFile(options.html, found.html(shown), { isSecret: true })
          output.note(`wrote ${escapeText(options.html)}`)
        } else
          for (const piece of linesInPieces(found.text({ columns: output.columns, ...shown })))
            await output.write(piece)
      },
      options,
    )
    return 0
  },
})

/** Writing is a turn of the event loop: not one for each line. */
function* linesInPieces(lines: Iterable<string>): Generator<string> {
  let text = ''
  for (const line of lines) {
    text += `${line}\n`
    if (text.length < 64 * 1024) continue
    yield text
    text = ''
  }
  yield text
}
