import { CryoscopeError } from '../../../errors.js'
import { defineCommand, required } from '../definition.js'
import { interruptible } from '../interruptible.js'
import { parsePositive } from '../numbers.js'
import { guestHelp, guestName } from '../target.js'
import { printStop } from './freeze.js'

export const advance = defineCommand<{ ms?: string; us?: string; json?: boolean }>({
  configure(command) {
    command
      .argument('<guest>', guestHelp)
      .option('--ms <n>', 'milliseconds to run')
      .option('--us <n>', 'microseconds to run')
      .option('--json', 'print one JSON document')
  },
  async run(call) {
    const { output, options } = call
    if ((options.ms === undefined) === (options.us === undefined)) {
      throw new CryoscopeError('usage', 'advance takes a time: --ms N, or --us N')
    }
    const us =
      options.us === undefined
        ? parsePositive(options.ms ?? '', '--ms') * 1000
        : parsePositive(options.us, '--us')
    const guest = guestName(required(call, 0))
    const { connect } = await import('../../../session/guest.js')
    const session = await connect(guest)
    try {
      const stop = await interruptible((signal) => session.advance({ us }, { signal }))
      const elapsed = stop.elapsedMicroseconds
      await printStop(output, session, {
        json: options.json ?? false,
        head: elapsed === undefined ? 'frozen' : `frozen after ${(elapsed / 1000).toFixed(3)} ms`,
        facts: { elapsedMicroseconds: elapsed ?? null },
      })
    } finally {
      await session.close()
    }
    return 0
  },
})
