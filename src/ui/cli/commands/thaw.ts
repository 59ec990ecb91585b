import { jsonText } from '../../../contract/json.js'
import { defineCommand, required } from '../definition.js'
import { guestHelp, guestName } from '../target.js'

export const thaw = defineCommand<{ json?: boolean }>({
  configure(command) {
    command.argument('<guest>', guestHelp).option('--json', 'print one JSON document')
  },
  async run(call) {
    const { output, options } = call
    const { Machine } = await import('../../../machine/machine.js')
    const machine = await Machine.connect(guestName(required(call, 0)))
    try {
      await machine.thaw()
      const name = `@${machine.record.name}`
      await output.line(options.json ? jsonText({ name, state: machine.state }) : `${name} ${machine.state}`)
    } finally {
      await machine.close()
    }
    return 0
  },
})
