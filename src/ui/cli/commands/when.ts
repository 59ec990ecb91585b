import { jsonText } from '../../../contract/json.js'
import { CryoscopeError } from '../../../errors.js'
import '../../../history/attach.js'
import type { Condition } from '../../../history/when.js'
import { escapeText } from '../../../text.js'
import { defineCommand, required } from '../definition.js'
import { interruptible } from '../interruptible.js'
import { parseWhole } from '../numbers.js'
import { addSpanOptions, momentText, recordingHelp, type SpanWords, spanOf } from '../span-words.js'
import { withSession } from '../target.js'

interface Options extends SpanWords {
  readonly every?: string
}

export const when = defineCommand<Options>({
  configure(command) {
    command
      .argument('<target>', recordingHelp)
      .argument('<code>', 'a TypeScript expression over vm')
      .option('--every <n>', 'instructions from one look to the next (default 1048576)')
    addSpanOptions(command)
    command.addHelpText(
      'after',
      `
The run is looked at in equal distances; where the expression is true at one look and was not at the one before, the
place between is found to the block of instructions. What is true only between two looks is not seen. Exit status 1:
it was true at none.`,
    )
  },
  async run(call) {
    const { output, options } = call
    const condition = await conditionOf(required(call, 1))
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

/** Makes a function of an expression of TypeScript. */
async function conditionOf(code: string): Promise<Condition> {
  const { default: typescript } = await import('typescript')
  const { outputText, diagnostics } = typescript.transpileModule(`(vm) => (${code}\n)`, {
    reportDiagnostics: true,
    compilerOptions: { target: typescript.ScriptTarget.ES2022 },
  })
  const [mistake] = diagnostics ?? []
  if (mistake !== undefined) {
    const why = typescript.flattenDiagnosticMessageText(mistake.messageText, ' ')
    throw new CryoscopeError('usage', `${escapeText(code)} is no expression: ${escapeText(why)}`)
  }
  return new Function(`return ${outputText}`)() as Condition
}
