import type { Command } from 'commander'
import { CryoscopeError } from '../../../errors.js'
import { guestArchitectures } from '../../../machine/architecture.js'
import type { BootOptions } from '../../../machine/options.js'
import { addGuestOptions, type GuestWords, oneOf } from '../boot-words.js'
import { showConsole } from '../console.js'
import { defineCommand } from '../definition.js'
import { interruptible } from '../interruptible.js'
import type { Output } from '../output.js'
import { addProgramOptions, type ProgramWords, programOptions } from '../record-words.js'
import { runsPreparer } from '../run-words.js'
import { codeOnStdin } from './repl.js'
import { requireTerminal, showTui } from './tui.js'

interface Options extends GuestWords, ProgramWords {
  readonly arch?: string
  readonly name?: string
  readonly detach?: string | true
  readonly repl?: boolean
  readonly tui?: boolean
}

export const boot = defineCommand<Options>({
  configure,
  prepare: runsPreparer(configure),
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
  addProgramOptions(command)
  addGuestOptions(command)
  command
    .option('--arch <kind>', 'amd64 or arm64 (default amd64; a kernel given by its path is what it is)')
    .option('--name <name>', 'what the guest is called (default vm1, vm2, …)')
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

function readOptions(options: Options): BootOptions {
  const name = typeof options.detach === 'string' ? options.detach : options.name
  if (options.name !== undefined && options.name !== name) {
    throw new CryoscopeError('usage', `--detach=${name} and --name ${options.name} differ: give one of them`)
  }
  return {
    ...programOptions(options),
    ...(options.arch === undefined ? {} : { arch: oneOf(options.arch, '--arch', guestArchitectures) }),
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
