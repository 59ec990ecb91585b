import { stopJson } from '../../../contract/guests.js'
import { jsonText } from '../../../contract/json.js'
import type { Session } from '../../../session/session.js'
import { defineCommand, required } from '../definition.js'
import type { Output } from '../output.js'
import { guestHelp, guestName } from '../target.js'
import { vcpuLine } from './vcpus.js'

export const freeze = defineCommand<{ json?: boolean }>({
  configure(command) {
    command.argument('<guest>', guestHelp).option('--json', 'print one JSON document')
  },
  async run(call) {
    const { connect } = await import('../../../session/guest.js')
    const session = await connect(guestName(required(call, 0)))
    try {
      await session.freeze()
      await printStop(call.output, session, { json: call.options.json ?? false, head: 'frozen', facts: {} })
    } finally {
      await session.close()
    }
    return 0
  },
})

/** What is shown of a stop: a word about it, facts for JSON, and where every vCPU stands. */
export async function printStop(
  output: Output,
  session: Session,
  { json, head, facts }: { json: boolean; head: string; facts: Readonly<Record<string, unknown>> },
): Promise<void> {
  const { name } = session.target
  // Another program that waited in line may have let it run again.
  const found = session.state === 'running' ? [] : session.vcpus
  if (session.state === 'running') output.note(`${name} runs again: another program has let it`)
  if (json) {
    await output.line(jsonText(stopJson(session, facts)))
    return
  }
  await output.line([`${name} ${head}`, ...found.map((vcpu) => `  ${vcpuLine(vcpu)}`)].join('\n'))
}
