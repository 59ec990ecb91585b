import { jsonText } from '../../../contract/json.js'
import '../../../history/attach.js'
import { placeOfText } from '../../../history/place-text.js'
import { escapeText } from '../../../text.js'
import { defineCommand, required } from '../definition.js'
import { interruptible } from '../interruptible.js'
import {
  addSpanOptions,
  changeText,
  recordingHelp,
  type SpanWords,
  secondsText,
  spanOf,
  withoutTag,
} from '../span-words.js'
import { printTable } from '../table.js'
import { noteProblems, withSession } from '../target.js'

interface Options extends SpanWords {
  readonly as?: string
}

const headings = ['TIME', 'CPU', 'TASK', 'WHERE', 'CHANGE'].map((title, index) => ({
  title,
  rigid: index === 0,
}))

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
        if (options.json) await output.line(jsonText(events.map((event) => event.toJSON())))
        else {
          await printTable(
            output,
            headings,
            events.map((event) => {
              const { before, after } = event.toJSON() as { before: unknown; after: unknown }
              return [
                secondsText(event.time),
                String(event.cpu),
                event.pid === undefined ? '' : escapeText(`${event.comm} (${event.pid})`),
                escapeText(withoutTag(event.where) ?? `0x${event.address.toString(16)}`),
                escapeText(changeText(event.member, before, after)),
              ]
            }),
          )
        }
        noteProblems(output, [...vm.problems, ...problems.sentences])
        return 0
      }),
    )
  },
})
