import { infoPairs } from '../../../present/info.js'
import { pairLines } from '../../../present/text/lines.js'
import { describeTarget } from '../../../session/info.js'
import type { Session } from '../../../session/session.js'
import { durationText } from '../../../units.js'
import { demoGuest } from '../../demo-guest.js'
import { addGuestOptions, type GuestWords, guestOptions } from '../boot-words.js'
import { defineCommand } from '../definition.js'
import { interruptible } from '../interruptible.js'
import { printMap } from '../map-view.js'
import type { Output } from '../output.js'
import { noteProblems } from '../target.js'
import { tour } from '../tour.js'
import { printMaps } from './maps.js'
import { codeOnStdin } from './repl.js'
import { showTui } from './tui.js'

/** The typed map that is shown where nobody is there to ask for one. */
const shownMap = 'pid_stats'
const shownEntries = 3

interface Options extends GuestWords {
  readonly repl?: boolean
}

export const demo = defineCommand<Options>({
  configure(command) {
    addGuestOptions(command)
    command.option('--repl', 'open a prompt instead of the terminal UI, or evaluate the script on stdin')
    command.addHelpText(
      'after',
      `
Boots a stock kernel with the example scheduler of examples/scx_demo and a load, waits until all runs, freezes it and
opens the terminal UI with a short tour. Without a terminal and a script it prints one typed map instead and stops the guest.`,
    )
  },
  async run({ options, output }) {
    const wanted = await interruptible((signal) =>
      demoGuest({ ...guestOptions(options), signal, onProgress: (sentence) => output.progress(sentence) }),
    )
    const guest = await import('../../../session/guest.js')
    const code = options.repl === true ? await codeOnStdin() : undefined
    const start = performance.now()
    output.progress(`booting kernel ${wanted.kernel ?? '(the default one)'} with the demo scheduler`)
    const session = await interruptible((signal) => guest.boot({ ...wanted, signal }))
    try {
      const isTerminal = process.stdin.isTTY === true && output.isTerminal
      if (isTerminal && !options.repl) {
        output.progress(`the demo runs after ${durationText(performance.now() - start)}; freezing it`)
        await interruptible(() => session.freeze())
        await showTui(session, { tour: true })
        return 0
      }
      if (code !== undefined && code.trim() !== '') {
        const { evaluateAndPrint } = await import('../../repl/evaluate.js')
        await interruptible(() => session.freeze())
        return await evaluateAndPrint(session, code, { json: false, output })
      }
      await interruptible(() => showFrozen(session, output, start))
      if (isTerminal) {
        const { openPrompt } = await import('../../repl/prompt.js')
        await openPrompt(session, tour)
      } else {
        await output.line('')
        await printMap(output, session.map(shownMap), { key: undefined, limit: shownEntries })
      }
    } finally {
      await session.close()
    }
    return 0
  },
})

async function showFrozen(session: Session, output: Output, start: number): Promise<void> {
  output.progress(`the demo runs after ${durationText(performance.now() - start)}; freezing it`)
  await session.freeze()
  const found = describeTarget(session, performance.now())
  await output.line(pairLines(infoPairs(found), output.columns).join('\n'))
  await output.line('')
  await printMaps(output, session)
  noteProblems(output, session.problems)
}
