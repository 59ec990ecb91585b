import { jsonText } from '../../../contract/json.js'
import '../../../history/attach.js'
import { momentText } from '../../event-columns.js'
import { questionOf } from '../code-words.js'
import { defineCommand, required } from '../definition.js'
import { interruptible } from '../interruptible.js'
import { parseWhole } from '../numbers.js'
import { addSpanOptions, recordingHelp, type SpanWords, spanOf } from '../span-words.js'
import { withSession } from '../target.js'

interface Options extends SpanWords {
  readonly every?: string
}

export const when = defineCommand<Options>({
  configure(command) {
    command
      .argument('<target>', recordingHelp)
      .argument('<code>', 'a TypeScript expression over vm')
      .option('--every <n>', 'look only in distances of so many instructions: faster where much is written')
    addSpanOptions(command)
    command.addHelpText(
      'after',
      `
The expression is asked where the part begins and after each write to what it read, so that the moment is exact to the
block of instructions. With --every, and where it reads registers or too much memory, it is looked at in equal distances,
and what is true only between two looks is not seen. Exit status 1: it was true at none.`,
    )
  },
  async run(call) {
    const { output, options } = call
    const condition = await questionOf(required(call, 1))
    const every = options.every === undefined ? {} : { every: parseWhole(options.every, '--every', 1) }
    return await interruptible((signal) =>
      withSession(required(call, 0), output, async (vm) => {
        const found = await vm.when(condition, { ...spanOf(options, output, signal), ...every })
        if (options.json) await output.line(jsonText(found?.toJSON() ?? null))
        else if (found !== undefined) await output.line(momentText(found.time))
        else output.note('it was true at no look')
        return found === undefined ? 1 : 0
      }),
    )
  },
})
