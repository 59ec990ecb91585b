import { CryoscopeError } from '../../../errors.js'
import '../../../history/attach.js'
import { escapeText } from '../../../text.js'
import { defineCommand, required } from '../definition.js'
import { interruptible } from '../interruptible.js'
import { parseDuration } from '../record-words.js'
import { progressOf, type SpanWords, spanOf } from '../span-words.js'
import { noteProblems, targetHelp, withSession } from '../target.js'

interface Options extends Omit<SpanWords, 'json'> {
  readonly output?: string
  readonly for?: string
  readonly every?: string
}

export const trace = defineCommand<Options>({
  configure(command) {
    command
      .argument('<target>', `a recording (cryoscope record), or a guest that runs: ${targetHelp}`)
      .requiredOption('-o, --output <file>', 'the trace that is written, for ui.perfetto.dev')
      .option('--from <time>', 'of a recording: from here on (default: start)')
      .option('--to <time>', 'of a recording: up to here (default: end)')
      .option('--for <time>', 'of a guest: how long to look at it (default 200ms)')
      .option('--every <time>', 'of a guest: from one look to the next (default 1ms)')
  },
  async run(call) {
    const { output, options } = call
    const file = options.output ?? ''
    return await interruptible((signal) =>
      withSession(required(call, 0), output, async (vm) => {
        const isRecord = vm.target.record !== undefined
        const { from, to, for: length, every } = options
        const wrong = isRecord ? [length, every] : [from, to]
        if (wrong.some((word) => word !== undefined)) {
          const words = isRecord
            ? '--from and --to say which part of a recording'
            : '--for and --every are for guests'
          throw new CryoscopeError('usage', `${words}; the other two options are not for this target`)
        }
        const { timelineOf } = await import('../../../history/timeline.js')
        const { sampleTimeline } = await import('../../../history/sampled-timeline.js')
        const timeline = isRecord
          ? await timelineOf(vm, spanOf(options, output, signal))
          : await sampleTimeline(vm, {
              ...(length === undefined ? {} : { forMs: parseDuration(length) }),
              ...(every === undefined ? {} : { everyUs: parseDuration(every, '--every') * 1000 }),
              signal,
              onProgress: progressOf(output, (total) => `of ${(total / 1e6).toFixed(0)} ms`),
            })
        const { writePerfetto } = await import('../../perfetto.js')
        await writePerfetto(timeline, vm.target.name, file)
        const spans = timeline.cpus.reduce(
          (sum, { tasks, programs }) => sum + tasks.length + programs.length,
          0,
        )
        await output.line(
          `${escapeText(file)}: ${spans} slices, ${timeline.counters.length} counters, ${timeline.how}`,
        )
        noteProblems(output, [...vm.problems, ...timeline.problems.sentences])
        return 0
      }),
    )
  },
})
