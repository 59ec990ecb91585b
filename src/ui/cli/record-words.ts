import type { Command } from 'commander'
import { CryoscopeError } from '../../errors.js'
import type { BootOptions } from '../../machine/options.js'
import { escapeText } from '../../text.js'
import { type GuestWords, guestOptions } from './boot-words.js'

/** What commands that start deterministic guests take besides the options of every guest. */
export interface ProgramWords {
  readonly demo?: boolean
  readonly file?: readonly string[]
  readonly script?: string
  readonly waitFor?: string
  readonly runs?: string
}

export function addProgramOptions(command: Command): void {
  command
    .option('--demo', 'the demo guest')
    .option('--run <words...>', 'start a program of this machine in the guest (as boot does)')
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
export function parseDuration(text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(text) ?? []
  const number = Number(digits) * (unit === 's' ? 1000 : 1)
  if (number > 0) return number
  throw new CryoscopeError('usage', `--for takes a time such as 500ms or 5s, not "${escapeText(text)}"`)
}
