import { CryoscopeError } from '../../../errors.js'
import { defineCommand, required } from '../definition.js'
import { interruptible } from '../interruptible.js'
import { parseWhole } from '../numbers.js'
import { guestHelp, guestName } from '../target.js'
import { printStop } from './freeze.js'

export const step = defineCommand<{ vcpu?: string; count?: string; json?: boolean }>({
  configure(command) {
    command
      .argument('<guest>', guestHelp)
      .option('--vcpu <n>', 'the vCPU that moves; the others stand still')
      .option('--count <k>', 'instructions to execute', '1')
      .option('--json', 'print one JSON document')
  },
  async run(call) {
    const { output, options } = call
    if (options.vcpu === undefined)
      throw new CryoscopeError('usage', 'step needs to know which vCPU: --vcpu N')
    const cpu = parseWhole(options.vcpu, '--vcpu')
    const count = parseWhole(options.count ?? '1', '--count', 1)
    const guest = guestName(required(call, 0))
    const { connect } = await import('../../../session/guest.js')
    const session = await connect(guest)
    try {
      const { machine } = session
      if (machine === undefined) throw new CryoscopeError('usage', `${guest} cannot be stepped`)
      const stop = await interruptible((signal) =>
        machine.step(cpu, count, { signal, onHalted: (sentence) => output.progress(sentence) }),
      )
      const steps = stop.reason === 'step' ? stop.steps : 0
      const note = stop.reason === 'step' ? stop.note : undefined
      await printStop(output, session, {
        json: options.json ?? false,
        head: `frozen after ${steps} ${steps === 1 ? 'instruction' : 'instructions'} of vCPU ${cpu}`,
        facts: { cpu, steps, ...(note === undefined ? {} : { note }) },
      })
      if (note !== undefined) output.note(note)
    } finally {
      await session.close()
    }
    return 0
  },
})
