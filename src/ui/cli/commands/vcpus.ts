import { jsonText } from '../../../contract/json.js'
import type { Task } from '../../../kernel/tasks.js'
import { placeText } from '../../../present/columns/vcpus.js'
import type { Vcpu } from '../../../session/vcpu.js'
import { escapeText } from '../../../text.js'
import { defineCommand, required } from '../definition.js'
import { targetHelp, withTarget } from '../target.js'

export const vcpus = defineCommand<{ json?: boolean }>({
  configure(command) {
    command.argument('<target>', targetHelp).option('--json', 'print one JSON document')
  },
  async run(call) {
    const { output, options } = call
    await withTarget(required(call, 0), output, async (session) => {
      const found = session.vcpus
      if (options.json) await output.line(jsonText(found))
      else {
        const blocks = found.map((vcpu) => {
          const [head = '', ...registers] = vcpuLines(vcpu, output.columns)
          return [output.bold(head), ...registers].join('\n')
        })
        await output.line(blocks.join('\n\n'))
      }
    })
    return 0
  },
})

/** One line that says where a vCPU stands: "vCPU 0  default_idle+0xb, swapper/0 (pid 0), halted". */
export function vcpuLine(vcpu: Vcpu): string {
  const parts = [placeText(vcpu), taskText(vcpu.task), ...(vcpu.halted === true ? ['halted'] : [])]
  return escapeText(`vCPU ${vcpu.cpu}  ${parts.join(', ')}`)
}

function taskText(task: Task | undefined): string {
  return task === undefined ? 'task unknown' : `${task.name} (pid ${task.pid})`
}

const nameWidth = 'k_gs_base'.length
const cellWidth = nameWidth + ' 0x0123456789abcdef'.length + 2

function vcpuLines(vcpu: Vcpu, width: number): string[] {
  const cells = Object.entries(vcpu.registers).map(([name, value]) => {
    const text = value === undefined ? 'not known' : `0x${value.toString(16).padStart(16, '0')}`
    return `${name.padEnd(nameWidth)} ${text}`.padEnd(cellWidth)
  })
  const perLine = Math.max(1, Math.floor((width - 2) / cellWidth))
  const lines: string[] = [vcpuLine(vcpu)]
  for (let at = 0; at < cells.length; at += perLine) {
    lines.push(`  ${cells.slice(at, at + perLine).join('')}`.trimEnd())
  }
  return lines
}
