import { type Command, Option } from 'commander'
import { CryoscopeError } from '../../errors.js'
import type { KernelChoice } from '../../kernel/kernels.js'
import type { DumpFileOptions } from '../../session/open.js'

/** Arguments that name what is opened. */
const openedArguments = new Set(['target', 'before', 'after', 'object'])

interface Words {
  readonly kernelAt?: string
  readonly layout?: string
}

let words: Words = {}

/** Gives a command that opens a target the options that say how. */
export function addOpeningOptions(command: Command): void {
  if (!command.registeredArguments.some((argument) => openedArguments.has(argument.name()))) return
  command
    .addOption(
      new Option(
        '--kernel-at <which>',
        'which kernel, where two are in memory: crashed, capture, or the address of its VMCOREINFO note (info)',
      ),
    )
    .addOption(
      new Option(
        '--layout <segments>',
        'where RAM lies, for dumps that do not say: PHYSICAL:OFFSET:LENGTH,…, q35, pc, virt or flat',
      ),
    )
}

/** Remembers what the words of this process say. */
export function setOpening(options: Words): void {
  words = options
}

/** How this process opens targets. */
export function opening(): DumpFileOptions {
  const { kernelAt, layout } = words
  return { kernelAt: kernelAt === undefined ? undefined : parseChoice(kernelAt), layout }
}

/** The same as words of a command line, for a process of ours that opens the target anew. */
export function openingWords(): string[] {
  const { kernelAt, layout } = words
  return [
    ...(kernelAt === undefined ? [] : ['--kernel-at', kernelAt]),
    ...(layout === undefined ? [] : ['--layout', layout]),
  ]
}

function parseChoice(word: string): KernelChoice {
  if (word === 'crashed' || word === 'capture') return word
  const address = /^(0x[0-9a-f]+|\d+)$/i.test(word) ? Number(word) : Number.NaN
  if (Number.isSafeInteger(address)) return address
  throw new CryoscopeError('usage', `--kernel-at takes crashed, capture or an address, not "${word}"`)
}
