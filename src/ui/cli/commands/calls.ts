import { jsonText } from '../../../contract/json.js'
import '../../../history/attach.js'
import { escapeText } from '../../../text.js'
import { nanosecondsText } from '../../../units.js'
import { defineCommand, required } from '../definition.js'
import { interruptible } from '../interruptible.js'
import {
  addSpanOptions,
  recordingHelp,
  type SpanWords,
  secondsText,
  spanOf,
  withoutTag,
} from '../span-words.js'
import { printTable } from '../table.js'
import { noteProblems, withSession } from '../target.js'

const headings = ['TIME', 'CPU', 'TASK', 'CALLER', 'ARGUMENTS', 'RESULT', 'TOOK'].map((title, index) => ({
  title,
  rigid: index === 0,
}))

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
        if (options.json) await output.line(jsonText(events.map((event) => event.toJSON())))
        else {
          await printTable(
            output,
            headings,
            events.map((event) => {
              const { args, result } = event.toJSON() as { args: object; result: unknown }
              const words = Object.entries(args).map(([name, value]) => `${name}=${briefly(value)}`)
              return [
                secondsText(event.time),
                String(event.cpu),
                event.pid === undefined ? '' : escapeText(`${event.comm} (${event.pid})`),
                escapeText(withoutTag(event.caller) ?? ''),
                escapeText(words.join(' ')),
                result === null ? '' : escapeText(briefly(result)),
                event.duration === undefined ? 'not back yet' : nanosecondsText(BigInt(event.duration.ns)),
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

/** Pointers by their address alone. */
function briefly(value: unknown): string {
  const { pointer } = Object(value) as { pointer?: unknown }
  if (typeof pointer === 'string') return pointer
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}
