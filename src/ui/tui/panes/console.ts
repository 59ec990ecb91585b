import { formatLog } from '../../../kernel/dmesg.js'
import { escapeText } from '../../../text.js'
import type { Desk } from '../model/desk.js'
import type { View } from '../model/view.js'
import { textContent } from './text-content.js'

const linesKept = 5000

/** What the guest wrote to its serial console; of a dump, the kernel log in its memory. */
export function consoleView({ vm }: Desk): View {
  const console = vm.machine?.console ?? vm.target.record?.console
  if (console?.path !== undefined) {
    return {
      title: 'Console',
      restless: true,
      load: () =>
        textContent('console', lastLines(console.text()), {
          empty: 'The guest has written nothing to its console yet.',
        }),
    }
  }
  return {
    title: 'Kernel log',
    load: () =>
      textContent('log', lastLines(formatLog(vm.dmesg)), {
        empty: 'The kernel log is empty.',
        toneOf: (line) => (/\b(BUG|WARNING|panic|Oops|error)\b/i.test(line) ? 'warning' : undefined),
      }),
  }
}

function lastLines(text: string): string[] {
  return (
    text
      .trimEnd()
      .split('\n')
      .slice(-linesKept)
      // Consoles carry colours; what is left of them is shown as text, not acted on.
      // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences start with one
      .map((line) => escapeText(line.replace(/\x1b\[[0-9;]*m/g, '').replaceAll('\t', '        ')))
  )
}
