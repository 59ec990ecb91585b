import { jsonText } from '../../../contract/json.js'
import { stackJson } from '../../../contract/stacks.js'
import { CryoscopeError } from '../../../errors.js'
import { stackLines } from '../../../present/columns/stacks.js'
import type { Session } from '../../../session/session.js'
import type { Vcpu } from '../../../session/vcpu.js'
import { escapeText } from '../../../text.js'
import { defineCommand, required } from '../definition.js'
import { parseWhole } from '../numbers.js'
import { noteProblems, targetHelp, withTarget } from '../target.js'
import { vcpuLine } from './vcpus.js'

export const stack = defineCommand<{ json?: boolean }>({
  configure(command) {
    command
      .argument('<target>', targetHelp)
      .argument('[pid]', 'of this task; without it, of what every vCPU runs')
      .option('--json', 'print one JSON document')
      .addHelpText(
        'after',
        `
A frame behind which stands a ? was found on the stack, or lies behind code without unwind tables.`,
      )
  },
  async run(call) {
    const { output, options } = call
    const pid = call.args[1] === undefined ? undefined : parseWhole(call.args[1], 'PID')
    await withTarget(required(call, 0), output, async (session) => {
      if (pid !== undefined) {
        const found = session.stack(pid)
        await output.line(options.json ? jsonText(stackJson(found)) : stackLines(found, '').join('\n'))
      } else if (options.json) {
        await output.line(
          jsonText(
            vcpusOf(session).map((vcpu) => {
              const { stack: found, ...rest } = stackOf(vcpu)
              return {
                index: vcpu.index,
                cpu: vcpu.cpu ?? null,
                stack: found === null ? null : stackJson(found),
                ...rest,
              }
            }),
          ),
        )
      } else {
        const blocks = vcpusOf(session).map((vcpu) => {
          const { stack: found, problem } = stackOf(vcpu)
          const said =
            found === null
              ? [escapeText(problem ?? 'in user space: the kernel has no stack of it')]
              : stackLines(found, '')
          return [output.bold(vcpuLine(vcpu)), ...said.map((line) => `  ${line}`)].join('\n')
        })
        await output.line(blocks.join('\n\n'))
      }
      noteProblems(output, session.problems)
    })
    return 0
  },
})

function vcpusOf(session: Session): readonly Vcpu[] {
  const { vcpus } = session
  if (vcpus.length > 0) return vcpus
  throw new CryoscopeError(
    'not-found',
    `${session.target.name} has no registers of its vCPUs; name a task by its pid`,
  )
}

/** Null in user space, and where it cannot be read, with the reason. */
function stackOf(vcpu: Vcpu): { stack: NonNullable<Vcpu['stack']> | null; problem?: string } {
  try {
    return { stack: vcpu.stack ?? null }
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    return { stack: null, problem: error.message }
  }
}
