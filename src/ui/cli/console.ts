import type { Machine } from '../../machine/machine.js'
import { escapeText } from '../../text.js'
import type { Output } from './output.js'

/**
 * Prints the guest's console until the guest ends; the result is the exit code: 0 when it powered itself off, 1 when it
 * crashed. A terminal gets its control characters escaped, a file or pipe the bytes as they are.
 */
export async function showConsole(machine: Machine, output: Output, signal: AbortSignal): Promise<number> {
  try {
    for await (const text of machine.console.follow({ from: 'start', signal })) {
      await output.write(output.isTerminal ? text.replace(/[^\n\t]+/g, escapeText) : text)
    }
  } catch (error) {
    // Ctrl-C is how a person ends this.
    if (signal.aborted) return 0
    throw error
  }
  const { message } = await machine.ended
  if (/ powered off;/.test(message)) return 0
  output.note(message)
  return 1
}
