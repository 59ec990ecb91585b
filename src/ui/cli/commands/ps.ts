import { guestJson } from '../../../contract/guests.js'
import { jsonText } from '../../../contract/json.js'
import { escapeText } from '../../../text.js'
import { durationText, sizeText } from '../../../units.js'
import { defineCommand } from '../definition.js'
import { guestState } from '../guest-state.js'
import { printTable } from '../table.js'

export const ps = defineCommand<{ json?: boolean }>({
  configure(command) {
    command.option('--json', 'print one JSON document')
  },
  async run({ output, options }) {
    const { Registry } = await import('../../../machine/registry.js')
    const guests = await Promise.all(
      new Registry()
        .list()
        .map(async ({ path, record }) =>
          guestJson(
            record,
            record.state === 'starting'
              ? 'starting'
              : record.qemu === null
                ? 'unknown'
                : await guestState(path, record.qemu.pid),
          ),
        ),
    )
    if (options.json) await output.line(jsonText(guests))
    else if (guests.length === 0) output.note('no guest is running; "cryoscope boot --detach" starts one')
    else {
      await printTable(
        output,
        [
          { title: 'NAME', rigid: true },
          { title: 'STATE', rigid: true },
          { title: 'KERNEL' },
          { title: 'ON', rigid: true },
          { title: 'CPUS', align: 'right', rigid: true },
          { title: 'MEMORY', align: 'right', rigid: true },
          { title: 'UP', align: 'right', rigid: true },
          { title: 'OWNER', rigid: true },
        ],
        guests.map((guest) =>
          [
            guest.name,
            guest.state,
            guest.kernel,
            guest.accelerator,
            String(guest.cpus),
            sizeText(guest.memoryBytes),
            durationText(Math.max(0, Date.now() - Date.parse(guest.created))),
            guest.owner === null ? '-' : `process ${guest.owner}`,
          ].map(escapeText),
        ),
      )
    }
    return 0
  },
})
