import type { Kernel } from '../../../kernel/kernel.js'
import type { Problems } from '../../../problems.js'
import { named, type Unnamed } from './named-object.js'
import { nameProgram, type ProgramName } from './program.js'
import { nameTask, type TaskName } from './task.js'

/** Where a cpumap sends packets: a kernel thread bound to a CPU. */
export interface CpuName {
  readonly kind: 'cpu'
  readonly address: bigint
  readonly cpu: number
  /** Packets that its queue holds at most. */
  readonly queueSize: number
  readonly thread: TaskName | Unnamed | undefined
  /** Runs on the packets there. */
  readonly program: ProgramName | Unnamed | undefined
}

/** A struct bpf_cpu_map_entry (kernel/bpf/cpumap.c). */
export function nameCpu(kernel: Kernel, address: bigint, problems: Problems): CpuName | Unnamed {
  return named('cpu', address, () => {
    const entry = kernel.struct('bpf_cpu_map_entry', address)
    const thread = entry.pointer('kthread')
    const program = entry.pointer('prog')
    return {
      kind: 'cpu',
      address,
      cpu: entry.number('cpu'),
      queueSize: entry.number('value.qsize'),
      thread: thread === 0n ? undefined : nameTask(kernel, thread),
      program: program === 0n ? undefined : nameProgram(kernel, program, problems),
    }
  })
}
