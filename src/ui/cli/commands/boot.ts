import { Command, Option } from 'commander'
import { CryoscopeError } from '../../../errors.js'
import { guestArchitectures } from '../../../machine/architecture.js'
import type { BootOptions } from '../../../machine/options.js'
import { addGuestOptions, type GuestWords, guestOptions, oneOf } from '../boot-words.js'
import { showConsole } from '../console.js'
import { defineCommand } from '../definition.js'
import { interruptible } from '../interruptible.js'
import type { Output } from '../output.js'
import { takeRuns } from '../run-words.js'
import { codeOnStdin } from './repl.js'
import { requireTerminal, showTui } from './tui.js'

interface Options extends GuestWords {
  readonly runs?: string
  readonly arch?: string
  readonly file?: readonly string[]
  readonly script?: string
  readonly name?: string
  readonly waitFor?: string
  readonly detach?: string | true
  readonly repl?: boolean
  readonly tui?: boolean
}

export const boot = defineCommand<Options>({
  configure,
  prepare(words) {
    const known = optionWords()
    const { rest, runs } = takeRuns(words, (word) => known.has(word.split('=')[0] ?? word))
    // commander knows no option that ends at the next one: the groups travel as one word.
    return runs.length === 0 ? rest : [...rest, `--runs=${JSON.stringify(runs)}`]
  },
  async run({ options, output }) {
    const bootOptions = readOptions(options)
    if (options.detach !== undefined) {
      const other = options.repl ? '--repl' : options.tui ? '--tui' : undefined
      if (other !== undefined)
        throw new CryoscopeError('usage', `--detach and ${other} exclude each other: take one of them`)
      await detached(bootOptions, output)
      return 0
    }
    if (options.tui) {
      if (options.repl)
        throw new CryoscopeError('usage', '--repl and --tui exclude each other: take one of them')
      return await withTui(bootOptions, output)
    }
    return options.repl || process.stdin.isTTY
      ? await withPrompt(bootOptions, output)
      : await withConsole(bootOptions, output)
  },
})

function configure(command: Command): void {
  command
    .option(
      '--run <words...>',
      'start a program of this machine in the guest, with arguments and the libraries it needs (may be repeated)',
    )
    .addOption(new Option('--runs <json>').hideHelp())
  addGuestOptions(command)
  command
    .option('--arch <kind>', 'amd64 or arm64 (default amd64; a kernel given by its path is what it is)')
    .option('--file <host:guest>', 'copy a file or directory into the guest (may be repeated)', collect)
    .option('--script <file>', "run this script last in the guest's init")
    .option('--name <name>', 'what the guest is called (default vm1, vm2, …)')
    .option('--wait-for <text>', 'the guest is ready when its console shows this')
    .option('--detach [name]', 'leave the guest running, and print its @name')
    .option('--repl', 'open a prompt with vm, or evaluate the script on stdin')
    .option('--tui', 'open the terminal UI')
    .addHelpText(
      'after',
      `
--run takes every word up to the next option of boot, or up to --; arguments that look like
options of boot go in quotes with the program:
  --run ./my_scheduler --verbose --cpus 4        --cpus is an option of boot
  --run "./my_scheduler --verbose --cpus 4"      --cpus goes to the program
Without --detach, --repl and --tui, a terminal gets a prompt; else the guest's console is printed until the
guest ends or Ctrl-C stops it.`,
    )
}

function collect(word: string, before: readonly string[] = []): string[] {
  return [...before, word]
}

/** Every word that ends the arguments of a --run. */
function optionWords(): Set<string> {
  const command = new Command()
  configure(command)
  const words = command.options
    .flatMap(({ long, short }) => [long, short])
    .filter((word) => word !== undefined)
  return new Set(['--help', ...(words as string[])])
}

function readOptions(options: Options): BootOptions {
  const name = typeof options.detach === 'string' ? options.detach : options.name
  if (options.name !== undefined && options.name !== name) {
    throw new CryoscopeError('usage', `--detach=${name} and --name ${options.name} differ: give one of them`)
  }
  const { file, script, waitFor } = options
  return {
    ...guestOptions(options),
    ...(options.arch === undefined ? {} : { arch: oneOf(options.arch, '--arch', guestArchitectures) }),
    ...(options.runs === undefined ? {} : { run: JSON.parse(options.runs) as string[][] }),
    ...(file === undefined ? {} : { files: file }),
    ...(script === undefined ? {} : { script }),
    ...(waitFor === undefined ? {} : { waitFor }),
    ...(name === undefined ? {} : { name: name.replace(/^@/, '') }),
  }
}

async function detached(options: BootOptions, output: Output): Promise<void> {
  const { Machine } = await import('../../../machine/machine.js')
  const machine = await interruptible((signal) =>
    Machine.boot({ ...options, detach: true, signal, onProgress: (sentence) => output.progress(sentence) }),
  )
  await machine.close()
  await output.line(`@${machine.record.name}`)
}

async function withPrompt(options: BootOptions, output: Output): Promise<number> {
  const guest = await import('../../../session/guest.js')
  const code = await codeOnStdin()
  const session = await interruptible((signal) =>
    guest.boot({ ...options, signal, onProgress: (sentence) => output.progress(sentence) }),
  )
  try {
    if (code !== undefined) {
      const { evaluateAndPrint } = await import('../../repl/evaluate.js')
      return await evaluateAndPrint(session, code, { json: false, output })
    }
    const { openPrompt } = await import('../../repl/prompt.js')
    await openPrompt(session)
  } finally {
    await session.close()
  }
  return 0
}

async function withTui(options: BootOptions, output: Output): Promise<number> {
  requireTerminal(output)
  const guest = await import('../../../session/guest.js')
  const session = await interruptible((signal) =>
    guest.boot({ ...options, signal, onProgress: (sentence) => output.progress(sentence) }),
  )
  try {
    await showTui(session)
  } finally {
    await session.close()
  }
  return 0
}

async function withConsole(options: BootOptions, output: Output): Promise<number> {
  if (options.deterministic === true) {
    throw new CryoscopeError(
      'usage',
      'a deterministic guest is looked at: add --repl (code on stdin) or --tui',
    )
  }
  const { Machine } = await import('../../../machine/machine.js')
  return await interruptible(async (signal) => {
    const machine = await Machine.boot({
      ...options,
      signal,
      onProgress: (sentence) => output.progress(sentence),
    })
    try {
      return await showConsole(machine, output, signal)
    } finally {
      await machine.close()
    }
  })
}
