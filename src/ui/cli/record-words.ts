import { type Command, Option } from 'commander'
import { CryoscopeError } from '../../errors.js'
import type { BootOptions } from '../../machine/options.js'
import { escapeText } from '../../text.js'
import { demoGuest } from '../demo-guest.js'
import { addGuestOptions, type GuestWords, guestOptions } from './boot-words.js'

/** What commands that start guests with programs in them take besides the options of every guest. */
export interface ProgramWords {
  readonly file?: readonly string[]
  readonly script?: string
  readonly waitFor?: string
  readonly runs?: string
}

/** What commands take that start a deterministic guest and let it run for a while. */
export interface RunOptionWords extends GuestWords, ProgramWords {
  readonly for?: string
  /** The demo in place of programs. */
  readonly demo?: boolean
}

const usualMilliseconds = 2000

/** `how` begins the help of `--for`: "how long to run". */
export function addRunOptions(command: Command, how: string): void {
  command
    .option(
      '--for <time>',
      `${how} when the guest is ready, by the guest's clock: 500ms, 5s (default ${usualMilliseconds / 1000}s)`,
    )
    .option('--demo', 'the demo guest')
  addProgramOptions(command)
  addGuestOptions(command)
}

/** The guest that those words mean. */
export async function runGuest(options: RunOptionWords, more: BootOptions): Promise<BootOptions> {
  const wanted = { ...programOptions(options), ...more }
  return options.demo ? await demoGuest(wanted) : wanted
}

export function runMilliseconds(options: RunOptionWords): number {
  return options.for === undefined ? usualMilliseconds : parseDuration(options.for)
}

export function addProgramOptions(command: Command): void {
  command
    .option(
      '--run <words...>',
      'start a program of this machine in the guest, with arguments and the libraries it needs (may be repeated)',
    )
    .addOption(new Option('--runs <json>').hideHelp())
    .option('--file <host:guest>', 'copy a file or directory into the guest (may be repeated)', collect)
    .option('--script <file>', "run this script last in the guest's init")
    .option('--wait-for <text>', 'the guest is ready when its console shows this')
}

function collect(word: string, before: readonly string[] = []): string[] {
  return [...before, word]
}

export function programOptions(options: GuestWords & ProgramWords): BootOptions {
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
export function parseDuration(text: string, option = '--for'): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(us|ms|s)$/.exec(text) ?? []
  const number = Number(digits) * ({ us: 1e-3, s: 1e3 }[unit ?? ''] ?? 1)
  if (number > 0) return number
  throw new CryoscopeError('usage', `${option} takes a time such as 500ms or 5s, not "${escapeText(text)}"`)
}
