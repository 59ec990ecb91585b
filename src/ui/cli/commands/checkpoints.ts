import { checkpointJson } from '../../../contract/guests.js'
import { jsonText } from '../../../contract/json.js'
import { escapeText } from '../../../text.js'
import { durationText, sizeText } from '../../../units.js'
import { defineCommand, required } from '../definition.js'
import { printTable } from '../table.js'
import { guestHelp, guestName } from '../target.js'

export const checkpoints = defineCommand<{ json?: boolean; delete?: string }>({
  configure(command) {
    command
      .argument('<guest>', guestHelp)
      .option('--delete <name>', 'delete one first')
      .option('--json', 'print one JSON document')
  },
  async run(call) {
    const { output, options } = call
    const guest = guestName(required(call, 0))
    const { Machine } = await import('../../../machine/machine.js')
    const machine = await Machine.connect(guest)
    try {
      if (options.delete !== undefined) await machine.deleteCheckpoint(options.delete)
      const found = await machine.checkpoints()
      if (options.json) await output.line(jsonText(found.map(checkpointJson)))
      else if (found.length === 0) {
        output.note(`${guest} has no checkpoint; cryoscope checkpoint ${guest} NAME makes one`)
      } else {
        await printTable(
          output,
          [
            { title: 'NAME', rigid: true },
            { title: 'AGE', align: 'right', rigid: true },
            { title: 'GUEST RAN', align: 'right', rigid: true },
            { title: 'SIZE', align: 'right', rigid: true },
          ],
          found.map(({ name, created, guestMilliseconds, bytes }) =>
            [
              name,
              durationText(Math.max(0, Date.now() - Date.parse(created))),
              durationText(guestMilliseconds),
              sizeText(bytes),
            ].map(escapeText),
          ),
        )
      }
    } finally {
      await machine.close()
    }
    return 0
  },
})
