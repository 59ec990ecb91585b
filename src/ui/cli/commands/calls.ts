import '../../../history/attach.js'
import { callColumns } from '../../event-columns.js'
import { defineCommand, required } from '../definition.js'
import { interruptible } from '../interruptible.js'
import { addSpanOptions, printEvents, recordingHelp, type SpanWords, spanOf } from '../span-words.js'
import { noteProblems, withSession } from '../target.js'

export const calls = defineCommand<SpanWords>({
  configure(command) {
    command
      .argument('<target>', recordingHelp)
      .argument('<function>', 'a function of the kernel, a kfunc, a BPF program, or an address')
    addSpanOptions(command)
  },
  async run(call) {
    const { output, options } = call
    return await interruptible((signal) =>
      withSession(required(call, 0), output, async (vm) => {
        const { events, problems } = await vm.calls(required(call, 1), spanOf(options, output, signal))
        await printEvents(output, events, options.json === true, callColumns)
        noteProblems(output, [...vm.problems, ...problems.sentences])
        return 0
      }),
    )
  },
})
