import { jsonText } from '../../../contract/json.js'
import { cpuJson } from '../../../contract/vcpus.js'
import { quietly } from '../../../errors.js'
import type { Task } from '../../../kernel/tasks.js'
import { placeText, vcpuName } from '../../../present/columns/vcpus.js'
import { cpuText } from '../../../session/cpus.js'
import type { Vcpu } from '../../../session/vcpu.js'
import { escapeText } from '../../../text.js'
import { defineCommand, required } from '../definition.js'
import { noteProblems, targetHelp, withTarget } from '../target.js'

export const vcpus = defineCommand<{ json?: boolean }>({
  configure(command) {
    command.argument('<target>', targetHelp).option('--json', 'print one JSON document')
  },
  async run(call) {
    const { output, options } = call
    await withTarget(required(call, 0), output, async (session) => {
      const found = session.vcpus
      // A target without a kernel that can be found has registers all the same.
      const without = (quietly(() => session.cpus) ?? []).filter(({ vcpu }) => vcpu === undefined)
      if (options.json) await output.line(jsonText([...found, ...without.map(cpuJson)]))
      else {
        const blocks = found.map((vcpu) => {
          const [head = '', ...registers] = vcpuLines(vcpu, output.columns)
          return [output.bold(head), ...identityLines(vcpu), ...registers].join('\n')
        })
        const rest = without.map(cpuText).join('\n')
        await output.line([...blocks, ...(rest === '' ? [] : [rest])].join('\n\n'))
        noteProblems(output, quietly(() => session.cpuProblems) ?? [])
      }
    })
    return 0
  },
})

/** How it is known which CPU a vCPU is, where that is not plain. */
function identityLines({ index, cpu, identity }: Vcpu): string[] {
  if (identity === undefined || cpu === index) return []
  return [`  ${escapeText(identity.problem ?? identity.evidence.join('; '))}`]
}

/** One line that says where a vCPU stands: "vCPU 0  default_idle+0xb, swapper/0 (pid 0), halted". */
export function vcpuLine(vcpu: Vcpu): string {
  const parts = [placeText(vcpu), taskText(vcpu.task), ...(vcpu.halted === true ? ['halted'] : [])]
  return escapeText(`${vcpuName(vcpu)}  ${parts.join(', ')}`)
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
