import { CryoscopeError } from '../../../errors.js'
import '../../../history/attach.js'
import { Command, Option } from 'commander'
import type { BootOptions } from '../../../machine/options.js'
import { escapeText } from '../../../text.js'
import { demoGuest } from '../../../ui/demo-guest.js'
import { addGuestOptions, type GuestWords, guestOptions } from '../boot-words.js'
import { defineCommand } from '../definition.js'
import { interruptible } from '../interruptible.js'
import { takeRuns } from '../run-words.js'
import { momentText } from '../span-words.js'

interface Options extends GuestWords {
  readonly output?: string
  readonly for?: string
  readonly demo?: boolean
  readonly file?: readonly string[]
  readonly script?: string
  readonly waitFor?: string
  readonly runs?: string
}

const usualMilliseconds = 2000

export const record = defineCommand<Options>({
  configure,
  prepare(words) {
    const known = optionWords()
    const { rest, runs } = takeRuns(words, (word) => known.has(word.split('=')[0] ?? word))
    return runs.length === 0 ? rest : [...rest, `--runs=${JSON.stringify(runs)}`]
  },
  async run({ options, output }) {
    const { output: file } = options
    if (file === undefined) throw new CryoscopeError('usage', 'record needs a file to write: -o run.cryo')
    const milliseconds = options.for === undefined ? usualMilliseconds : parseDuration(options.for)
    const { boot } = await import('../../../session/guest.js')
    await interruptible(async (signal) => {
      const plain = {
        ...readOptions(options),
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
    .option('--demo', 'record the demo guest')
    .option('--run <words...>', 'start a program of this machine in the guest (as boot does)')
    .addOption(new Option('--runs <json>').hideHelp())
  addGuestOptions(command)
  command
    .option('--file <host:guest>', 'copy a file or directory into the guest (may be repeated)', collect)
    .option('--script <file>', "run this script last in the guest's init")
    .option('--wait-for <text>', 'the guest is ready when its console shows this')
}

function collect(word: string, before: readonly string[] = []): string[] {
  return [...before, word]
}

function optionWords(): Set<string> {
  const command = new Command()
  configure(command)
  const words = command.options
    .flatMap(({ long, short }) => [long, short])
    .filter((word) => word !== undefined)
  return new Set(['--help', ...(words as string[])])
}

function readOptions(options: Options): BootOptions {
  const { file, script, waitFor, runs } = options
  return {
    ...guestOptions(options),
    ...(runs === undefined ? {} : { run: JSON.parse(runs) as string[][] }),
    ...(file === undefined ? {} : { files: file }),
    ...(script === undefined ? {} : { script }),
    ...(waitFor === undefined ? {} : { waitFor }),
  }
}

/** "500ms", "5s" in milliseconds. */
function parseDuration(text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(text) ?? []
  const number = Number(digits) * (unit === 's' ? 1000 : 1)
  if (number > 0) return number
  throw new CryoscopeError('usage', `--for takes a time such as 500ms or 5s, not "${escapeText(text)}"`)
}
