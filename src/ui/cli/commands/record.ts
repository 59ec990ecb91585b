import { CryoscopeError } from '../../../errors.js'
import '../../../history/attach.js'
import type { Command } from 'commander'
import { escapeText } from '../../../text.js'
import { momentText } from '../../event-columns.js'
import { defineCommand } from '../definition.js'
import { interruptible } from '../interruptible.js'
import { addRunOptions, type RunOptionWords, runGuest, runMilliseconds } from '../record-words.js'
import { runsPreparer } from '../run-words.js'

interface Options extends RunOptionWords {
  readonly output?: string
}

export const record = defineCommand<Options>({
  configure,
  prepare: runsPreparer(configure),
  async run({ options, output }) {
    const { output: file } = options
    if (file === undefined) throw new CryoscopeError('usage', 'record needs a file to write: -o run.cryo')
    const milliseconds = runMilliseconds(options)
    const { boot } = await import('../../../session/guest.js')
    await interruptible(async (signal) => {
      const wanted = await runGuest(options, {
        signal,
        onProgress: (sentence) => output.progress(sentence),
      })
      const session = await boot({ ...wanted, deterministic: true })
      try {
        output.progress(`running for ${milliseconds} ms of the guest's time`)
        await session.advance({ ms: milliseconds }, { signal })
        await session.record(file)
        await output.line(`${escapeText(file)} up to ${momentText(session.time)}`)
      } finally {
        await session.close()
      }
    })
    return 0
  },
})

function configure(command: Command): void {
  command.requiredOption('-o, --output <file>', 'the recording that is written')
  addRunOptions(command, 'how long to run')
}
