import { defineCommand, required } from '../definition.js'
import { guestHelp, guestName } from '../target.js'
import { printStop } from './freeze.js'

export const restore = defineCommand<{ json?: boolean }>({
  configure(command) {
    command
      .argument('<guest>', guestHelp)
      .argument('<name>', 'a checkpoint of this guest (cryoscope checkpoints)')
      .option('--json', 'print one JSON document')
  },
  async run(call) {
    const { output, options } = call
    const { connect } = await import('../../../session/guest.js')
    const session = await connect(guestName(required(call, 0)))
    try {
      output.replaceProgress(`bringing ${session.target.name} back`)
      const { name, created } = await session.restore(required(call, 1))
      output.replaceProgress('')
      await printStop(output, session, {
        json: options.json ?? false,
        head: `frozen as it was at checkpoint ${name}`,
        facts: { checkpoint: name, created },
      })
    } finally {
      output.replaceProgress('')
      await session.close()
    }
    return 0
  },
})
