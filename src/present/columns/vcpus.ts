import type { Vcpu } from '../../session/vcpu.js'
import { type Column, numberColumn, taskText } from './column.js'

export const vcpuColumns: readonly Column<Vcpu>[] = [
  numberColumn('vcpu', 'VCPU', ({ index }) => index),
  numberColumn('cpu', 'CPU', ({ cpu }) => cpu),
  { key: 'where', title: 'WHERE', cell: placeText },
  { key: 'task', title: 'TASK', cell: ({ task }) => taskText(task) },
  { key: 'state', title: 'STATE', cell: ({ halted }) => (halted === true ? 'halted' : '-') },
  {
    key: 'rip',
    title: 'ADDRESS',
    rigid: true,
    cell: ({ rip }) => `0x${rip.toString(16)}`,
    sort: ({ rip }) => rip,
  },
]

/** "vCPU 4", and where they differ which CPU of Linux that is: "vCPU 4 (CPU 3)". */
export function vcpuName({ index, cpu, identity }: Pick<Vcpu, 'index' | 'cpu' | 'identity'>): string {
  if (cpu === index || identity === undefined) return `vCPU ${index}`
  return `vCPU ${index} (${cpu === undefined ? 'CPU unknown' : `CPU ${cpu}`})`
}

/** "default_idle+0xb", or the address where no symbol covers it. */
export function placeText({ where, rip, privilege }: Pick<Vcpu, 'where' | 'rip' | 'privilege'>): string {
  return where ?? `0x${rip.toString(16)}${privilege === 3 ? ' in user code' : ''}`
}
