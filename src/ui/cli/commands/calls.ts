import '../../../history/attach.js'
import { nanosecondsText } from '../../../units.js'
import { defineCommand, required } from '../definition.js'
import { interruptible } from '../interruptible.js'
import {
  addSpanOptions,
  printEvents,
  recordingHelp,
  type SpanWords,
  spanOf,
  withoutTag,
} from '../span-words.js'
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
        const more = ['CALLER', 'ARGUMENTS', 'RESULT', 'TOOK']
        await printEvents(output, events, options.json === true, more, (event) => {
          const { args, result } = event.toJSON() as { args: object; result: unknown }
          const words = Object.entries(args).map(([name, value]) => `${name}=${briefly(value)}`)
          const { caller, duration } = event
          return [
            withoutTag(caller) ?? '',
            words.join(' '),
            result === null ? '' : briefly(result),
            duration === undefined ? 'not back yet' : nanosecondsText(BigInt(duration.ns)),
          ]
        })
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
