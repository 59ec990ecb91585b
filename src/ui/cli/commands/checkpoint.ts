import { checkpointJson } from '../../../contract/guests.js'
import { jsonText } from '../../../contract/json.js'
import { durationText, sizeText } from '../../../units.js'
import { defineCommand, required } from '../definition.js'
import { guestHelp, guestName } from '../target.js'

export const checkpoint = defineCommand<{ json?: boolean; replace?: boolean }>({
  configure(command) {
    command
      .argument('<guest>', guestHelp)
      .argument('[name]', 'what it is called; the first free of c1, c2, … unless told')
      .option('--replace', 'take the place of a checkpoint that has the name already')
      .option('--json', 'print one JSON document')
  },
  async run(call) {
    const { output, options } = call
    const guest = guestName(required(call, 0))
    const { Machine } = await import('../../../machine/machine.js')
    const machine = await Machine.connect(guest)
    const start = performance.now()
    try {
      output.replaceProgress(`saving the state of ${guest}`)
      const saved = await machine.checkpoint(call.args[1], { replace: options.replace ?? false })
      output.replaceProgress('')
      if (options.json) await output.line(jsonText(checkpointJson(saved)))
      else {
        const time = durationText(performance.now() - start)
        await output.line(
          `${saved.name}: ${sizeText(saved.bytes)} in ${time}; cryoscope restore ${guest} ${saved.name} brings it back`,
        )
      }
    } finally {
      output.replaceProgress('')
      await machine.close()
    }
    return 0
  },
})
