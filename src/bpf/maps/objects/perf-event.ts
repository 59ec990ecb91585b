import type { Kernel } from '../../../kernel/kernel.js'
import { named, type Unnamed } from './named-object.js'
import { nameTask, type TaskName } from './task.js'

export interface PerfEventName {
  readonly kind: 'perf_event'
  readonly address: bigint
  /** "software", "hardware", "tracepoint" …; a number for a PMU of its own. */
  readonly type: string
  /** Of software and hardware events the name: "bpf_output", "cpu_cycles"; else 0x text. */
  readonly config: string
  /** -1: any. */
  readonly cpu: number
  /** The task it counts for; undefined when it counts for all. */
  readonly task: TaskName | Unnamed | undefined
}

/** A struct perf_event (include/linux/perf_event.h). */
export function namePerfEvent(kernel: Kernel, address: bigint): PerfEventName | Unnamed {
  return named('perf_event', address, () => {
    const event = kernel.struct('perf_event', address)
    const number = event.number('attr.type')
    const type = kernel.enumName('perf_type_id', number, 'PERF_TYPE_')?.toLowerCase() ?? String(number)
    const config = event.integer('attr.config')
    const task = event.has('hw.target') ? event.pointer('hw.target') : 0n
    return {
      kind: 'perf_event',
      address,
      type,
      config: configName(kernel, type, config) ?? `0x${config.toString(16)}`,
      cpu: event.number('cpu'),
      task: task === 0n ? undefined : nameTask(kernel, task),
    }
  })
}

function configName(kernel: Kernel, type: string, config: bigint): string | undefined {
  const [enumeration, prefix] =
    type === 'software'
      ? ['perf_sw_ids', 'PERF_COUNT_SW_']
      : type === 'hardware'
        ? ['perf_hw_id', 'PERF_COUNT_HW_']
        : [undefined, '']
  if (enumeration === undefined) return undefined
  return kernel.enumName(enumeration, Number(config), prefix)?.toLowerCase()
}
