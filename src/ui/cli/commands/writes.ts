import '../../../history/attach.js'
import { placeOfText } from '../../../history/place-text.js'
import { writeColumns } from '../../event-columns.js'
import { defineCommand, required } from '../definition.js'
import { interruptible } from '../interruptible.js'
import { addSpanOptions, printEvents, recordingHelp, type SpanWords, spanOf } from '../span-words.js'
import { noteProblems, withSession } from '../target.js'

interface Options extends SpanWords {
  readonly as?: string
}

export const writes = defineCommand<Options>({
  configure(command) {
    command
      .argument('<target>', recordingHelp)
      .argument('<place>', 'jiffies_64, init_task.comm, map:NAME[KEY].member, or an address with --as')
      .option('--as <type>', 'of what lies there: u64, struct rq')
    addSpanOptions(command)
  },
  async run(call) {
    const { output, options } = call
    return await interruptible((signal) =>
      withSession(required(call, 0), output, async (vm) => {
        const place = placeOfText(vm, required(call, 1), options.as)
        const { events, problems } = await vm.writes(place, spanOf(options, output, signal))
        await printEvents(output, events, options.json === true, writeColumns)
        noteProblems(output, [...vm.problems, ...problems.sentences])
        return 0
      }),
    )
  },
})
