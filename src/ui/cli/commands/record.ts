import { CryoscopeError } from '../../../errors.js'
import '../../../history/attach.js'
import type { Command } from 'commander'
import { escapeText } from '../../../text.js'
import { demoGuest } from '../../../ui/demo-guest.js'
import { addGuestOptions, type GuestWords } from '../boot-words.js'
import { defineCommand } from '../definition.js'
import { interruptible } from '../interruptible.js'
import {
  addDemoOption,
  addProgramOptions,
  type DemoWords,
  type ProgramWords,
  parseDuration,
  programOptions,
} from '../record-words.js'
import { runsPreparer } from '../run-words.js'
import { momentText } from '../span-words.js'

interface Options extends DemoWords, GuestWords, ProgramWords {
  readonly output?: string
  readonly for?: string
}

const usualMilliseconds = 2000

export const record = defineCommand<Options>({
  configure,
  prepare: runsPreparer(configure),
  async run({ options, output }) {
    const { output: file } = options
    if (file === undefined) throw new CryoscopeError('usage', 'record needs a file to write: -o run.cryo')
    const milliseconds = options.for === undefined ? usualMilliseconds : parseDuration(options.for)
    const { boot } = await import('../../../session/guest.js')
    await interruptible(async (signal) => {
      const plain = {
        ...programOptions(options),
        signal,
        onProgress: (sentence: string) => output.progress(sentence),
      }
      const wanted = options.demo ? await demoGuest(plain) : plain
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
  command
    .requiredOption('-o, --output <file>', 'the recording that is written')
    .option(
      '--for <time>',
      "how long to run when the guest is ready, by the guest's clock: 500ms, 5s (default 2s)",
    )
  addDemoOption(command)
  addProgramOptions(command)
  addGuestOptions(command)
}
