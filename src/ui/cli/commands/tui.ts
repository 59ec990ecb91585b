import { CryoscopeError } from '../../../errors.js'
import type { Session } from '../../../session/session.js'
import { escapeText } from '../../../text.js'
import { defineCommand, required } from '../definition.js'
import { opening } from '../opening.js'
import type { Output } from '../output.js'
import { onlyProvenOption, targetHelp } from '../target.js'

interface Options {
  readonly theme?: string
  readonly mouse?: boolean
  readonly onlyProven?: boolean
}

const themeNames = ['dark', 'light', 'colour-blind', 'none'] as const
export type Theme = (typeof themeNames)[number]

export const tui = defineCommand<Options>({
  configure(command) {
    command
      .argument('<target>', targetHelp)
      .option('--theme <name>', `${themeNames.join(', ')} (NO_COLOR means none)`)
      .option('--no-mouse', 'leave the mouse to the terminal')
      .option(...onlyProvenOption)
      .addHelpText(
        'after',
        `
? shows every key. A guest stays as it is when the UI is left: frozen, or running. Keys, theme and mouse can be set in
$XDG_CONFIG_HOME/cryoscope/keys.json.`,
      )
  },
  async run(call) {
    const { output, options } = call
    const target = required(call, 0)
    requireTerminal(output)
    const theme = themeOf(options.theme)
    const session = await opened(target, options.onlyProven ?? false, output)
    try {
      // --no-mouse is the only word that is given; without it the user's file decides.
      await showTui(session, { theme, mouse: options.mouse === false ? false : undefined })
    } finally {
      await session.close()
    }
    return 0
  },
})

/** Finding the kernel takes its time where there is much memory: it is said meanwhile. */
async function opened(target: string, onlyProven: boolean, output: Output): Promise<Session> {
  const { open } = await import('../../../session/open.js')
  output.replaceProgress(`opening ${escapeText(target)} …`)
  try {
    return await open(target, { ...opening(), onlyProven })
  } finally {
    output.replaceProgress('')
  }
}

function themeOf(name: string | undefined): Theme | undefined {
  const found = themeNames.find((theme) => theme === name)
  if (name === undefined || found !== undefined) return found
  throw new CryoscopeError('usage', `--theme takes ${themeNames.join(', ')}, not "${name}"`)
}

/** Throws 'environment' where there is nobody to look. */
export function requireTerminal(output: Output): void {
  if (process.env.TERM === 'dumb') {
    throw new CryoscopeError(
      'environment',
      'the terminal UI needs a terminal that can place text (TERM is dumb); use the other commands, or the prompt: cryoscope repl TARGET',
    )
  }
  if (process.stdin.isTTY && output.isTerminal) return
  throw new CryoscopeError(
    'environment',
    'the terminal UI needs a terminal for input and output; without one, use the other commands, or repl with a script',
  )
}

/** Opens the terminal UI, and with it Ink and React, which no other command loads. */
export async function showTui(
  session: Session,
  options: { theme?: Theme | undefined; mouse?: boolean | undefined; tour?: boolean } = {},
): Promise<void> {
  const { openTui } = await import('../../tui/open-tui.js')
  await openTui(session, options)
}
