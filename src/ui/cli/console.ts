import type { Console } from '../../machine/console.js'
import { failureLine } from '../../machine/init-script.js'
import type { Machine } from '../../machine/machine.js'
import { escapeText } from '../../text.js'
import type { Output } from './output.js'

/**
 * Prints the guest's console until the guest ends; the result is the exit code: 0 when it powered itself off and no program
 * of --run or script failed, else 1.
 */
export async function showConsole(machine: Machine, output: Output, signal: AbortSignal): Promise<number> {
  await writeConsole(machine.console, output, signal)
  if (signal.aborted) return 0
  const { message } = await machine.ended
  const failure = failureLine.exec(machine.console.text())
  if (failure !== null) output.note(escapeText(`${failure[1]} ${failure[2]}`))
  const isOff = / powered off;/.test(message)
  if (!isOff) output.note(message)
  return isOff && failure === null ? 0 : 1
}

/** Writes a console as it comes. A terminal gets its control characters escaped, a file or pipe the bytes as they are. */
export async function writeConsole(console: Console, output: Output, signal: AbortSignal): Promise<void> {
  try {
    for await (const text of console.follow({ from: 'start', signal })) {
      await output.write(output.isTerminal ? text.replace(/[^\n\t]+/g, escapeText) : text)
    }
  } catch (error) {
    // Ctrl-C is how a person ends this.
    if (!signal.aborted) throw error
  }
}
